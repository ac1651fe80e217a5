/** What netdiag is made of is pinned, and README.md says what it is for. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { lockedPackages, readLock } from "../scripts/build/lock.ts";
import { fencedBlocks } from "./_machine.ts";

const ROOT = new URL("../", import.meta.url);

const README = await Deno.readTextFile(new URL("README.md", ROOT));
const SECTION = /\n## Dependencies\n([^]*?)\n## /.exec(README)![1]!;

Deno.test("README.md lists the packages of deno.lock, each with what it is for", async () => {
  const rows = [...SECTION.matchAll(/^\| (`.*`) +\| (\S.*) \|$/gm)];
  const listed = rows.flatMap(([, names]) =>
    [...names!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!)
  );
  const locked = lockedPackages(await readLock()).map(({ name }) => name);
  assertEquals(listed.toSorted(), [...new Set(locked)].sort());
});

Deno.test("every package of deno.lock has its integrity, and its dependencies are there", async () => {
  const locked = lockedPackages(await readLock());
  assert(locked.length > 0);
  const ids = locked.map(({ id }) => id);
  for (const { id, integrity, dependencies } of locked) {
    assertMatch(integrity, /^(sha512-[\w+/]{86}==|[0-9a-f]{64})$/, id);
    for (const one of dependencies) assert(ids.includes(one), one);
  }
});

Deno.test("deno.json and the sources ask for exact versions", async () => {
  for (const specifier of Object.values(config.imports)) {
    assertMatch(specifier, /^npm:\/?(@[\w-]+\/)?[\w-]+@\d+\.\d+\.\d+(\/|$)/);
  }
  const lock = JSON.parse(await Deno.readTextFile(new URL("deno.lock", ROOT)));
  for (const [asked, got] of Object.entries<string>(lock.specifiers)) {
    assert(asked.endsWith(`@${got}`), asked);
  }
});

Deno.test("the block of README.md that switches to JSR has the names of deno.json", () => {
  const [block] = fencedBlocks(SECTION)
    .filter(({ language }) => language === "json");
  const own = Object.keys(config.imports)
    .filter((name) => name.startsWith("@std/"));
  const switched: Record<string, string> = JSON.parse(block!.text);
  assertEquals(Object.keys(switched), own);
  for (const [name, specifier] of Object.entries(switched)) {
    assertEquals(specifier.replace("jsr:", "").replace(/@1\b/, ""), name);
  }
});

Deno.test("the workflows name every action by commit, and its version beside it", async () => {
  const folder = new URL(".github/workflows/", ROOT);
  let actions = 0;
  for await (const { name } of Deno.readDir(folder)) {
    const text = await Deno.readTextFile(new URL(name, folder));
    for (const [line] of text.matchAll(/^.*\buses:.*$/gm)) {
      actions++;
      assertMatch(line, /uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
  }
  assert(actions > 0);
});
