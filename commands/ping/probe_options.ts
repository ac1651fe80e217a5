/** The engine's options from those of the command line. */

import type { ProbeOptions } from "../../lib/ping/types.ts";
import { UsageError } from "../cli/errors.ts";
import type { PingValues } from "../ping.ts";

const MAX_PATTERN_BYTES = 16;

/**
 * What one and many targets have in common.
 *
 * @throws {UsageError} when options exclude each other, or a pattern is none
 */
export function probeOptions(options: PingValues): ProbeOptions {
  exclude(options, "ipv4", "ipv6");
  exclude(options, "tcp", "udp");
  return {
    probe: options.tcp !== undefined
      ? "tcp"
      : options.udp !== undefined
      ? "udp"
      : "icmp",
    port: options.tcp ?? options.udp,
    family: options.ipv4 ? 4 : options.ipv6 ? 6 : undefined,
    size: options.size,
    ttl: options.ttl,
    tos: options.tos,
    pattern: options.pattern === undefined
      ? undefined
      : parsePattern(options.pattern),
    source: options.source,
    pathMtu: options["path-mtu"],
    broadcast: options.broadcast,
    intervalMs: options.interval,
    timeoutMs: options.timeout,
  };
}

function exclude(
  options: PingValues,
  a: keyof PingValues,
  b: keyof PingValues,
): void {
  const given = (value: unknown) => value !== undefined && value !== false;
  if (given(options[a]) && given(options[b])) {
    throw new UsageError(`Options "--${a}" and "--${b}" exclude each other`);
  }
}

/** Two hexadecimal digits a byte; an odd last one is a byte of its own, as in iputils. */
function parsePattern(text: string): Uint8Array {
  if (!/^[0-9a-f]+$/i.test(text)) {
    throw new UsageError(
      `Invalid value "${text}" for "--pattern": not hexadecimal digits`,
    );
  }
  const bytes = text.match(/..?/g)!.map((pair) => parseInt(pair, 16));
  return Uint8Array.from(bytes.slice(0, MAX_PATTERN_BYTES));
}
