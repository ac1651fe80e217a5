/** mod.ts from another project: its own configuration, no import map, the library by its path. */

import { assertEquals, assertMatch } from "@std/assert";
import { openPorts } from "./commands/_program.ts";
import { LabProcess, type RunResult } from "./netlab/process.ts";

const LIBRARY = new URL("../mod.ts", import.meta.url).href;

/** Runs a script of such a project. */
async function runElsewhere(
  flags: readonly string[],
  script: string,
): Promise<RunResult> {
  const folder = await Deno.makeTempDir();
  try {
    // Stricter than netdiag's own in one thing, and without its names.
    await Deno.writeTextFile(
      `${folder}/deno.json`,
      '{ "compilerOptions": { "noUnusedLocals": true }, "imports": {} }',
    );
    await Deno.writeTextFile(
      `${folder}/main.ts`,
      script.replace("LIBRARY", JSON.stringify(LIBRARY)),
    );
    return await new LabProcess([
      ...[Deno.execPath(), "run", "--quiet", "--check", "--no-prompt"],
      ...[`--config=${folder}/deno.json`, ...flags, `${folder}/main.ts`],
    ]).finish();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function pingPort(port: string): string {
  return `import { ping } from LIBRARY;
    const options = { probe: "tcp", port: ${port}, count: 2, intervalMs: 10 } as const;
    for await (const event of ping("127.0.0.1", options)) console.log(event.type);`;
}

for (const flags of [["--allow-ffi"], []]) {
  const how = flags.length > 0 ? "with FFI" : "without FFI";
  Deno.test(`the library works by its path in another project, ${how}`, async () => {
    await using ports = await openPorts();
    const result = await runElsewhere(
      ["--allow-net", ...flags],
      pingPort(ports.open),
    );
    assertEquals(result, {
      code: 0,
      stdout: "start\nreply\nreply\nsummary\n",
      stderr: "",
    });
  });
}

Deno.test("the library says in another project which permission is missing", async () => {
  const { code, stdout, stderr } = await runElsewhere(
    ["--allow-net"],
    `import { ping, PermissionError } from LIBRARY;
    try {
      for await (const event of ping("127.0.0.1", { count: 1 })) console.log(event);
    } catch (error) {
      if (!(error instanceof PermissionError)) throw error;
      console.log(error.message);
    }`,
  );
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^Requires ffi access .*: run again with --allow-ffi\n$/);
});
