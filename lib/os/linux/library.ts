/** Where the C library of Linux is, and whether this process may load it. */

/** Where the distributions keep the C library; a scoped `--allow-ffi` names one of them. */
const PATHS: Readonly<Record<typeof Deno.build.arch, readonly string[]>> = {
  x86_64: [
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/lib64/libc.so.6",
    "/usr/lib/libc.so.6",
  ],
  aarch64: [
    "/lib/aarch64-linux-gnu/libc.so.6",
    "/lib64/libc.so.6",
    "/usr/lib/libc.so.6",
  ],
};

const SONAME = "libc.so.6";

function isGranted(path?: string): boolean {
  const descriptor: Deno.FfiPermissionDescriptor = path === undefined
    ? { name: "ffi" }
    : { name: "ffi", path };
  return Deno.permissions.querySync(descriptor).state === "granted";
}

function grantedPaths(): string[] {
  return PATHS[Deno.build.arch].filter((path) => isGranted(path));
}

/** What the C library may be loaded by, the likeliest first; empty where FFI is not granted. */
export function libcCandidates(): readonly string[] {
  return isGranted() ? [SONAME, ...PATHS[Deno.build.arch]] : grantedPaths();
}

/** Whether FFI is granted, for the C library at least. */
export function isLibcGranted(): boolean {
  return isGranted() || grantedPaths().length > 0;
}

/** The C library's absolute path, for `--allow-ffi=PATH`; undefined where it cannot be told. */
export function libcPath(): string | undefined {
  return grantedPaths().find((path) => {
    try {
      Deno.dlopen(path, {}).close();
      return true;
    } catch {
      return false;
    }
  });
}
