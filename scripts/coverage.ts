/**
 * Runs every test, the programs that the tests start included, and prints how
 * much of each file of `lib/` they ran. Exits with 1 when a test fails or a
 * required share of the lines is not reached.
 */

import { toText } from "@std/streams/to-text";

/** Share of the lines, in percent, by the beginning of the path. */
const REQUIRED = [
  { folder: "lib/", percent: 90 },
  { folder: "lib/wire/", percent: 100 },
];

const root = `${import.meta.dirname}/..`;
const folder = `${root}/coverage`;
/** What the report is about, as `--include` matches the URLs of files. */
const include = `--include=^${new URL("../lib/", import.meta.url)}`;

function deno(
  args: readonly string[],
  stdout: "inherit" | "piped" = "inherit",
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: root,
    // Every Deno that runs below this one writes there what it ran.
    env: { DENO_COVERAGE_DIR: folder },
    stdout,
  }).spawn();
}

/** Lines of each file, by its path in the repository, from a report in the form of lcov. */
function parseLcov(text: string): Map<string, { found: number; hit: number }> {
  const files = new Map<string, { found: number; hit: number }>();
  for (const record of text.split("end_of_record")) {
    const number = (name: string) =>
      Number(new RegExp(`^${name}:(\\d+)$`, "m").exec(record)?.[1] ?? 0);
    const path = /^SF:(.*)$/m.exec(record)?.[1];
    if (path === undefined) continue;
    files.set(path.slice(path.lastIndexOf("/lib/") + 1), {
      found: number("LF"),
      hit: number("LH"),
    });
  }
  return files;
}

await Deno.remove(folder, { recursive: true }).catch(() => {});
const tests = await deno(["test", "-A", "--quiet"]).status;
await deno(["coverage", folder, include]).status;
const report = deno(["coverage", folder, include, "--lcov"], "piped");
const files = parseLcov(await toText(report.stdout));

let reached = true;
for (const { folder, percent } of REQUIRED) {
  let found = 0;
  let hit = 0;
  for (const [path, lines] of files) {
    if (!path.startsWith(folder)) continue;
    found += lines.found;
    hit += lines.hit;
  }
  const share = found === 0 ? 0 : 100 * hit / found;
  console.log(
    `${folder}: ${share.toFixed(1)} % of the lines, ${percent} % required`,
  );
  if (share < percent) reached = false;
}
Deno.exit(tests.success && reached ? 0 : 1);
