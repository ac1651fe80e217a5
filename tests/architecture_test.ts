/**
 * Holds the import rule of ARCHITECTURE.md for the whole tree. The graph comes
 * from `deno info --json`, so that type imports, re-exports and dynamic imports
 * count like any other.
 */

import { assert, assertEquals } from "@std/assert";

/** One import: paths are relative to the root of the repository; what is no file of it keeps its scheme. */
interface Import {
  readonly from: string;
  readonly to: string;
}

interface Layer {
  readonly name: string;
  /** The modules that are in this layer. */
  readonly holds: RegExp;
  /** What they may import. `$1` stands for the first group of `holds`. */
  readonly mayImport: string;
}

/** The house, from top to bottom. A module is in the first layer that holds it. */
const LAYERS: readonly Layer[] = [
  {
    name: "tests and scripts",
    holds: /^(tests|scripts)\//,
    mayImport:
      "($1/|scripts/|commands/|lib/|(main|mod)\\.ts$|deno\\.json$|npm:/?(deno-std|esbuild-wasm|fflate|modern-tar)@|node:)",
  },
  { name: "main.ts", holds: /^main\.ts$/, mayImport: "commands/" },
  { name: "mod.ts", holds: /^mod\.ts$/, mayImport: "lib/" },
  {
    name: "commands",
    holds: /^commands\//,
    mayImport:
      "(commands/|lib/(?!os/|wire/)|lib/wire/address\\.ts$|deno\\.json$|npm:/?(deno-std|@peculiar/x509|iconv-lite)@)",
  },
  { name: "lib/wire", holds: /^lib\/wire\//, mayImport: "lib/wire/" },
  { name: "lib/stats", holds: /^lib\/stats\//, mayImport: "lib/stats/" },
  {
    name: "lib/os/deno",
    holds: /^lib\/os\/deno\//,
    mayImport: "(lib/(os|wire|stats)/|node:)",
  },
  {
    name: "lib/os",
    holds: /^lib\/os\//,
    mayImport: "(lib/(os|wire|stats)/|node:)",
  },
  {
    name: "lib/socket",
    holds: /^lib\/socket\//,
    mayImport: "(lib/(socket|os|wire|stats)/|node:)",
  },
  {
    name: "an engine",
    holds: /^lib\/(\w+)\//,
    mayImport:
      "(lib/($1/|socket/|wire/|stats/|os/(types|network|errno)\\.ts$)|npm:/?hdr-histogram-js@|node:zlib$)",
  },
];

/** What only some modules may name, wherever they import it from. */
const RESERVED: readonly {
  readonly what: string;
  readonly pattern: RegExp;
  readonly only: RegExp;
}[] = [
  {
    what: "FFI",
    pattern: /\bDeno\.(dlopen|Unsafe\w+)\b/,
    only: /^(lib\/os|tests|scripts)\//,
  },
  {
    what: "a socket",
    pattern: /\bDeno\.(connect\w*|listen\w*|startTls|resolveDns)\b/,
    only: /^(lib\/os|lib\/socket|tests|scripts)\//,
  },
  {
    what: "the terminal, the arguments or the exit status",
    pattern: /\bconsole\.|\bDeno\.(args|exit\w*|std(in|out|err))\b/,
    only: /^(main\.ts$|(commands|tests|scripts)\/)/,
  },
];

/** Every import that goes the wrong way, in words. */
function wrongImports(imports: Iterable<Import>): string[] {
  const wrong: string[] = [];
  for (const { from, to } of imports) {
    const layer = LAYERS.find(({ holds }) => holds.test(from));
    if (layer === undefined) {
      wrong.push(`${from} is in no layer of the house`);
      continue;
    }
    const own = layer.holds.exec(from)?.[1] ?? "";
    const allowed = new RegExp(`^${layer.mayImport.replaceAll("$1", own)}`);
    if (!allowed.test(to)) {
      wrong.push(`${from} (${layer.name}) imports ${to}`);
    }
  }
  return [...new Set(wrong)];
}

/** Every use of a reserved name in `source`, in words. Comments do not count. */
function wrongUses(module: string, source: string): string[] {
  const code = source.replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
  return RESERVED
    .filter(({ pattern, only }) => pattern.test(code) && !only.test(module))
    .map(({ what, pattern }) =>
      `${module} uses ${what}: ${pattern.exec(code)?.[0]}`
    );
}

const ROOT = new URL("../", import.meta.url);

/** The part of the output of `deno info --json` that is read here. */
interface Info {
  readonly modules: readonly {
    readonly specifier: string;
    readonly error?: string;
    readonly dependencies?: readonly {
      readonly code?: { readonly specifier?: string; readonly error?: string };
      readonly type?: { readonly specifier?: string; readonly error?: string };
    }[];
  }[];
}

async function moduleInfo(root: URL, module: string): Promise<Info> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", module],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  return JSON.parse(decoder.decode(stdout));
}

/** The name of a module in {@linkcode Import}. */
function moduleName(root: URL, specifier: string): string {
  return specifier.startsWith(root.href)
    ? specifier.slice(root.href.length)
    : specifier;
}

/** The TypeScript modules below `folder`, but for hidden folders and packages. */
async function* modulesBelow(root: URL, folder = root): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (name.startsWith(".") || name === "node_modules") continue;
    if (isDirectory) yield* modulesBelow(root, new URL(`${name}/`, folder));
    else if (name.endsWith(".ts") && !name.endsWith(".d.ts")) {
      yield moduleName(root, new URL(name, folder).href);
    }
  }
}

