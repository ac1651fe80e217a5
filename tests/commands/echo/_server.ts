/** `netdiag echo serve` as a child process that serves. */

import { LabProcess, type RunResult } from "../../netlab/process.ts";
import { command, EVERYTHING } from "../_program.ts";

/** A server that listens. Disposing of it ends it. */
export class ServerProcess extends LabProcess {
  /** What it listens on, in the order of its arguments. */
  readonly endpoints: string[] = [];

  private constructor(args: readonly string[], flags: readonly string[]) {
    super(command(flags, ["echo", ...args]));
  }

  /** Resolves when it says how to try it out. */
  static async start(
    args: readonly string[],
    flags: readonly string[] = EVERYTHING,
  ): Promise<ServerProcess> {
    const server = new ServerProcess(args, flags);
    await server.line((line) => {
      const endpoint = / listening on (\S+) /.exec(line)?.[1];
      if (endpoint !== undefined) server.endpoints.push(endpoint);
      return line.startsWith("Try it: ");
    });
    return server;
  }

  /** The port of an endpoint. */
  port(index = 0): number {
    return Number(/:(\d+)$/.exec(this.endpoints[index]!)![1]);
  }

  /** Ends it as Ctrl-C does. */
  async stop(): Promise<RunResult> {
    this.kill("SIGINT");
    return await this.finish();
  }
}

/** Sends a text through a new connection, and resolves with all that comes back until the server ends, too. */
export async function exchange(
  options: Deno.ConnectOptions | Deno.UnixConnectOptions,
  text: string,
): Promise<string> {
  using connection = "path" in options
    ? await Deno.connect(options)
    : await Deno.connect(options);
  await connection.write(new TextEncoder().encode(text));
  await connection.closeWrite();
  // Deno closes the connection when all of it is read.
  const chunks: Uint8Array[] = [];
  const buffer = new Uint8Array(65_536);
  for (let n; (n = await connection.read(buffer)) !== null;) {
    chunks.push(buffer.slice(0, n));
  }
  return new TextDecoder().decode(await new Blob(chunks as BlobPart[]).bytes());
}
