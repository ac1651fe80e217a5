/** The options of `netdiag echo send`, and the engine's options from them. */

import {
  DEFAULT_SIZE,
  MAX_COALESCE,
  MAX_COUNT,
  MAX_MESSAGE,
  MAX_MS,
} from "../../lib/echo/probe_options.ts";
import type { EchoProbeOptions } from "../../lib/echo/probe_types.ts";
import type { Endpoint } from "../../lib/socket/endpoint.ts";
import { UsageError } from "../cli/errors.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";
import {
  checkClientOptions,
  CLIENT_OPTIONS,
  clientOptions,
} from "./client_options.ts";
import { ENCODINGS } from "./encodings.ts";

/** The options of `echo send`. */
export const SEND_OPTIONS = {
  count: {
    short: "c",
    type: "integer",
    value: "N",
    min: 1,
    max: MAX_COUNT,
    help: "stop after N messages; without it: one MESSAGE, or until Ctrl-C",
  },
  interval: {
    short: "i",
    type: "duration",
    value: "TIME",
    max: MAX_MS,
    help: "time between two messages (1s); 0 is as fast as answers come",
  },
  timeout: {
    short: "W",
    type: "duration",
    value: "TIME",
    max: MAX_MS,
    help: "how long to wait for a connection, and a message for its answer " +
      "(10s)",
  },
  deadline: {
    short: "w",
    type: "duration",
    value: "TIME",
    max: MAX_MS,
    help: "stop after this time, whatever was sent",
  },
  size: {
    short: "s",
    type: "size",
    value: "BYTES",
    min: 0,
    max: MAX_MESSAGE,
    help: `without MESSAGE: bytes of each message (${DEFAULT_SIZE})`,
  },
  frame: {
    type: "choice",
    choices: ["none", "line", "length"],
    help: "end each message with a line feed, or put its length before it " +
      "(4 bytes, big-endian); answers are told apart by it",
  },
  split: {
    type: "size",
    value: "BYTES",
    min: 1,
    max: MAX_MESSAGE,
    help: "write in pieces, a millisecond apart: the server has several " +
      "reads of one message",
  },
  coalesce: {
    type: "integer",
    value: "N",
    min: 1,
    max: MAX_COALESCE,
    help: "put N messages into one write: the server may have one read of " +
      "several messages",
  },
  encoding: {
    short: "e",
    type: "choice",
    choices: ENCODINGS,
    help: "how MESSAGE becomes bytes, and the answer text (utf-8)",
  },
  ...CLIENT_OPTIONS,
} as const satisfies OptionSpecs;

/** What a command line gave for them. */
export type SendValues = OptionValues<typeof SEND_OPTIONS>;

/** What has a meaning for streams only. */
const STREAM_OPTIONS = ["frame", "split", "coalesce"] as const;

/**
 * Checks that options go together, with each other and with what is sent where.
 *
 * @param message the text of MESSAGE, if it was given
 * @throws {UsageError} when they do not
 */
export function checkOptions(
  options: SendValues,
  endpoint: Endpoint,
  message: string | undefined,
): void {
  checkClientOptions(options, endpoint);
  const { transport } = endpoint;
  const isStream = transport !== "udp" && transport !== "unixgram";
  const misplaced = STREAM_OPTIONS.find((name) => options[name] !== undefined);
  if (!isStream && misplaced !== undefined) {
    throw new UsageError(
      `Option "--${misplaced}" is for streams, and ${transport} has datagrams`,
    );
  }
  if (message !== undefined && options.size !== undefined) {
    throw new UsageError(
      'Option "--size" is for messages that are made up, not for a given one',
    );
  }
  if (message === undefined && options.encoding !== undefined) {
    throw new UsageError('Option "--encoding" needs a MESSAGE');
  }
}

/**
 * The engine's options.
 *
 * @throws {UsageError} when the file of certificates cannot be read
 */
export async function probeOptions(
  options: SendValues,
): Promise<EchoProbeOptions> {
  return {
    count: options.count,
    intervalMs: options.interval,
    timeoutMs: options.timeout,
    deadlineMs: options.deadline,
    size: options.size,
    framing: options.frame,
    split: options.split,
    coalesce: options.coalesce,
    ...await clientOptions(options),
  };
}
