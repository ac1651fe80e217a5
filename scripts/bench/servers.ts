/** Echo servers to measure: netdiag's, those of others, and small ones in C as a yardstick. */

import { NETDIAG } from "./measure.ts";

/** Beside the repository: what is divided by. */
const YARDSTICKS = new URL("../../../shared/bench/", import.meta.url);
const NAMES = ["tcp_echo", "tcp_load", "udp_echo", "udp_load"] as const;
const START_MS = 10_000;
const POLL_MS = 20;

/** The C programs, built. Disposing of them deletes them. */
export class Yardsticks implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Builds them; returns what is missing in words where that cannot be. */
  static async build(): Promise<Yardsticks | string> {
    if (!await isInstalled("cc")) return "cc is not installed";
    for (const name of NAMES) {
      const source = new URL(`${name}.c`, YARDSTICKS);
      try {
        await Deno.stat(source);
      } catch {
        return `${name}.c is not in ../shared/bench`;
      }
    }
    const built = new Yardsticks(await Deno.makeTempDir());
    try {
      for (const name of NAMES) {
        const source = new URL(`${name}.c`, YARDSTICKS).pathname;
        const args = ["-O2", "-o", built.path(name), source];
        const { success } = await new Deno.Command("cc", { args }).spawn()
          .status;
        if (!success) throw new Error(`Cannot build ${source}`);
      }
    } catch (error) {
      await built[Symbol.asyncDispose]();
      throw error;
    }
    return built;
  }

  path(name: typeof NAMES[number]): string {
    return `${this.#folder}/${name}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** Whether there is a program of this name. */
export async function isInstalled(program: string): Promise<boolean> {
  const { success } = await new Deno.Command("sh", {
    args: ["-c", `command -v ${program}`],
    stdout: "null",
  }).output();
  return success;
}

/** A server that runs. Disposing of it ends it. */
export class Server implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly port: number;

  private constructor(child: Deno.ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /**
   * Starts a server; resolves when it listens.
   *
   * @throws {Error} when it does not
   */
  static async start(
    transport: "tcp" | "udp",
    port: number,
    command: readonly string[],
  ): Promise<Server> {
    const child = new Deno.Command(command[0]!, {
      args: command.slice(1),
      stdin: "null",
      stdout: "null",
    }).spawn();
    const server = new Server(child, port);
    const until = performance.now() + START_MS;
    while (!await isListening(transport, port)) {
      if (performance.now() > until) {
        await server[Symbol.asyncDispose]();
        throw new Error(`Does not listen on ${port}: ${command.join(" ")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return server;
  }

  /** Its resident memory, in MiB. */
  async memory(): Promise<number> {
    const status = await Deno.readTextFile(`/proc/${this.#child.pid}/status`);
    return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGTERM");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    await this.#child.status;
  }
}

/** Looks into the table of sockets: connecting would use up what some servers accept. */
async function isListening(
  transport: "tcp" | "udp",
  port: number,
): Promise<boolean> {
  const table = await Deno.readTextFile(`/proc/self/net/${transport}`);
  const state = transport === "tcp" ? "0A" : "07";
  const address = `0100007F:${port.toString(16).toUpperCase()}`;
  return table.split("\n").some((line) => {
    const [, local, , found] = line.trim().split(/\s+/);
    return local === address && found === state;
  });
}

/** The server in C. It would die of a client that left before its answer came. */
export function startTcpEcho(
  yardsticks: Yardsticks,
  port: number,
): Promise<Server> {
  const script = 'trap "" PIPE; exec "$0" "$1"';
  const program = [yardsticks.path("tcp_echo"), String(port)];
  return Server.start("tcp", port, ["sh", "-c", script, ...program]);
}

/** `netdiag echo`, with more options. */
export function startNetdiag(
  transport: "tcp" | "udp",
  port: number,
  options: readonly string[] = [],
  under: readonly string[] = [],
): Promise<Server> {
  const endpoint = `${transport}://127.0.0.1:${port}`;
  const command = [...NETDIAG, "echo", "--quiet", ...options, endpoint];
  return Server.start(transport, port, [...under, ...command]);
}
