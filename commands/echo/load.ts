/** `netdiag echo load`: its options, and how it runs. */

import {
  DEFAULT_CONNECTIONS,
  DEFAULT_DURATION_MS,
  DEFAULT_SIZE,
  DEFAULT_TIMEOUT_MS,
  DEFAULT_WARMUP_MS,
  MAX_CONNECTIONS,
  MAX_MS,
  MAX_RATE,
  MAX_STREAM_SIZE,
} from "../../lib/echo/load_options.ts";
import type { EchoLoadOptions } from "../../lib/echo/load_types.ts";
import { type Endpoint, parseEndpoint } from "../../lib/socket/endpoint.ts";
import { UsageError } from "../cli/errors.ts";
import type {
  Command,
  OptionSpecs,
  OptionValues,
  Permission,
  Permissions,
} from "../command.ts";

/** The options of `echo load`. */
export const LOAD_OPTIONS = {
  conns: {
    type: "integer",
    value: "N",
    min: 1,
    max: MAX_CONNECTIONS,
    help: `connections, or datagram sockets (${DEFAULT_CONNECTIONS}); each ` +
      "has one message in flight",
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
    help: "open loop: N messages a second in all, planned ahead; see above",
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
      `(${DEFAULT_TIMEOUT_MS / 1000}s)`,
  },
  ipv4: { short: "4", type: "flag", help: "use IPv4 only" },
  ipv6: { short: "6", type: "flag", help: "use IPv6 only" },
  cacert: {
    type: "string",
    value: "FILE",
    help: "trust the certificates in this file, too (tls://)",
  },
  engine: {
    type: "choice",
    choices: ["auto", "native", "deno"],
    help: "the native event loop (Linux), or Deno's own sockets",
  },
  quiet: { short: "q", type: "flag", help: "only the summary" },
  json: { type: "flag", help: "one JSON object a line; the last one sums up" },
  csv: {
    type: "string",
    value: "FILE",
    help: "write the distribution of latencies to a file",
  },
} as const satisfies OptionSpecs;

/** The values of `echo load`'s options. */
export type LoadValues = OptionValues<typeof LOAD_OPTIONS>;

/** The `echo load` command. */
export const load: Command<typeof LOAD_OPTIONS> = {
  name: "echo load",
  usage: ["[OPTION...] ENDPOINT"],
  description: [
    "Loads an echo server, checks every byte that comes back, and prints how " +
    "many messages a second it answered and how long each took.",
    "ENDPOINT is tcp://HOST:PORT (or HOST:PORT), udp://HOST:PORT, " +
    "tls://HOST:PORT, unix:/PATH, unixgram:/PATH, or unix:@NAME.",
    "Without --rate the loop is closed: a connection sends its next message " +
    "when the last one is answered, so a server that stalls is asked less " +
    "often just then, and the latencies look better than a user would find " +
    "them. That is coordinated omission. With --rate the loop is open: each " +
    "message has a planned time, from which its latency counts, however late " +
    "it could be sent.",
    "TIME is 200ms, 2s or 1m; a bare number is seconds.",
    "Exit status: 0 everything came back as it was sent, 1 something did not, " +
    "2 it could not run as asked.",
  ],
  options: LOAD_OPTIONS,
  examples: [
    {
      line: "echo load tcp://127.0.0.1:7007",
      does: "64 connections, as fast as the server answers",
    },
    {
      line: "echo load --rate 5000 -d 30s udp://10.0.0.1:7",
      does: "5000 datagrams a second, latency from the planned time on",
    },
    {
      line: "echo load --reconnect --conns 8 tcp://127.0.0.1:7007",
      does: "how many connections a second?",
    },
    {
      line: "echo load --json --csv latency.csv tcp://127.0.0.1:7007",
      does: "for programs, and for a plot",
    },
  ],
  prepare({ options, operands }) {
    const [operand, ...others] = operands;
    if (operand === undefined) {
      throw new UsageError(
        'Endpoint required, as in "netdiag echo load tcp://127.0.0.1:7007"',
      );
    }
    if (others.length > 0) {
      throw new UsageError(`Unexpected argument "${others[0]!.text}"`);
    }
    if (options.ipv4 && options.ipv6) {
      throw new UsageError('Options "--ipv4" and "--ipv6" exclude each other');
    }
    const endpoint = parseEndpoint(operand.text);
    return {
      permissions: permissionsFor(endpoint, options),
      async run(context) {
        const { runLoad } = await import("./load_run.ts");
        return await runLoad(
          endpoint,
          await engineOptions(options),
          options,
          context,
        );
      },
    };
  },
};

async function engineOptions(values: LoadValues): Promise<EchoLoadOptions> {
  return {
    connections: values.conns,
    size: values.size,
    durationMs: values.duration,
    warmupMs: values.warmup,
    rate: values.rate,
    reconnect: values.reconnect,
    timeoutMs: values.timeout,
    family: values.ipv4 ? 4 : values.ipv6 ? 6 : undefined,
    certificates: values.cacert === undefined
      ? undefined
      : [await Deno.readTextFile(values.cacert)],
    engine: values.engine,
  };
}

function permissionsFor(
  endpoint: Endpoint,
  { engine = "auto", cacert, csv }: LoadValues,
): Permissions {
  const required: Permission[] = "path" in endpoint
    ? [
      { name: "read", path: endpoint.path },
      { name: "write", path: endpoint.path },
    ]
    : [{
      name: "net",
      host: endpoint.host || "127.0.0.1",
      port: endpoint.port,
    }];
  if (cacert !== undefined) required.push({ name: "read", path: cacert });
  if (csv !== undefined) required.push({ name: "write", path: csv });
  const ffi = { name: "ffi" } as const;
  return engine === "native"
    ? { required: [...required, ffi], optional: [] }
    : { required, optional: engine === "auto" ? [ffi] : [] };
}
