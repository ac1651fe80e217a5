/** Checks and defaults of a load's options, before anything is opened. */

import type { Endpoint } from "../socket/endpoint.ts";
import { checkChoice, checkNumber, OptionError } from "../socket/options.ts";
import { NUMBER_BYTES } from "./load_message.ts";
import type { EchoLoadOptions } from "./load_types.ts";

export const DEFAULT_CONNECTIONS = 64;
export const MAX_CONNECTIONS = 100_000;
export const DEFAULT_SIZE = 64;
export const MAX_STREAM_SIZE = 1 << 26;
/** What a UDP datagram over IPv4 carries at the most (RFC 791, RFC 768). */
export const MAX_DATAGRAM_SIZE = 65_507;
export const DEFAULT_DURATION_MS = 10_000;
export const DEFAULT_WARMUP_MS = 1000;
/** A stream loses nothing: an answer that is late is waited for. */
export const DEFAULT_STREAM_TIMEOUT_MS = 10_000;
export const DEFAULT_DATAGRAM_TIMEOUT_MS = 1000;
export const MAX_IN_FLIGHT = 65_536;
/** The longest time that an option takes, in milliseconds: a day. */
export const MAX_MS = 86_400_000;
export const MAX_RATE = 1e7;

/** A load's options with their defaults. */
export interface LoadPlan {
  readonly isDatagram: boolean;
  readonly connections: number;
  /** Messages in flight on one connection, at the most. */
  readonly inFlight: number;
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
  const minSize = isDatagram ? NUMBER_BYTES : 1;
  const maxSize = isDatagram ? MAX_DATAGRAM_SIZE : MAX_STREAM_SIZE;
  checkChoice("family", options.family, [4, 6]);
  checkChoice("engine", options.engine, ["auto", "native", "deno"]);
  checkNumber("connections", options.connections, 1, MAX_CONNECTIONS, true);
  checkNumber("inFlight", options.inFlight, 1, MAX_IN_FLIGHT, true);
  checkNumber("size", options.size, minSize, maxSize, true);
  checkNumber("durationMs", options.durationMs, 1, MAX_MS, false);
  checkNumber("warmupMs", options.warmupMs, 0, MAX_MS, false);
  checkNumber("timeoutMs", options.timeoutMs, 1, MAX_MS, false);
  checkNumber("rate", options.rate, Number.MIN_VALUE, MAX_RATE, false);
  checkMeaning(transport, isDatagram, options);
  const { certificates, rate } = options;
  const connections = options.connections ?? DEFAULT_CONNECTIONS;
  const timeoutMs = options.timeoutMs ??
    (isDatagram ? DEFAULT_DATAGRAM_TIMEOUT_MS : DEFAULT_STREAM_TIMEOUT_MS);
  return {
    isDatagram,
    connections,
    inFlight: rate !== undefined && isDatagram
      ? roomForLoss(rate / connections, timeoutMs)
      : options.inFlight ?? 1,
    size: options.size ?? DEFAULT_SIZE,
    durationMs: options.durationMs ?? DEFAULT_DURATION_MS,
    warmupMs: options.warmupMs ?? DEFAULT_WARMUP_MS,
    gapMs: rate === undefined ? undefined : 1000 / rate,
    reconnect: options.reconnect ?? false,
    timeoutMs,
    tls: certificates === undefined ? undefined : { certificates },
  };
}

function checkMeaning(
  transport: string,
  isDatagram: boolean,
  { reconnect, inFlight, rate }: EchoLoadOptions,
): void {
  if (reconnect && isDatagram) {
    throw new OptionError(
      "reconnect",
      `Cannot reconnect to ${transport}: it has no connections`,
    );
  }
  if (inFlight === undefined) return;
  if (!isDatagram) {
    throw new OptionError(
      "inFlight",
      `Cannot keep ${inFlight} in flight on ${transport}: a connection has one message in flight`,
    );
  }
  if (rate !== undefined) {
    throw new OptionError(
      "inFlight",
      `Cannot keep ${inFlight} in flight at a rate: messages are sent when they are planned`,
    );
  }
}

/** Enough for all that is planned until a lost datagram is given up, so that it holds up none. */
function roomForLoss(perSecond: number, timeoutMs: number): number {
  const planned = Math.ceil(perSecond * timeoutMs / 1000 * 1.25) + 16;
  return Math.min(planned, MAX_IN_FLIGHT);
}
