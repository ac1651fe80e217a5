import { assert, assertEquals, assertThrows } from "@std/assert";
import { signalsOf } from "../../commands/cli/signals.ts";
import {
  isNativeGranted,
  LIBSYSTEM_PATH,
  nativeLibraryPath,
  requireSupported,
  UnsupportedError,
} from "../../lib/os/library.ts";
import { systemOf } from "../../lib/os/system.ts";

Deno.test("systemOf() has Linux, macOS and Windows, each its own", async () => {
  const systems = await Promise.all(
    (["linux", "darwin", "windows"] as const).map(systemOf),
  );
  assert(systems.every((system) => system !== undefined));
  assertEquals(new Set(systems).size, 3);
  assertEquals(await systemOf("freebsd"), undefined);
});

Deno.test("requireSupported() refuses a system that has no layer", () => {
  for (const os of ["linux", "darwin", "windows"] as const) {
    requireSupported(os);
  }
  assertThrows(
    () => requireSupported("freebsd"),
    UnsupportedError,
    "Native sockets are not supported on freebsd yet",
  );
});

for (
  const [ffi, macos, windows] of [
    [true, true, true],
    [[LIBSYSTEM_PATH], true, false],
    [["/usr/lib/libz.dylib"], false, false],
    [false, false, false],
  ] as const
) {
  Deno.test({
    name: `isNativeGranted() knows what suffices with ffi ${
      JSON.stringify(ffi)
    }`,
    permissions: { ffi: typeof ffi === "boolean" ? ffi : [...ffi] },
    fn() {
      assertEquals(isNativeGranted("darwin"), macos);
      assertEquals(isNativeGranted("windows"), windows);
      assertEquals(isNativeGranted("freebsd"), false);
    },
  });
}

Deno.test("nativeLibraryPath() names one library where there is one", () => {
  assertEquals(nativeLibraryPath("darwin"), "/usr/lib/libSystem.B.dylib");
  assertEquals(nativeLibraryPath("windows"), undefined);
});

Deno.test("signalsOf() knows what each system has", () => {
  assertEquals(
    signalsOf("windows").stop.map(([name]) => name),
    ["SIGINT", "SIGHUP"],
  );
  assertEquals(signalsOf("windows").status, "SIGBREAK");
  for (const os of ["linux", "darwin"] as const) {
    assertEquals(
      signalsOf(os).stop.map(([name]) => name),
      ["SIGINT", "SIGTERM"],
    );
    assertEquals(signalsOf(os).status, "SIGQUIT");
  }
});
