/** The libraries that the operating systems' layers load. */

import { isLibcGranted, libcPath } from "./linux/library.ts";

/** An operating system, by Deno's name for it. */
export type Os = typeof Deno.build.os;

/**
 * The C library of macOS. There need be no such file: since macOS 11 the
 * system's libraries are in a cache, which dlopen(3) asks first.
 */
export const LIBSYSTEM_PATH = "/usr/lib/libSystem.B.dylib";

/** Whether the FFI permission covers the libraries that `system()` needs. */
export function isNativeGranted(os: Os = Deno.build.os): boolean {
  switch (os) {
    case "linux":
      return isLibcGranted();
    case "darwin":
      return isGranted() || isGranted(LIBSYSTEM_PATH);
    case "windows":
      // Several libraries, and addresses of buffers: only a grant without a path allows that.
      return isGranted();
    default:
      return false;
  }
}

/** The library that `system()` loads, as an absolute path; undefined where it cannot be told, or there is more than one. */
export function nativeLibraryPath(os: Os = Deno.build.os): string | undefined {
  switch (os) {
    case "linux":
      return libcPath();
    case "darwin":
      return LIBSYSTEM_PATH;
    default:
      return undefined;
  }
}

function isGranted(path?: string): boolean {
  const descriptor: Deno.FfiPermissionDescriptor = path === undefined
    ? { name: "ffi" }
    : { name: "ffi", path };
  return Deno.permissions.querySync(descriptor).state === "granted";
}

/** The operating system is not supported, or not in this. */
export class UnsupportedError extends Error {
  /** The name of the class. */
  override readonly name = "UnsupportedError";
}

/** The systems that have a native layer. */
const SUPPORTED: readonly Os[] = ["linux", "darwin", "windows"];

/**
 * Throws where netdiag has no native layer for the operating system.
 *
 * @throws {UnsupportedError}
 */
export function requireSupported(os: Os = Deno.build.os): void {
  if (SUPPORTED.includes(os)) return;
  throw new UnsupportedError(`Native sockets are not supported on ${os} yet`);
}