/** Every module below `root` with its imports. */
async function importGraph(root: URL): Promise<Map<string, Import[]>> {
  const graph = new Map<string, Import[]>();
  for await (const module of modulesBelow(root)) {
    if (graph.has(module)) continue;
    for (const found of (await moduleInfo(root, module)).modules) {
      const from = moduleName(root, found.specifier);
      if (!from.endsWith(".ts") || from.endsWith(".d.ts")) continue;
      assertEquals(found.error, undefined, from);
      const imports = (found.dependencies ?? []).flatMap(({ code, type }) => {
        assertEquals(code?.error ?? type?.error, undefined, from);
        return [code, type].flatMap((target) =>
          target?.specifier === undefined
            ? []
            : [{ from, to: moduleName(root, target.specifier) }]
        );
      });
      graph.set(from, imports);
    }
  }
  return graph;
}

Deno.test("imports go one way: commands, engines, lib/socket, lib/os", async () => {
  const graph = await importGraph(ROOT);
  for (const module of ["main.ts", "mod.ts"]) {
    assert(graph.get(module)?.length, `${module} imports nothing`);
  }
  assertEquals(wrongImports([...graph.values()].flat()), []);
});

Deno.test("FFI, sockets and the terminal are used in their own layers only", async () => {
  const wrong: string[] = [];
  for await (const module of modulesBelow(ROOT)) {
    const source = await Deno.readTextFile(new URL(module, ROOT));
    wrong.push(...wrongUses(module, source));
  }
  assertEquals(wrong, []);
});

