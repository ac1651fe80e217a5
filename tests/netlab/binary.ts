/** The binary to test in place of the sources. */

/** What NETDIAG_BIN names, as an absolute path; undefined where the sources are tested. */
export const BINARY: string | undefined = binaryPath();

function binaryPath(): string | undefined {
  const path = Deno.env.get("NETDIAG_BIN");
  return path === undefined ? undefined : Deno.realPathSync(path);
}
