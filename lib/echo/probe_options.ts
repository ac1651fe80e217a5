/** Checks and defaults of a probe's options, before anything is opened. */

import type { Endpoint } from "../socket/endpoint.ts";
import type { ScopedConnectOptions } from "../socket/network.ts";
import { checkChoice, checkNumber, OptionError } from "../socket/options.ts";
import type { Framing } from "../wire/frames.ts";
import type { EchoProbeOptions } from "./probe_types.ts";

/** Bytes of a message that nobody chose. */
export const DEFAULT_SIZE = 56;
/** The longest message over a stream. */
export const MAX_MESSAGE = 1 << 24;
/** The longest message in a datagram: what IPv4 leaves for it. */
export const MAX_DATAGRAM_MESSAGE = 65_507;
/** The most messages of one run, and in one write. */
export const MAX_COUNT = Number.MAX_SAFE_INTEGER;
export const MAX_COALESCE = 1024;
/** The longest time that an option takes, in milliseconds: a day. */
export const MAX_MS = 86_400_000;
const DEFAULT_INTERVAL_MS = 1000;
const DEFAULT_TIMEOUT_MS = 10_000;

/** A probe's options with their defaults. */
export interface ProbePlan {
  readonly isStream: boolean;
  /** Absent: messages carry their number. */
  readonly message: Uint8Array | undefined;
  readonly size: number;
  readonly count: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** At the end of the run, wait no longer than answers took until then. */
  readonly lingers: boolean;
  readonly deadlineMs: number;
  readonly framing: Framing;
  readonly split: number;
  readonly coalesce: number;
  readonly keepReplies: boolean;
  readonly connect: ScopedConnectOptions;
}

/**
 * Checks the options of one run.
 *
 * @throws {OptionError} when one has a value that cannot be used, or has no meaning for the endpoint
 */
export function planProbe(
  { transport }: Endpoint,
  options: EchoProbeOptions,
): ProbePlan {
  const isStream = transport !== "udp" && transport !== "unixgram";
  const maxSize = isStream ? MAX_MESSAGE : MAX_DATAGRAM_MESSAGE;
  checkNumber("size", options.size, 0, maxSize, true);
  checkNumber("count", options.count, 1, MAX_COUNT, true);
  checkNumber("intervalMs", options.intervalMs, 0, MAX_MS, false);
  checkNumber("timeoutMs", options.timeoutMs, 0, MAX_MS, false);
  checkNumber("deadlineMs", options.deadlineMs, 0, MAX_MS, false);
  checkChoice("framing", options.framing, ["none", "line", "length"]);
  checkNumber("split", options.split, 1, MAX_MESSAGE, true);
  checkNumber("coalesce", options.coalesce, 1, MAX_COALESCE, true);
  checkChoice("family", options.family, [4, 6]);
  checkChoice("engine", options.engine, ["auto", "native", "deno"]);
  if (!isStream) refuseStreamOptions(options, transport);
  if (options.input !== undefined) refuseMessageOptions(options);
  const framing = options.framing ?? "none";
  const message = options.message;
  const size = message?.length ?? options.size ?? DEFAULT_SIZE;
  checkMessage(options, size, maxSize, isStream);
  return {
    isStream,
    message,
    size,
    count: options.count ?? (message === undefined ? Infinity : 1),
    intervalMs: options.intervalMs ?? DEFAULT_INTERVAL_MS,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    lingers: !isStream && options.timeoutMs === undefined,
    deadlineMs: options.deadlineMs ?? Infinity,
    framing,
    split: options.split ?? Infinity,
    coalesce: options.coalesce ?? 1,
    keepReplies: options.keepReplies ?? false,
    connect: {
      noDelay: true,
      tls: transport === "tls"
        ? {
          certificates: options.certificates,
        }
        : undefined,
    },
  };
}

function checkMessage(
  { message, input, framing = "none" }: EchoProbeOptions,
  size: number,
  maxSize: number,
  isStream: boolean,
): void {
  if (input !== undefined) return;
  if (size > maxSize) {
    throw new OptionError(
      "message",
      `Cannot send a message of ${size} bytes: ${maxSize} at most`,
    );
  }
  if (size === 0 && isStream && framing === "none") {
    throw new OptionError(
      message === undefined ? "size" : "message",
      "Cannot send a message of 0 bytes over a stream without framing",
    );
  }
  if (framing === "line" && message?.includes(0x0a)) {
    throw new OptionError(
      "message",
      "Cannot send a message with a line feed in it as one line",
    );
  }
}

/** What has a meaning for streams only. */
const STREAM_OPTIONS = ["input", "framing", "split", "coalesce"] as const;
/** What has a meaning for messages only. */
const MESSAGE_OPTIONS = [
  "message",
  "size",
  "count",
  "intervalMs",
  "framing",
  "split",
  "coalesce",
] as const;

function refuseStreamOptions(
  options: EchoProbeOptions,
  transport: string,
): void {
  for (const name of STREAM_OPTIONS) {
    if (options[name] === undefined) continue;
    throw new OptionError(
      name,
      `Cannot use ${name} over ${transport}: it is for streams`,
    );
  }
}

function refuseMessageOptions(options: EchoProbeOptions): void {
  for (const name of MESSAGE_OPTIONS) {
    if (options[name] === undefined) continue;
    throw new OptionError(
      name,
      `Cannot use ${name} with input: it is for messages`,
    );
  }
}
