/** What is built: the version, and the commit that the files are from. */

import config from "../../deno.json" with { type: "json" };

/** Where the sources are. */
export const ROOT = new URL("../../", import.meta.url);

/** What a binary says of itself. */
export interface Source {
  readonly version: string;
  /** Of git; ends with `-changed` where files differ from the commit. */
  readonly commit: string;
  /** When the commit was made; the same for every build of it. */
  readonly date: Date;
}

/**
 * Reads version, commit and date.
 *
 * @throws {Error} where git cannot tell the commit
 */
export async function readSource(): Promise<Source> {
  const [commit, seconds] = (await git("show", "-s", "--format=%H %ct", "HEAD"))
    .split(" ");
  const isChanged = await git("status", "--porcelain") !== "";
  return {
    version: config.version,
    commit: isChanged ? `${commit}-changed` : commit!,
    date: new Date(Number(seconds) * 1000),
  };
}

async function git(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("git", {
    // The files may belong to another user than the one who builds.
    args: ["-c", "safe.directory=*", ...args],
    cwd: ROOT,
  }).output().catch((error) => {
    throw new Error(`Cannot run git, which tells the commit: ${error.message}`);
  });
  const decoder = new TextDecoder();
  if (!success) {
    throw new Error(
      `Cannot tell the commit: ${decoder.decode(stderr).trim()}`,
    );
  }
  return decoder.decode(stdout).trim();
}
