/** Picks the operating system that this program runs on. */

import { type Os, requireSupported } from "./library.ts";
import { linux } from "./linux/system.ts";
import type { System } from "./types.ts";

/** Loads what an operating system provides; undefined where there is nothing for it. */
export async function loadSystem(os: Os): Promise<System | undefined> {
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

const loaded = await loadSystem(Deno.build.os);

/**
 * What this operating system provides.
 *
 * @throws {UnsupportedError} on a system that netdiag has no native layer for
 */
export function system(): System {
  requireSupported();
  return loaded!;
}
