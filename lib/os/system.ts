/** Picks the operating system that this program runs on. */

import { requireSupported } from "./library.ts";
import { linux } from "./linux/system.ts";
import type { System } from "./types.ts";

/**
 * What this operating system provides.
 *
 * @throws {UnsupportedError} on a system that netdiag has no native layer for
 */
export function system(): System {
  requireSupported();
  return linux;
}
