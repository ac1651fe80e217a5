/** What is in the archive of a release: the program and what belongs to it. */

import { completionScript, SHELLS } from "../../commands/cli/completions.ts";
import { type ArchivedFile, tarGz, zip } from "./archive.ts";
import { isWindows, type Target } from "./compile.ts";
import { manualPages } from "./man.ts";
import { ROOT, type Source } from "./source.ts";

/** Where completions go in an archive, by the names that the shells look for. */
const COMPLETION_FILES: Readonly<Record<typeof SHELLS[number], string>> = {
  bash: "completions/netdiag.bash",
  zsh: "completions/_netdiag",
  fish: "completions/netdiag.fish",
  powershell: "completions/netdiag.ps1",
};

/** An archive: `.zip` for Windows, `.tar.gz` for the others. */
export async function packFiles(
  source: Source,
  target: Target,
  name: string,
  binary: string,
): Promise<{ name: string; contents: Uint8Array<ArrayBuffer> }> {
  const files: ArchivedFile[] = [];
  const add = (path: string, contents: string | Uint8Array<ArrayBuffer>) => {
    files.push({
      path: `${name}/${path}`,
      contents: typeof contents === "string"
        ? new TextEncoder().encode(contents)
        : contents,
      isExecutable: path.startsWith("netdiag"),
    });
  };
  add(
    isWindows(target) ? "netdiag.exe" : "netdiag",
    await Deno.readFile(binary),
  );
  for (const file of ["LICENSE", "README.md"]) {
    add(file, await Deno.readFile(new URL(file, ROOT)));
  }
  for (const shell of SHELLS) {
    add(COMPLETION_FILES[shell], await completionScript(shell));
  }
  for (const page of await manualPages(source)) {
    add(`man/${page.name}`, page.text);
  }
  return isWindows(target)
    ? { name: `${name}.zip`, contents: zip(files, source.date) }
    : { name: `${name}.tar.gz`, contents: await tarGz(files, source.date) };
}
