/** The options that `netdiag echo send` and `netdiag echo load` share. */

import type { EngineChoice } from "../../lib/socket/network.ts";
import type { Endpoint } from "../../lib/socket/endpoint.ts";
import { systemReason, UsageError } from "../cli/errors.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";

/** Which sockets to use. */
export const ENGINE_OPTION = {
  type: "choice",
  choices: ["auto", "native", "deno"],
  help: "native: the system's own sockets, by FFI (Linux); deno: Deno's; " +
    "auto: native where it can be had",
} as const;

/** How to reach the server, and how to tell what came of it. */
export const CLIENT_OPTIONS = {
  ipv4: { short: "4", type: "flag", help: "use IPv4 only" },
  ipv6: { short: "6", type: "flag", help: "use IPv6 only" },
  cacert: {
    type: "string",
    value: "FILE",
    help: "trust the certificates in this file, too (tls://)",
  },
  engine: ENGINE_OPTION,
  quiet: { short: "q", type: "flag", help: "only the summary" },
  json: { type: "flag", help: "one JSON object a line; the last one sums up" },
} as const satisfies OptionSpecs;

type ClientValues = OptionValues<typeof CLIENT_OPTIONS>;

/**
 * Checks that options go together, with each other and with the endpoint.
 *
 * @throws {UsageError} when they do not
 */
export function checkClientOptions(
  { ipv4, ipv6, cacert }: ClientValues,
  { transport }: Endpoint,
): void {
  if (ipv4 && ipv6) {
    throw new UsageError('Options "--ipv4" and "--ipv6" exclude each other');
  }
  if (cacert !== undefined && transport !== "tls") {
    throw new UsageError('Option "--cacert" goes with a tls:// endpoint only');
  }
}

/**
 * The engines' options.
 *
 * @throws {UsageError} when the file of certificates cannot be read
 */
export async function clientOptions(
  { ipv4, ipv6, cacert, engine }: ClientValues,
): Promise<{
  family: 4 | 6 | undefined;
  certificates: string[] | undefined;
  engine: EngineChoice | undefined;
}> {
  return {
    family: ipv4 ? 4 : ipv6 ? 6 : undefined,
    certificates: cacert === undefined
      ? undefined
      : [await readCertificates(cacert)],
    engine,
  };
}

async function readCertificates(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new UsageError(
      `Cannot read certificates from "${path}": ${systemReason(error)}`,
    );
  }
}
