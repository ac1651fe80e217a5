/** The version line. */

import config from "../../deno.json" with { type: "json" };
import { BUILD, type Build } from "./build.ts";

/** `1.2.3`. */
export const programVersion: string = config.version;

/**
 * `netdiag 1.2.3 (5f2d0c1a9b3e, 2026-11-21, deno 2.9.6, x86_64-unknown-linux-gnu)`
 * and a line end; `from source` is in place of commit and date where it was not built.
 */
export function versionLine(build: Build | undefined = BUILD): string {
  const origin = build === undefined
    ? "from source"
    : `${shortCommit(build.commit)}, ${build.date}`;
  return `netdiag ${programVersion} (${origin}, deno ${Deno.version.deno}, ${Deno.build.target})\n`;
}

function shortCommit(commit: string): string {
  return commit.replace(/^(\w{12})\w*/, "$1");
}
