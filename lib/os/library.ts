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
