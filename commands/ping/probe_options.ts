/** The engine's options from those of the command line. */

import { MAX_PATTERN_BYTES } from "../../lib/ping/limits.ts";
import type { ProbeOptions } from "../../lib/ping/types.ts";
import { UsageError } from "../cli/errors.ts";
import type { PingValues } from "../ping.ts";

/** TCP handshakes have no payload; what ICMP sockets alone can do is not for ports. */
const EXCLUSIVE: readonly (readonly [keyof PingValues, keyof PingValues])[] = [
  ["ipv4", "ipv6"],
  ["tcp", "udp"],
  ["tcp", "size"],
  ["tcp", "pattern"],
  ["tcp", "path-mtu"],
  ["tcp", "broadcast"],
  ["udp", "path-mtu"],
  ["udp", "broadcast"],
];

/** What to do where a broadcast address is refused. */
export const BROADCAST_REMEDY = "; -b allows it";

/**
 * What one and many targets have in common.
 *
 * @throws {UsageError} when options exclude each other, or a pattern is none
 */
export function probeOptions(options: PingValues): ProbeOptions {
  for (const [a, b] of EXCLUSIVE) {
    if (isGiven(options[a]) && isGiven(options[b])) {
      throw new UsageError(`Options "--${a}" and "--${b}" exclude each other`);
    }
  }
  if (options.timeout === 0) {
    throw new UsageError('Invalid value "0" for "--timeout": must be above 0');
  }
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

/** Whether an option that takes a value, or a flag, is on the command line. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== false;
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
