import { loadSystem } from "../os/system.ts";
import { mayUseNative } from "./permission.ts";

const STANDARD_OUTPUT = 1;

/**
 * How to find out whether standard output takes a few bytes without waiting;
 * undefined where nobody can tell: without FFI, and on systems other than
 * Linux.
 */
export async function standardOutputGauge(): Promise<
  (() => boolean) | undefined
> {
  if (!mayUseNative()) return undefined;
  const { hasRoom } = await loadSystem();
  return hasRoom && (() => hasRoom(STANDARD_OUTPUT));
}
