/**
 * Runs the `@example` blocks of doc comments, in a network namespace where
 * everyone may ping. `deno test --doc` would run them, too, but not on a
 * machine that forbids ICMP to its users.
 */

import { assert } from "@std/assert";
import { fencedBlocks, Machine } from "./_machine.ts";
import { labTest } from "./netlab/requirements.ts";

const ROOT = new URL("../", import.meta.url);

/** The modules of the library, relative to the root. */
async function* libraryModules(folder: string): AsyncGenerator<string> {
  for await (
    const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))
  ) {
    if (isDirectory) yield* libraryModules(`${folder}${name}/`);
    else if (name.endsWith(".ts")) yield folder + name;
  }
}

/** The TypeScript blocks in the doc comments of a module. */
async function examples(module: string): Promise<string[]> {
  const source = await Deno.readTextFile(new URL(module, ROOT));
  return [...source.matchAll(/\/\*\*[^]*?\*\//g)]
    .flatMap(([comment]) => fencedBlocks(comment.replaceAll(/^ *\* ?/gm, "")))
    .filter(({ language }) => language === "ts")
    .map(({ text }) => text);
}

/** Every example of the library. */
const EXAMPLES = (await Promise.all(
  ["mod.ts", ...await Array.fromAsync(libraryModules("lib/"))].map(
    async (module) =>
      (await examples(module)).map((text, index) => ({
        title: `${module}: example ${index + 1} works`,
        module,
        text,
      })),
  ),
)).flat();

for (const { title, module, text } of EXAMPLES) {
  labTest(title, async () => {
    await using machine = await Machine.create();
    await machine.runSnippet(text, module, "root");
  });
}

Deno.test("the library's doc comments have examples", () => {
  assert(EXAMPLES.length >= 5);
});
