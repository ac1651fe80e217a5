/** netdiag as a child process. */

import { createSocket } from "node:dgram";
import {
  LabProcess,
  type RunOptions,
  type RunResult,
} from "../netlab/process.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** Enough for every command line. */
export const EVERYTHING = ["-A"];

/** The command that runs netdiag with these flags of `deno run`. */
export function command(
  flags: readonly string[],
  args: readonly string[],
): string[] {
  const run = [Deno.execPath(), "run", "--quiet", "--no-prompt"];
  return [...run, ...flags, MAIN, ...args];
}

/** Starts netdiag with every permission. */
export function start(args: readonly string[], options?: RunOptions) {
  return new LabProcess(command(EVERYTHING, args), options);
}

/** Runs netdiag to its end. */
export async function run(
  args: readonly string[],
  flags: readonly string[] = EVERYTHING,
  options?: RunOptions,
): Promise<RunResult> {
  return await new LabProcess(command(flags, args), options).finish();
}

/** A TCP port that accepts connections, and a UDP port that answers nothing. Disposing of it closes both. */
export interface Ports extends AsyncDisposable {
  readonly open: string;
  readonly silent: string;
}

/** Opens such ports on 127.0.0.1. */
export async function openPorts(): Promise<Ports> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return {
    open: String(listener.addr.port),
    silent: String(socket.address().port),
    async [Symbol.asyncDispose]() {
      listener.close();
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    },
  };
}
