/**
 * netdiag for a user who can read nothing of the developer's: the sources,
 * the packages they import and Deno itself, copied once to a public folder.
 */

import { BINARY } from "./binary.ts";
import { FOLDER } from "./reaper.ts";

/** The user and group that own nothing; Debian calls them nobody and nogroup. */
export const ORDINARY_ID = 65534;

const REPOSITORY = `${import.meta.dirname}/../../`;
const SOURCES = ["main.ts", "mod.ts", "std.d.ts", "deno.json", "deno.lock"];
const FOLDERS = ["lib", "commands"];

/** Deno, the sources and the environment that they run in. */
export interface Installation {
  readonly deno: string;
  readonly folder: string;
  /** What is tested in place of the sources. */
  readonly binary: string | undefined;
  readonly env: Readonly<Record<string, string>>;
}

/** netdiag as the developer runs it: from the repository. */
export const OWN: Installation = {
  deno: Deno.execPath(),
  folder: REPOSITORY,
  binary: BINARY,
  env: {},
};

async function run(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    stdin: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** Copies the packages that deno.lock names from one DENO_DIR to another, so that nothing is downloaded. */
async function copyPackages(from: string, to: string): Promise<void> {
  const lock: { npm?: Record<string, unknown> } = JSON.parse(
    await Deno.readTextFile(`${REPOSITORY}deno.lock`),
  );
  for (const id of Object.keys(lock.npm ?? {})) {
    const name = id.slice(0, id.lastIndexOf("@"));
    for await (const registry of Deno.readDir(from)) {
      const source = `${from}/${registry.name}/${name}`;
      const target = `${to}/${registry.name}/${name}`;
      if (!await Deno.stat(source).then(() => true, () => false)) continue;
      await Deno.mkdir(target, { recursive: true });
      await run("cp", "-r", `${source}/.`, target);
    }
  }
}

/** A link costs nothing but works within one file system only. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await Deno.link(from, to).catch(() => Deno.copyFile(from, to));
}

async function install(): Promise<Installation> {
  const folder = `${FOLDER}/netdiag`;
  const cache = `${FOLDER}/cache`;
  const deno = `${FOLDER}/deno`;
  await Deno.mkdir(folder, { recursive: true });
  await linkOrCopy(Deno.execPath(), deno);
  const binary = BINARY === undefined ? undefined : `${FOLDER}/binary`;
  if (binary !== undefined) await linkOrCopy(BINARY!, binary);
  for (const name of [...SOURCES, ...FOLDERS]) {
    await run("cp", "-r", REPOSITORY + name, folder);
  }
  const info = JSON.parse(await run(Deno.execPath(), "info", "--json"));
  await copyPackages(info.npmCache, `${cache}/npm`);
  await run("chown", "-R", `${ORDINARY_ID}:${ORDINARY_ID}`, cache, folder);
  await run("chmod", "-R", "a+rX", FOLDER);
  const env = { DENO_DIR: cache, HOME: cache };
  return { deno, folder: `${folder}/`, binary, env };
}

let installed: Promise<Installation> | undefined;

/** netdiag for the ordinary user; made at the first call. */
export function ordinaryInstallation(): Promise<Installation> {
  return installed ??= install();
}

/** The prefix of a command that makes it run as the ordinary user. */
export const AS_ORDINARY: readonly string[] = [
  // Nobody may write there, and the copy's coverage would tell nothing.
  ...["env", "-u", "DENO_COVERAGE_DIR"],
  "setpriv",
  `--reuid=${ORDINARY_ID}`,
  `--regid=${ORDINARY_ID}`,
  "--clear-groups",
  "--inh-caps=-all",
  "--bounding-set=-all",
];
