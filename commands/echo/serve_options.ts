/** The options of `netdiag echo serve`, and the engine's options from them. */

import type {
  EchoMode,
  EchoServerOptions,
} from "../../lib/echo/server_types.ts";
import {
  DEFAULT_GRACE_MS,
  DEFAULT_MAX_CONNECTIONS,
  ECHO_MODES,
  MAX_BUFFER,
  MAX_CONNECTIONS,
  MAX_DATAGRAM,
  MAX_FRAME,
  MAX_MS,
} from "../../lib/echo/server_options.ts";
import { UsageError } from "../cli/errors.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";
import { ENGINE_OPTION } from "./client_options.ts";
import type { LogOptions } from "./log.ts";
import { LOG_LEVELS, type LogLevel } from "./log_events.ts";

const MAX_WORKERS = 64;
const DEFAULT_LOG_BYTES = 10e6;
const DEFAULT_LOG_KEEP = 5;

/** The options of `echo serve`. */
export const SERVE_OPTIONS = {
  mode: {
    short: "m",
    type: "choice",
    choices: ECHO_MODES,
    help: "what is done with what comes (echo); see above",
  },
  message: {
    type: "string",
    value: "TEXT",
    help: "what --mode greet says, and a line feed",
  },
  delay: {
    type: "duration",
    value: "TIME",
    max: MAX_MS,
    help:
      "how long --mode delay waits before it answers; it holds back 64KiB " +
      "of a connection at most, and then reads no further",
  },
  rate: {
    type: "share",
    value: "SHARE",
    help: "how many messages --mode drop does not answer: 10% or 0.1",
  },
  frame: {
    type: "choice",
    choices: ["none", "line", "length"],
    help: "answer whole messages: lines, or a length (4 bytes, big-endian) " +
      "and as many bytes; the log shows them against the reads",
  },
  "max-frame": {
    type: "size",
    value: "BYTES",
    min: 1,
    max: MAX_FRAME,
    help: "close a connection whose message is longer (1MiB)",
  },
  "max-conns": {
    type: "integer",
    value: "N",
    min: 1,
    max: MAX_CONNECTIONS,
    help:
      `connections at one time (${DEFAULT_MAX_CONNECTIONS}); more are refused`,
  },
  "idle-timeout": {
    type: "duration",
    value: "TIME",
    max: MAX_MS,
    help: "close connections that sent and took nothing for this long",
  },
  "max-datagram": {
    type: "size",
    value: "BYTES",
    min: 1,
    max: MAX_DATAGRAM,
    help: `do not answer longer datagrams (${MAX_DATAGRAM})`,
  },
  "allow-loops": {
    type: "flag",
    help: "answer datagrams from ports below 1024 and from own ports, too: " +
      "two echo servers may then answer each other for ever",
  },
  grace: {
    type: "duration",
    value: "TIME",
    max: MAX_MS,
    help: `how long Ctrl-C waits for answers that are queued (${
      DEFAULT_GRACE_MS / 1000
    }s)`,
  },
  backlog: {
    type: "integer",
    value: "N",
    min: 1,
    max: 65_535,
    help: "connections that may wait to be accepted (511)",
  },
  nodelay: {
    type: "choice",
    choices: ["on", "off"],
    help: "send small messages at once, TCP_NODELAY (on)",
  },
  keepalive: {
    type: "flag",
    help: "ask silent peers whether they are there, SO_KEEPALIVE",
  },
  sndbuf: {
    type: "size",
    value: "BYTES",
    min: 1,
    max: MAX_BUFFER,
    help: "ask for this SO_SNDBUF",
  },
  rcvbuf: {
    type: "size",
    value: "BYTES",
    min: 1,
    max: MAX_BUFFER,
    help: "ask for this SO_RCVBUF",
  },
  "ipv6-only": {
    type: "flag",
    help: "[::] and :PORT take no IPv4 connections",
  },
  "socket-mode": {
    type: "file-mode",
    value: "OCTAL",
    help: "permissions of Unix sockets' files, such as 600",
  },
  cert: {
    type: "string",
    value: "FILE",
    help: "certificate chain of tls:// endpoints, in PEM",
  },
  key: { type: "string", value: "FILE", help: "its private key, in PEM" },
  "self-signed": {
    type: "flag",
    help: "make a certificate for this run, and print its fingerprint",
  },
  "save-cert": {
    type: "string",
    value: "FILE",
    help: "write that certificate to a file: clients trust it by --cacert FILE",
  },
  workers: {
    type: "integer",
    value: "N",
    min: 1,
    max: MAX_WORKERS,
    help: "share TCP and UDP ports over N threads, SO_REUSEPORT; " +
      "--max-conns is then for each; needs the native engine",
  },
  engine: ENGINE_OPTION,
  log: {
    type: "string",
    value: "FILE",
    help: "append the log to a file; standard output then has the endpoints " +
      "and the summary only",
  },
  "log-max-size": {
    type: "size",
    value: "BYTES",
    min: 1024,
    max: Number.MAX_SAFE_INTEGER,
    help: "when FILE would be larger, it becomes FILE.1, that one FILE.2 ... " +
      "(10MB)",
  },
  "log-keep": {
    type: "integer",
    value: "N",
    min: 0,
    max: 99,
    help: `how many older log files there may be (${DEFAULT_LOG_KEEP})`,
  },
  "log-level": {
    type: "choice",
    choices: LOG_LEVELS,
    help: "warn: refused and ignored; info: connections, too; debug: every " +
      "read (info)",
  },
  quiet: { short: "q", type: "flag", help: "the same as --log-level warn" },
  verbose: { short: "v", type: "flag", help: "the same as --log-level debug" },
  json: { type: "flag", help: "one JSON object a line; the last one sums up" },
} as const satisfies OptionSpecs;

