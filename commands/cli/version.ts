/** The version line. */

import config from "../../deno.json" with { type: "json" };

/** `1.2.3`. */
export const programVersion: string = config.version;

/** `netdiag 1.2.3 (deno 2.9.6, x86_64-unknown-linux-gnu)` and a line end. */
export function versionLine(): string {
  return `netdiag ${programVersion} (deno ${Deno.version.deno}, ${Deno.build.target})\n`;
}
