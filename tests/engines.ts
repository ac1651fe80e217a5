/** Tests that run the same over every engine of the socket layer. */

import { mayUseNative } from "../lib/socket/permission.ts";

/** The engines there are on this machine. */
export const ENGINES: readonly ("native" | "deno")[] =
  Deno.build.os === "linux" && mayUseNative() ? ["native", "deno"] : ["deno"];

/** Registers a test for each engine. */
export function forEachEngine(
  name: string,
  test: (engine: "native" | "deno") => Promise<void>,
): void {
  for (const engine of ENGINES) engineTest(engine, name, test);
}

/** Registers a test for one engine, where there is that one. */
export function engineTest(
  engine: "native" | "deno",
  name: string,
  test: (engine: "native" | "deno") => Promise<void>,
): void {
  Deno.test({
    name: `${name} (${engine})`,
    fn: () => test(engine),
    ignore: !ENGINES.includes(engine),
    // The C library stays loaded.
    sanitizeResources: engine !== "native",
    // The thread that waits for the system learns of the end right after the test, during the next one.
    sanitizeOps: false,
  });
}
