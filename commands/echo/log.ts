/** The log of an echo server: events in, lines out, to standard output or a file. */

import type { Framing } from "../../lib/echo/server_types.ts";
import { TextQueue } from "../cli/text_queue.ts";
import { PLAIN } from "../cli/style.ts";
import type { Context } from "../command.ts";
import { isLogged, type LogEvent, type LogLevel } from "./log_events.ts";
import { LogFile } from "./log_file.ts";
import { logJson } from "./log_json.ts";
import { LogText } from "./log_text.ts";

/** What to log, how, and where. */
export interface LogOptions {
  readonly level: LogLevel;
  readonly json: boolean;
  readonly framing: Framing;
  /** Goes there, and standard output only tells what belongs to the server as a whole. */
  readonly file?: {
    readonly path: string;
    readonly maxBytes: number;
    readonly keep: number;
  } | undefined;
}

interface Target {
  readonly level: LogLevel;
  readonly queue: TextQueue;
  render(event: LogEvent): string;
}

/** Where a server's events go. It holds up nobody: see {@linkcode TextQueue}. */
export class Log implements AsyncDisposable {
  readonly #showsReads: boolean;
  readonly #targets: Target[] = [];
  readonly #file: LogFile | undefined;
  readonly #failed = Promise.withResolvers<never>();
  /** Rejects when standard output cannot be written. */
  readonly failed: Promise<never> = this.#failed.promise;
  readonly #output: TextQueue;

  /** @throws {UsageError} when the file cannot be opened */
  constructor(options: LogOptions, { output, report, style }: Context) {
    const { level, json, framing, file } = options;
    this.#showsReads = framing !== "none";
    this.failed.catch(() => {}); // known by then to whoever waits
    const renderer = (own: typeof style) => {
      if (json) return logJson;
      const text = new LogText(own, framing);
      return (event: LogEvent) => text.render(event);
    };
    const toOutput = async (text: string) => {
      try {
        await output.writeAside(text);
      } catch (error) {
        this.#failed.reject(error);
      }
    };
    this.#output = this.#add(
      file === undefined ? level : "none",
      renderer(style),
      toOutput,
    );
    if (file === undefined) return;
    const log = new LogFile(
      file.path,
      file.maxBytes,
      file.keep,
      (message) => report(`netdiag echo serve: ${message}`),
    );
    this.#file = log;
    this.#add(level, renderer(PLAIN), async (text) => await log.write(text));
  }

  #add(
    level: LogLevel,
    render: (event: LogEvent) => string,
    write: (text: string) => Promise<void>,
  ): TextQueue {
    const queue = new TextQueue(
      write,
      (lines) => render({ type: "lost", lines, time: Date.now() / 1000 }),
    );
    this.#targets.push({ level, queue, render });
    return queue;
  }

  /** Logs an event, where somebody wants it. */
  event(event: LogEvent): void {
    for (const { level, queue, render } of this.#targets) {
      if (!isLogged(event, level, this.#showsReads)) continue;
      queue.push(render(event), isLogged(event, "none", this.#showsReads));
    }
  }

  /** Prints a line that is no event. */
  say(line: string): void {
    this.#output.push(`${line}\n`, true);
  }

  /** Waits until everything is written, then closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#targets.map(({ queue }) => queue.drained()));
    this.#file?.[Symbol.dispose]();
  }
}
