/** Picks the operating system that this program runs on. */

import { linux } from "./linux/system.ts";
import type { System } from "./types.ts";

/** The operating system, or what was asked of it, is not supported. */
export class UnsupportedError extends Error {
  /** The name of the class. */
  override readonly name = "UnsupportedError";
}

/**
 * What this operating system provides.
 *
 * @throws {UnsupportedError} on a system that netdiag has no native layer for
 */
export function system(): System {
  if (Deno.build.os === "linux") return linux;
  throw new UnsupportedError(
    `Native sockets are not supported on ${Deno.build.os} yet: use --tcp, or run on Linux`,
  );
}
