/** Picks the operating system that this program runs on. */

import { type Os, requireSupported } from "./library.ts";
import { linux } from "./linux/system.ts";
import type { System } from "./types.ts";

/** What an operating system provides; undefined where there is nothing for it. */
export async function systemOf(os: Os): Promise<System | undefined> {
  switch (os) {
    case "linux":
      return linux;
    case "darwin":
      return (await import("./darwin/system.ts")).darwin;
    case "windows":
      return (await import("./windows/system.ts")).windows;
    default:
      return undefined;
  }
}

let loaded: System | undefined;

/**
 * Loads what this operating system provides. Not at the top level of this
 * module: a bundler may put what the system's modules import beside it, and
 * each would wait for the other.
 *
 * @throws {UnsupportedError} on a system that netdiag has no native layer for
 */
export async function loadSystem(): Promise<System> {
  requireSupported();
  return loaded ??= (await systemOf(Deno.build.os))!;
}

/** What this operating system provides, once {@linkcode loadSystem} has been awaited. */
export function system(): System {
  if (loaded === undefined) throw new Error("The system is not loaded yet");
  return loaded;
}
