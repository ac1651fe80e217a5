/**
 * Builds the binaries of a release: one archive for each system, their
 * checksums, and the bill of materials. `--target host`, or the name or triple
 * of a system, builds for that one only; `--output FOLDER` is where it all
 * goes (dist/). DENORT_BIN names a runtime in place of the one that Deno
 * downloads.
 */

import { parseArgs } from "@std/cli/parse-args";
import { bundle } from "./build/bundle.ts";
import { compile, isWindows, type Target, TARGETS } from "./build/compile.ts";
import { closure, lockedPackages, readLock } from "./build/lock.ts";
import { packFiles } from "./build/package.ts";
import { billOfMaterials } from "./build/sbom.ts";
import { readSource } from "./build/source.ts";

/** What to build, and where to. */
interface Options {
  readonly targets: readonly Target[];
  readonly output: string;
}

function readOptions(args: readonly string[]): Options {
  const unknown = (word: string): never => {
    throw new Error(
      `Unknown argument "${word}": there are --target NAME and --output FOLDER`,
    );
  };
  const values = parseArgs(args, { string: ["target", "output"], unknown });
  const { target, output } = values;
  const targets = typeof target === "string" ? [findTarget(target)] : TARGETS;
  if (targets.length > 1 && Deno.env.get("DENORT_BIN") !== undefined) {
    throw new Error(
      "DENORT_BIN is the runtime of one system: say which by --target",
    );
  }
  const folder = typeof output === "string" ? output : "dist";
  return { targets, output: folder };
}

function findTarget(text: string): Target {
  const wanted = text === "host" ? Deno.build.target : text;
  const target = TARGETS
    .find(({ name, triple }) => [name, triple].includes(wanted));
  if (target !== undefined) return target;
  const names = TARGETS.map(({ name }) => name).join(", ");
  throw new Error(`Cannot build for "${wanted}": there are host, ${names}`);
}

async function sha256(contents: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", contents))
    .toHex();
}

async function build({ targets, output }: Options): Promise<void> {
  const source = await readSource();
  const folder = `${output}/bundle`;
  const sums = new Map<string, string>();
  const save = async (name: string, contents: Uint8Array<ArrayBuffer>) => {
    await Deno.writeFile(`${output}/${name}`, contents);
    sums.set(name, await sha256(contents));
  };
  await Deno.mkdir(output, { recursive: true });
  const program = await bundle(source, folder);
  try {
    for (const target of targets) {
      const name = `netdiag-${source.version}-${target.name}`;
      const binary = `${output}/${name}${isWindows(target) ? ".exe" : ""}`;
      await compile(program, target, binary);
      const archive = await packFiles(source, target, name, binary);
      await save(archive.name, archive.contents);
      const { size } = await Deno.stat(binary);
      console.log(`${binary}: ${megabytes(size)}`);
      console.log(
        `${output}/${archive.name}: ${megabytes(archive.contents.length)}`,
      );
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const locked = lockedPackages(await readLock());
  const embedded = closure(locked, program.packages);
  const bill = await billOfMaterials({
    ...{ source, denoVersion: Deno.version.deno, locked, embedded },
  });
  await save(
    `netdiag-${source.version}.cdx.json`,
    new TextEncoder().encode(bill),
  );
  const lines = [...sums].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([name, sum]) => `${sum}  ${name}\n`);
  await Deno.writeTextFile(`${output}/SHA256SUMS`, lines.join(""));
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

try {
  await build(readOptions(Deno.args));
} catch (error) {
  console.error(`build: ${(error as Error).message}`);
  Deno.exit(1);
}