/** What a command line gave for them. */
export type ServeValues = OptionValues<typeof SERVE_OPTIONS>;

/** Options that only one mode has a use for. */
const OF_MODE = { message: "greet", delay: "delay", rate: "drop" } as const;

/**
 * The engine's options.
 *
 * @throws {UsageError} when options do not go together
 */
export function serverOptions(
  options: ServeValues,
): EchoServerOptions & { readonly mode: EchoMode } {
  const { mode = "echo" } = options;
  for (const name of ["message", "delay", "rate"] as const) {
    const isGiven = options[name] !== undefined;
    if (isGiven && mode !== OF_MODE[name]) {
      throw new UsageError(
        `Option "--${name}" goes with "--mode ${OF_MODE[name]}" only`,
      );
    }
    if (!isGiven && mode === OF_MODE[name]) {
      throw new UsageError(`"--mode ${mode}" needs "--${name}"`);
    }
  }
  if (options["idle-timeout"] === 0) {
    throw new UsageError(
      'Invalid value "0" for "--idle-timeout": must be above 0',
    );
  }
  const level = logLevel(options);
  return {
    mode,
    reads: level === "debug" ||
      level === "info" && (options.frame ?? "none") !== "none",
    message: options.message,
    delayMs: options.delay,
    dropRate: options.rate,
    framing: options.frame,
    maxFrame: options["max-frame"],
    maxConnections: options["max-conns"],
    idleTimeoutMs: options["idle-timeout"],
    backlog: options.backlog,
    noDelay: options.nodelay !== "off",
    keepAlive: options.keepalive,
    sendBuffer: options.sndbuf,
    receiveBuffer: options.rcvbuf,
    ipv6Only: options["ipv6-only"],
    socketMode: options["socket-mode"],
    allowLoops: options["allow-loops"],
    maxDatagram: options["max-datagram"],
    graceMs: options.grace,
    engine: options.engine,
  };
}

/**
 * What is logged, and where.
 *
 * @throws {UsageError} when options do not go together
 */
export function logOptions(options: ServeValues): LogOptions {
  const { log: path, frame = "none", json } = options;
  for (const name of ["log-max-size", "log-keep"] as const) {
    if (options[name] !== undefined && path === undefined) {
      throw new UsageError(`Option "--${name}" goes with "--log FILE" only`);
    }
  }
  return {
    level: logLevel(options),
    json,
    framing: frame,
    file: path === undefined ? undefined : {
      path,
      maxBytes: options["log-max-size"] ?? DEFAULT_LOG_BYTES,
      keep: options["log-keep"] ?? DEFAULT_LOG_KEEP,
    },
  };
}

function logLevel(options: ServeValues): LogLevel {
  const given = (["log-level", "quiet", "verbose"] as const)
    .filter((name) => options[name]);
  if (given.length > 1) {
    throw new UsageError(
      `Options "--${given[0]}" and "--${given[1]}" exclude each other`,
    );
  }
  if (options.quiet) return "warn";
  return options.verbose ? "debug" : options["log-level"] ?? "info";
}
