/** The options of `netdiag echo load`, and the engine's options from them. */

import {
  DEFAULT_CONNECTIONS,
  DEFAULT_DATAGRAM_TIMEOUT_MS,
  DEFAULT_DURATION_MS,
  DEFAULT_SIZE,
  DEFAULT_STREAM_TIMEOUT_MS,
  DEFAULT_WARMUP_MS,
  MAX_CONNECTIONS,
  MAX_IN_FLIGHT,
  MAX_MS,
  MAX_RATE,
  MAX_STREAM_SIZE,
} from "../../lib/echo/load_options.ts";
import type { EchoLoadOptions } from "../../lib/echo/load_types.ts";
import type { Endpoint } from "../../lib/socket/endpoint.ts";
import { UsageError } from "../cli/errors.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";
import {
  checkClientOptions,
  CLIENT_OPTIONS,
  clientOptions,
} from "./client_options.ts";

/** The options of `echo load`. */
export const LOAD_OPTIONS = {
  conns: {
    type: "integer",
    value: "N",
    min: 1,
    max: MAX_CONNECTIONS,
    help: `connections, or datagram sockets (${DEFAULT_CONNECTIONS})`,
  },
  "in-flight": {
    type: "integer",
    value: "N",
    min: 1,
    max: MAX_IN_FLIGHT,
    help: "datagrams: messages in flight on each socket (1), as on a " +
      "connection",
  },
  size: {
    short: "s",
    type: "size",
    value: "BYTES",
    min: 1,
    max: MAX_STREAM_SIZE,
    help: `bytes of a message (${DEFAULT_SIZE})`,
  },
  duration: {
    short: "d",
    type: "duration",
    value: "TIME",
    max: MAX_MS,
    help: `how long to measure (${DEFAULT_DURATION_MS / 1000}s)`,
  },
  warmup: {
    type: "duration",
    value: "TIME",
    max: MAX_MS,
    help: `how long to run before that (${DEFAULT_WARMUP_MS / 1000}s)`,
  },
  rate: {
    short: "r",
    type: "integer",
    value: "N",
    min: 1,
    max: MAX_RATE,
    help: "open loop: N messages a second over all connections, planned ahead",
  },
  reconnect: {
    type: "flag",
    help: "a connection for each message, its handshake included; ends with " +
      "a reset, so that no port is left waiting",
  },
  timeout: {
    short: "W",
    type: "duration",
    value: "TIME",
    max: MAX_MS,
    help: "how long to wait for a connection, and for an answer " +
      `(${DEFAULT_STREAM_TIMEOUT_MS / 1000}s; datagrams ` +
      `${DEFAULT_DATAGRAM_TIMEOUT_MS / 1000}s)`,
  },
  ...CLIENT_OPTIONS,
  csv: {
    type: "string",
    value: "FILE",
    help: "write the distribution of latencies to a file, in milliseconds, " +
      "with the columns of HdrHistogram",
  },
} as const satisfies OptionSpecs;

/** What a command line gave for them. */
export type LoadValues = OptionValues<typeof LOAD_OPTIONS>;

/**
 * Checks that options go together, with each other and with the endpoint.
 *
 * @throws {UsageError} when they do not
 */
export function checkLoadOptions(
  options: LoadValues,
  endpoint: Endpoint,
): void {
  checkClientOptions(options, endpoint);
  const { transport } = endpoint;
  const isStream = transport !== "udp" && transport !== "unixgram";
  for (const name of ["duration", "timeout"] as const) {
    if (options[name] === 0) {
      throw new UsageError(
        `Invalid value "0" for "--${name}": must be above 0`,
      );
    }
  }
  if (options.csv === "-") {
    throw new UsageError('Invalid value "-" for "--csv": it needs a file');
  }
  if (options.reconnect && !isStream) {
    throw new UsageError(
      `Option "--reconnect" is for connections, and ${transport} has none`,
    );
  }
  const inFlight = options["in-flight"];
  if (inFlight !== undefined && isStream) {
    throw new UsageError(
      'Option "--in-flight" is for datagrams: for more messages in flight ' +
        `over ${transport}, raise "--conns"`,
    );
  }
  if (inFlight !== undefined && options.rate !== undefined) {
    throw new UsageError(
      'Options "--rate" and "--in-flight" exclude each other: at a rate, ' +
        "datagrams are sent when they are planned",
    );
  }
}

/**
 * The engine's options.
 *
 * @throws {UsageError} when the file of certificates cannot be read
 */
export async function loadOptions(
  options: LoadValues,
): Promise<EchoLoadOptions> {
  return {
    connections: options.conns,
    inFlight: options["in-flight"],
    size: options.size,
    durationMs: options.duration,
    warmupMs: options.warmup,
    rate: options.rate,
    reconnect: options.reconnect,
    timeoutMs: options.timeout,
    ...await clientOptions(options),
  };
}
