/**
 * netdiag as a child process: this repository's sources, or the binary that
 * NETDIAG_BIN names.
 */

import { createSocket } from "node:dgram";
import { BINARY } from "../netlab/binary.ts";
import {
  LabProcess,
  type RunOptions,
  type RunResult,
} from "../netlab/process.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** Enough for every command line. */
export const EVERYTHING = ["-A"];

/** Whether a binary is tested. What it may do is compiled in, so flags mean nothing. */
export const IS_BINARY = BINARY !== undefined;

/** A test of what flags of `deno run` do, which a binary does not know. */
export function flagsTest(name: string, fn: () => Promise<void>): void {
  if (!IS_BINARY) Deno.test(name, fn);
  else {Deno.test({
      name: `${name} (skipped: needs the sources)`,
      ignore: true,
      fn,
    });}
}

/** The command that runs netdiag with these flags of `deno run`. */
export function command(
  flags: readonly string[],
  args: readonly string[],
): string[] {
  if (BINARY !== undefined) return [BINARY, ...args];
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