Deno.test("wrongImports() reports each import that goes the wrong way", () => {
  const std = "npm:/deno-std@1.4.0/fmt/colors.js";
  const wrong: [from: string, to: string, layer: string][] = [
    ["main.ts", "lib/ping/ping.ts", "main.ts"],
    ["main.ts", std, "main.ts"],
    ["mod.ts", "commands/ping.ts", "mod.ts"],
    ["commands/ping.ts", "lib/os/types.ts", "commands"],
    ["commands/ping.ts", "lib/wire/icmp.ts", "commands"],
    ["commands/ping.ts", "tests/netlab/lab.ts", "commands"],
    ["commands/ping.ts", "npm:/chalk@5.0.0", "commands"],
    ["lib/wire/icmp.ts", "lib/os/errno.ts", "lib/wire"],
    ["lib/wire/icmp.ts", "node:buffer", "lib/wire"],
    ["lib/stats/histogram.ts", "lib/wire/errors.ts", "lib/stats"],
    ["lib/os/linux/libc.ts", "lib/socket/icmp.ts", "lib/os"],
    ["lib/socket/icmp.ts", "lib/ping/types.ts", "lib/socket"],
    ["lib/ping/ping.ts", "lib/os/linux/libc.ts", "an engine"],
    ["lib/ping/ping.ts", "lib/http/client.ts", "an engine"],
    ["lib/ping/ping.ts", "commands/render.ts", "an engine"],
    ["lib/ping/ping.ts", std, "an engine"],
    ["lib/ping/ping.ts", "https://example.com/mod.ts", "an engine"],
    ["scripts/bench.ts", "tests/netlab/lab.ts", "tests and scripts"],
  ];
  const right: [from: string, to: string][] = [
    ["main.ts", "commands/run.ts"],
    ["mod.ts", "lib/ping/ping.ts"],
    ["commands/ping.ts", "commands/render.ts"],
    ["commands/ping.ts", "lib/ping/ping.ts"],
    ["commands/ping.ts", "lib/wire/address.ts"],
    ["commands/cli/version.ts", "deno.json"],
    ["commands/ping.ts", std],
    ["lib/ping/ping.ts", "lib/ping/types.ts"],
    ["lib/ping/ping.ts", "lib/socket/icmp.ts"],
    ["lib/ping/types.ts", "lib/os/types.ts"],
    ["lib/ping/engine.ts", "lib/os/errno.ts"],
    ["lib/socket/tls.ts", "node:tls"],
    ["lib/socket/icmp.ts", "lib/os/system.ts"],
    ["lib/os/linux/libc.ts", "lib/wire/address.ts"],
    ["tests/ping/ping_test.ts", "lib/ping/ping.ts"],
  ];
  assertEquals(
    wrongImports([...wrong, ...right].map(([from, to]) => ({ from, to }))),
    wrong.map(([from, to, layer]) => `${from} (${layer}) imports ${to}`),
  );
  assertEquals(wrongImports([{ from: "util/x.ts", to: "lib/a/b.ts" }]), [
    "util/x.ts is in no layer of the house",
  ]);
});

Deno.test("importGraph() sees types, re-exports and dynamic imports", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const root = new URL(`file://${await Deno.realPath(folder)}/`);
    const files = {
      "lib/wire/type.ts": 'export type { X } from "../os/x.ts";',
      "lib/wire/inline.ts": 'export const y: import("../os/x.ts").X = 1;',
      "lib/wire/dynamic.ts": 'export const z = await import("../os/x.ts");',
      "lib/os/x.ts": "export type X = number;",
    };
    for (const [name, source] of Object.entries(files)) {
      const file = new URL(name, root);
      await Deno.mkdir(new URL(".", file), { recursive: true });
      await Deno.writeTextFile(file, source);
    }
    const graph = await importGraph(root);
    assertEquals(wrongImports([...graph.values()].flat()).toSorted(), [
      "lib/wire/dynamic.ts (lib/wire) imports lib/os/x.ts",
      "lib/wire/inline.ts (lib/wire) imports lib/os/x.ts",
      "lib/wire/type.ts (lib/wire) imports lib/os/x.ts",
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("wrongUses() reports reserved names in code, not in comments", () => {
  const source = `
    /** Like Deno.dlopen(). */
    // console.log("x")
    export const socket = Deno.connect({ port: 1 });`;
  assertEquals(wrongUses("lib/ping/ping.ts", source), [
    "lib/ping/ping.ts uses a socket: Deno.connect",
  ]);
  assertEquals(wrongUses("lib/socket/tcp.ts", source), []);
  assertEquals(wrongUses("lib/wire/icmp.ts", "Deno.exit(1)"), [
    "lib/wire/icmp.ts uses the terminal, the arguments or the exit status: Deno.exit",
  ]);
});
