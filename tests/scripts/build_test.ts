/** What a release is made of, but for the compiler: bundle, archives, bill of materials, manual pages. */

import { existsSync } from "node:fs";
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { commandEntries } from "../../commands/registry.ts";
import { type ArchivedFile, tarGz, zip } from "../../scripts/build/archive.ts";
import { bundle } from "../../scripts/build/bundle.ts";
import { describeFailure, TARGETS } from "../../scripts/build/compile.ts";
import {
  closure,
  type Lock,
  lockedPackages,
} from "../../scripts/build/lock.ts";
import { manualPages } from "../../scripts/build/man.ts";
import { billOfMaterials } from "../../scripts/build/sbom.ts";
import type { Source } from "../../scripts/build/source.ts";

const SOURCE: Source = {
  version: "1.2.3",
  commit: "0123456789abcdef0123456789abcdef01234567",
  date: new Date("2026-01-02T03:04:06Z"),
};

const FILES: readonly ArchivedFile[] = [
  { path: "x/b", contents: new TextEncoder().encode("text\n") },
  { path: "x/a", contents: new Uint8Array(100_000), isExecutable: true },
];

async function output(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args })
    .output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

async function withFile(
  contents: Uint8Array,
  use: (path: string) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, contents);
    await use(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("tarGz() packs the same bytes whatever the order, as tar reads them", async () => {
  const archive = await tarGz(FILES, SOURCE.date);
  assertEquals(archive, await tarGz(FILES.toReversed(), SOURCE.date));
  await withFile(archive, async (path) => {
    const list = await output("tar", "--utc", "-tvzf", path);
    assertEquals(list.replaceAll(/ +/g, " ").trimEnd().split("\n"), [
      "-rwxr-xr-x root/root 100000 2026-01-02 03:04 x/a",
      "-rw-r--r-- root/root 5 2026-01-02 03:04 x/b",
    ]);
    assertEquals(await output("tar", "-xOzf", path, "x/b"), "text\n");
  });
});

Deno.test("zip() packs the same bytes whatever the order, with times in UTC", () => {
  const archive = zip(FILES, SOURCE.date);
  assertEquals(archive, zip(FILES.toReversed(), SOURCE.date));
  const view = new DataView(archive.buffer);
  // A local file header (APPNOTE.TXT, 4.3.7): signature, then the MS-DOS time and date at 10 and 12.
  assertEquals(view.getUint32(0, true), 0x04034b50);
  assertEquals(view.getUint16(10, true), 3 << 11 | 4 << 5 | 6 / 2);
  assertEquals(view.getUint16(12, true), (2026 - 1980) << 9 | 1 << 5 | 2);
});

const LOCK: Lock = {
  npm: {
    "@a/b@1.0.0": { integrity: "sha512-AAEC", dependencies: ["c", "d@1.1.0"] },
    "c@3.0.0": { integrity: "sha512-AwQF" },
    "d@1.0.0": { integrity: "sha512-BgcI" },
    "d@1.1.0": { integrity: "sha512-CQoL" },
    "tool@2.0.0": { integrity: "sha512-DA0O" },
  },
};

Deno.test("closure() follows the dependencies of a lock file", () => {
  const locked = lockedPackages(LOCK);
  const needed = closure(locked, ["npm:@a/b@1.0.0"]);
  const ids = ["npm:@a/b@1.0.0", "npm:c@3.0.0", "npm:d@1.1.0"];
  assertEquals(needed.map(({ id }) => id), ids);
});

Deno.test("billOfMaterials() tells what is in the binary from what builds it", async () => {
  const locked = lockedPackages(LOCK);
  const embedded = closure(locked, ["npm:@a/b@1.0.0"]);
  const materials = { source: SOURCE, denoVersion: "2.9.6", locked, embedded };
  const text = await billOfMaterials(materials);
  assertEquals(text, await billOfMaterials(materials));
  const bill = JSON.parse(text);
  assertEquals([bill.bomFormat, bill.specVersion], ["CycloneDX", "1.6"]);
  assertMatch(
    bill.serialNumber,
    /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  const [deno, library, , , , tool] = bill.components;
  assertEquals([deno.name, deno.version], ["deno", "2.9.6"]);
  assertEquals(library, {
    type: "library",
    "bom-ref": "npm:@a/b@1.0.0",
    name: "@a/b",
    version: "1.0.0",
    scope: "required",
    hashes: [{ alg: "SHA-512", content: "000102" }],
    purl: "pkg:npm/%40a/b@1.0.0",
  });
  assertEquals([tool.name, tool.scope], ["tool", "excluded"]);
  const refs = bill.components.map(
    (one: Record<string, string>) => one["bom-ref"],
  );
  for (const { dependsOn } of bill.dependencies) {
    for (const ref of dependsOn) assert(refs.includes(ref), ref);
  }
});

Deno.test("bundle() puts main.ts and what workers run into one folder", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { main, includes, packages } = await bundle(SOURCE, folder);
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    for (const path of [main, ...includes]) {
      assert(names.includes(path.replace(`${folder}/`, "")), path);
    }
    assertEquals(
      includes.map((path) => path.replace(`${folder}/`, "")),
      ["commands-echo-worker.js"],
    );
    assert(packages.includes("npm:deno-std@1.4.0"));
    const outputs = names.map((name) =>
      Deno.readTextFileSync(`${folder}/${name}`)
    );
    // Each module of a start costs time.
    const start = Deno.readTextFileSync(main);
    assert([...start.matchAll(/(?:from|import) ?"\.\//g)].length <= 3, start);
    // Nothing is left to be found elsewhere.
    for (const code of outputs) assert(!/["'](npm|jsr):/.test(code));
    for (const text of [SOURCE.commit, "2026-01-02"]) {
      assert(outputs.some((code) => code.includes(text)), text);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("describeFailure() makes one line of what deno compile prints", () => {
  const [, , target] = TARGETS;
  const told = describeFailure(
    `error: Writing deno compile executable to temporary file '/x/netdiag.tmp-1'

Caused by:
    0: Setting up base binary.
    1: error sending request for url (https://dl.deno.land/release/v2.9.6/denort-x86_64-apple-darwin.zip): client error (Connect): dns error
    2: client error (Connect)

Stack backtrace:
   0: <unknown>
`,
    target!,
  );
  assertEquals(
    told,
    "Cannot download the runtime for macos-x86_64 from https://dl.deno.land/release/v2.9.6/denort-x86_64-apple-darwin.zip: client error (Connect): dns error; connect, or name one by DENORT_BIN",
  );
  assertEquals(
    describeFailure("error: A\n\nCaused by:\n    0: B\n", target!),
    "Cannot compile for macos-x86_64: A: B",
  );
});

const BUILD = new URL("../../scripts/build.ts", import.meta.url).pathname;

/** Runs scripts/build.ts into a folder that is named as in `deno task build`, which is to fail, and returns what it says. */
async function failingBuild(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { DENORT_BIN: _, ...environment } = Deno.env.toObject();
  const folder = await Deno.makeTempDir();
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", BUILD, "--output", "dist", ...args],
      clearEnv: true,
      env: { ...environment, NO_COLOR: "1", ...env },
      cwd: folder,
    }).output();
    const decoder = new TextDecoder();
    assertEquals([code, decoder.decode(stdout)], [1, ""]);
    for (const { name } of Deno.readDirSync(folder)) {
      assertEquals([...Deno.readDirSync(`${folder}/${name}`)], []);
    }
    return decoder.decode(stderr);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Registers a test of a build, which takes its commit from git. */
function cloneTest(name: string, fn: () => Promise<void>): void {
  const isClone = existsSync(new URL("../../.git", import.meta.url));
  Deno.test({
    name: isClone ? name : `${name} (skipped: needs a clone)`,
    ignore: !isClone,
    fn,
  });
}

cloneTest("deno task build says in one line what it cannot build", async () => {
  assertMatch(
    await failingBuild(["--target", "amiga"]),
    /^build: Cannot build for "amiga": there are host, linux-x86_64, .*\n$/,
  );
  assertMatch(
    await failingBuild(["--fast"]),
    /^build: Unknown argument "--fast": .*\n$/,
  );
  assertMatch(
    await failingBuild([], { DENORT_BIN: "/denort" }),
    /^build: DENORT_BIN is the runtime of one system: .*\n$/,
  );
  assertMatch(
    await failingBuild(["--target", "host"], { DENORT_BIN: "/denort" }),
    /^build: Cannot compile for .*"?\/denort\b.*\n$/,
  );
});

cloneTest(
  "deno task build says in one line that the download server cannot be reached",
  async () => {
    // The packages that are here, but no runtime.
    const cache = await Deno.makeTempDir();
    try {
      const info = JSON.parse(await output(Deno.execPath(), "info", "--json"));
      await Deno.symlink(info.npmCache, `${cache}/npm`);
      assertMatch(
        await failingBuild(["--target", "linux-aarch64"], {
          DENO_DIR: cache,
          HTTPS_PROXY: "http://127.0.0.1:1", // nothing listens there
        }),
        /^build: Cannot download the runtime for linux-aarch64 from https:\S+: .*; connect, or name one by DENORT_BIN\n$/,
      );
    } finally {
      await Deno.remove(cache, { recursive: true });
    }
  },
);

Deno.test("there is a manual page for netdiag and each command, with every option", async () => {
  const pages = await manualPages(SOURCE);
  assertEquals(
    pages.map(({ name }) => name),
    [
      "netdiag.1",
      ...commandEntries().map(([name]) =>
        `netdiag-${name.replaceAll(" ", "-")}.1`
      ),
    ],
  );
  for (const [index, [, { load }]] of commandEntries().entries()) {
    const { text } = pages[index + 1]!;
    for (const name of Object.keys((await load()).options)) {
      assertStringIncludes(text, `\\-\\-${name.replaceAll("-", "\\-")}`);
    }
  }
});

const hasGroff = await new Deno.Command("groff", {
  args: ["--version"],
  stdout: "null",
}).output().then(({ success }) => success, () => false);

Deno.test({
  name: `the manual pages are clean troff, and read as they should${
    hasGroff ? "" : " (skipped: needs groff)"
  }`,
  ignore: !hasGroff,
  async fn() {
    for (const { name, text } of await manualPages(SOURCE)) {
      await withFile(new TextEncoder().encode(text), async (path) => {
        const { stdout, stderr } = await new Deno.Command("groff", {
          args: ["-man", "-Tutf8", "-ww", "-P-cbou", path],
        }).output();
        const decoder = new TextDecoder();
        assertEquals(decoder.decode(stderr), "", name);
        const page = decoder.decode(stdout);
        assertStringIncludes(page, "netdiag 1.2.3", name);
        if (name === "netdiag-ping.1") {
          assertMatch(page, /-c, --count N\n/);
          assertMatch(page, /netdiag ping --tcp 443 example\.com\n/);
        }
      });
    }
  },
});
