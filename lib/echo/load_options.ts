/** Checks and defaults of a load's options, before anything is opened. */

import type { Endpoint } from "../socket/endpoint.ts";
import { checkChoice, checkNumber, OptionError } from "../socket/options.ts";
import type { EchoLoadOptions } from "./load_types.ts";

export const DEFAULT_CONNECTIONS = 64;
export const MAX_CONNECTIONS = 100_000;
export const DEFAULT_SIZE = 64;
export const MAX_STREAM_SIZE = 1 << 26;
/** What a UDP datagram over IPv4 carries at the most (RFC 791, RFC 768). */
export const MAX_DATAGRAM_SIZE = 65_507;
export const DEFAULT_DURATION_MS = 10_000;
export const DEFAULT_WARMUP_MS = 1000;
export const DEFAULT_TIMEOUT_MS = 1000;
/** The longest time that an option takes, in milliseconds: a day. */
export const MAX_MS = 86_400_000;
export const MAX_RATE = 1e7;

/** A load's options with their defaults. */
export interface LoadPlan {
  readonly connections: number;
  readonly size: number;
  readonly durationMs: number;
  readonly warmupMs: number;
  /** Milliseconds between two planned messages; undefined in a closed loop. */
  readonly gapMs: number | undefined;
  readonly reconnect: boolean;
  readonly timeoutMs: number;
  readonly tls: { readonly certificates?: readonly string[] } | undefined;
}

/** @throws {OptionError} when an option has a value that cannot be used */
export function planLoad(
  { transport }: Endpoint,
  options: EchoLoadOptions,
): LoadPlan {
  const isDatagram = transport === "udp" || transport === "unixgram";
  const maxSize = isDatagram ? MAX_DATAGRAM_SIZE : MAX_STREAM_SIZE;
  checkChoice("family", options.family, [4, 6]);
  checkChoice("engine", options.engine, ["auto", "native", "deno"]);
  checkNumber("connections", options.connections, 1, MAX_CONNECTIONS, true);
  checkNumber("size", options.size, 1, maxSize, true);
  checkNumber("durationMs", options.durationMs, 1, MAX_MS, false);
  checkNumber("warmupMs", options.warmupMs, 0, MAX_MS, false);
  checkNumber("timeoutMs", options.timeoutMs, 1, MAX_MS, false);
  checkNumber("rate", options.rate, Number.MIN_VALUE, MAX_RATE, false);
  if (options.reconnect && isDatagram) {
    throw new OptionError(
      "reconnect",
      `Cannot reconnect to ${transport}: it has no connections`,
    );
  }
  const { certificates } = options;
  return {
    connections: options.connections ?? DEFAULT_CONNECTIONS,
    size: options.size ?? DEFAULT_SIZE,
    durationMs: options.durationMs ?? DEFAULT_DURATION_MS,
    warmupMs: options.warmupMs ?? DEFAULT_WARMUP_MS,
    gapMs: options.rate === undefined ? undefined : 1000 / options.rate,
    reconnect: options.reconnect ?? false,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    tls: certificates === undefined ? undefined : { certificates },
  };
}
