/** One binary of the bundled program, by `deno compile`. */

import { PERMISSION_FLAGS } from "../../commands/cli/permissions.ts";
import type { Bundle } from "./bundle.ts";

/** A system that there is a binary for. */
export interface Target {
  /** What Deno calls it. */
  readonly triple: string;
  /** What people call it. */
  readonly name: string;
}

/** Every system that Deno compiles for. */
export const TARGETS: readonly Target[] = [
  { triple: "x86_64-unknown-linux-gnu", name: "linux-x86_64" },
  { triple: "aarch64-unknown-linux-gnu", name: "linux-aarch64" },
  { triple: "x86_64-apple-darwin", name: "macos-x86_64" },
  { triple: "aarch64-apple-darwin", name: "macos-aarch64" },
  { triple: "x86_64-pc-windows-msvc", name: "windows-x86_64" },
  { triple: "aarch64-pc-windows-msvc", name: "windows-aarch64" },
];

/** Whether the target is a Windows. */
export function isWindows(target: Target): boolean {
  return target.triple.includes("windows");
}

/** The flags of `deno compile` that say what the program may do, and how it runs. */
const FLAGS = [
  ...PERMISSION_FLAGS,
  // Not a question in the middle of the output.
  "--no-prompt",
  // It would be a file in the folder for temporary files, under a name that others can foresee.
  "--no-code-cache",
  // V8's baseline compiler costs a short run a millisecond on other threads
  // and wins a long one nothing: what is hot goes on to the next compiler.
  "--v8-flags=--no-sparkplug",
  // The modules are bundled: nothing is left to resolve, and the types were checked as sources.
  "--no-check",
  "--no-config",
  "--no-lock",
  "--no-npm",
  "--no-remote",
];

/**
 * Compiles a bundle.
 *
 * @throws {Error} in one line, where Deno cannot
 */
export async function compile(
  { main, includes }: Bundle,
  target: Target,
  output: string,
): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["compile", "--quiet", ...FLAGS],
      ...includes.map((path) => `--include=${path}`),
      ...[`--target=${target.triple}`, `--output=${output}`, main],
    ],
    env: { NO_COLOR: "1" },
  }).output();
  if (!success) {
    throw new Error(describeFailure(new TextDecoder().decode(stderr), target));
  }
}

/** What kept Deno from compiling, from what it printed. */
export function describeFailure(stderr: string, { name }: Target): string {
  const [, url, why] =
    /error sending request for url \((.*?)\): (.*)/.exec(stderr) ?? [];
  if (url !== undefined) {
    return `Cannot download the runtime for ${name} from ${url}: ${why}; ` +
      "connect, or name one by DENORT_BIN";
  }
  const causes = stderr.split(/^Stack backtrace:/m)[0]!.split("\n")
    .map((line) => line.replace(/^(error:|\s*\d+:|Caused by:)/, "").trim())
    .filter((line) => line !== "");
  return `Cannot compile for ${name}: ${causes.join(": ")}`;
}
