/** The library that this operating system's layer loads. */

import { isLibcGranted, libcPath } from "./linux/library.ts";

/** Whether the FFI permission covers the library that `system()` needs. */
export function isNativeGranted(): boolean {
  return Deno.build.os === "linux" && isLibcGranted();
}

/** The library that `system()` loads, as an absolute path; undefined where it cannot be told. */
export function nativeLibraryPath(): string | undefined {
  return Deno.build.os === "linux" ? libcPath() : undefined;
}

/** The operating system is not supported, or not in this. */
export class UnsupportedError extends Error {
  /** The name of the class. */
  override readonly name = "UnsupportedError";
}

/**
 * Throws where netdiag has no native layer for the operating system.
 *
 * @throws {UnsupportedError}
 */
export function requireSupported(): void {
  if (Deno.build.os === "linux") return;
  throw new UnsupportedError(
    `Native sockets are not supported on ${Deno.build.os} yet`,
  );
}
