import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

/** The part of the output of `deno info --json` that is read here. */
interface Info {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly code?: { readonly specifier: string };
      readonly isDynamic?: boolean;
    }[];
  }[];
}

/** What a module of this repository imports, for each one that `entry` may ever load; types do not count. */
async function importsOf(entry: string): Promise<Map<string, string[]>> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  const info: Info = JSON.parse(decoder.decode(stdout));
  return new Map(info.modules.map(({ specifier, dependencies = [] }) => [
    specifier.replace(ROOT.href, ""),
    dependencies.flatMap(({ code, isDynamic }) =>
      code === undefined || isDynamic
        ? []
        : [code.specifier.replace(ROOT.href, "")]
    ),
  ]));
}

/** The modules that are loaded together with `module`, and itself. */
function loadedWith(
  module: string,
  imports: ReadonlyMap<string, readonly string[]>,
): Set<string> {
  const loaded = new Set([module]);
  for (const next of loaded) {
    for (const found of imports.get(next) ?? []) loaded.add(found);
  }
  return loaded;
}

Deno.test("load_one.ts lists every module that a ping to one target loads", async () => {
  const imports = await importsOf("main.ts");
  const before = loadedWith("main.ts", imports)
    .union(loadedWith("commands/ping.ts", imports));
  const needed = loadedWith("commands/ping/one.ts", imports).difference(before);
  const listed = imports.get("commands/ping/load_one.ts");
  assert(listed !== undefined);
  assertEquals(listed.toSorted(), [...needed].toSorted());
});
