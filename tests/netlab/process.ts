/** A program that runs inside a lab, and what it printed. */

import { TextLineStream } from "@std/streams/text-line-stream";
import { toText } from "@std/streams/to-text";

/** How a program ended. */
export interface RunResult {
  /** Exit status; 128 and the signal's number where a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run a program in a lab. */
export interface RunOptions {
  /** `ordinary` is a user without a name, a home or a privilege. Default `root`. */
  readonly user?: "root" | "ordinary";
  readonly env?: Readonly<Record<string, string>>;
  /** Written to its standard input, which is then closed. Default: an empty one. */
  readonly stdin?: string;
  /** Its standard input stays open until {@linkcode LabProcess.closeStdin}. */
  readonly holdStdin?: boolean;
  /** It is killed, and the test fails, when it runs longer. Default 60,000. */
  readonly timeoutMs?: number;
}

/** No colours, no translations, no packets of Deno's own. */
const QUIET = { NO_COLOR: "1", LC_ALL: "C", DENO_NO_UPDATE_CHECK: "1" };

/** A program that was started. Disposing of it kills it where it still runs. */
export class LabProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #title: string;
  readonly #lines: string[] = [];
  readonly #finished: Promise<RunResult>;
  #timedOut = false;
  #ended = false;
  #changed = Promise.withResolvers<void>();

  constructor(command: readonly string[], options: RunOptions = {}) {
    this.#title = command.join(" ");
    this.#child = new Deno.Command(command[0]!, {
      args: command.slice(1),
      stdin: options.stdin !== undefined || options.holdStdin
        ? "piped"
        : "null",
      stdout: "piped",
      stderr: "piped",
      env: { ...QUIET, ...options.env },
    }).spawn();
    this.#finished = this.#follow(options);
    this.#finished.catch(() => {}); // whoever awaits it sees the failure
  }

  get pid(): number {
    return this.#child.pid;
  }

  async #follow(options: RunOptions): Promise<RunResult> {
    const timer = setTimeout(() => {
      this.#timedOut = true;
      this.kill("SIGKILL");
    }, options.timeoutMs ?? 60_000);
    try {
      const [status, stderr] = await Promise.all([
        this.#child.status,
        toText(this.#child.stderr),
        this.#readLines(),
        options.stdin === undefined ? undefined : this.#feed(options.stdin),
      ]);
      const result: RunResult = {
        code: status.code,
        stdout: this.#lines.map((line) => line + "\n").join(""),
        stderr,
      };
      if (this.#timedOut) {
        throw new Error(
          `Ran too long and was killed: ${this.#title}\n${result.stdout}${stderr}`,
        );
      }
      return result;
    } finally {
      clearTimeout(timer);
      this.#ended = true;
      this.#changed.resolve();
    }
  }

  async #readLines(): Promise<void> {
    const lines = this.#child.stdout
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream());
    for await (const line of lines) {
      this.#lines.push(line);
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    }
  }

  async #feed(text: string): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  }

  /** Ends the standard input that was held open. */
  async closeStdin(): Promise<void> {
    await this.#child.stdin.close();
  }

  /** The lines of standard output, from the first one, as they come. */
  async *lines(): AsyncGenerator<string> {
    for (let next = 0;; next++) {
      while (next >= this.#lines.length) {
        if (this.#ended) return;
        await this.#changed.promise;
      }
      yield this.#lines[next]!;
    }
  }

  /**
   * The first line, from the start of the output on, that `accept` accepts.
   *
   * @throws {Error} when the program ends without one
   */
  async line(accept: (line: string) => boolean): Promise<string> {
    for await (const line of this.lines()) {
      if (accept(line)) return line;
    }
    const { code, stdout, stderr } = await this.finish();
    throw new Error(
      `Ended with ${code} before the expected line: ${this.#title}\n${stdout}${stderr}`,
    );
  }

  /** Sends a signal, unless the program has ended. */
  kill(signal: Deno.Signal = "SIGTERM"): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
  }

  /** The most memory that it has had resident so far, in bytes; 0 when it has ended. */
  async peakMemory(): Promise<number> {
    try {
      const status = await Deno.readTextFile(`/proc/${this.pid}/status`);
      return 1024 * Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0);
    } catch {
      return 0;
    }
  }

  /** How many lines it has printed so far. */
  get printed(): number {
    return this.#lines.length;
  }

  /** Waits for the end of the program. */
  finish(): Promise<RunResult> {
    return this.#finished;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.kill("SIGKILL");
    await this.#finished.catch(() => {});
  }
}
