/** Checks and defaults of a server's options, before anything is opened. */

import type { TlsCredentials } from "../os/network.ts";
import type { Endpoint } from "../socket/endpoint.ts";
import { checkChoice, checkNumber, OptionError } from "../socket/options.ts";
import type { Framing } from "../wire/frames.ts";
import type { EchoMode, EchoServerOptions } from "./server_types.ts";

/** Every mode there is. */
export const ECHO_MODES: readonly EchoMode[] = [
  "echo",
  "discard",
  "chargen",
  "daytime",
  "upper",
  "greet",
  "hexdump",
  "delay",
  "drop",
];

/** The longest frame there may be. */
export const MAX_FRAME = 1 << 30;
export const DEFAULT_MAX_FRAME = 1 << 20;
export const DEFAULT_MAX_CONNECTIONS = 1024;
export const MAX_CONNECTIONS = 1 << 20;
/** The longest datagram of UDP, its headers included. */
export const MAX_DATAGRAM = 65_535;
/** The longest time that an option takes, in milliseconds: a day. */
export const MAX_MS = 86_400_000;
export const DEFAULT_GRACE_MS = 1000;
/** What SO_SNDBUF and SO_RCVBUF may be asked for: an int. */
export const MAX_BUFFER = 2 ** 30;
const DEFAULT_BACKLOG = 511;

/** A server's options with their defaults. */
export interface ServerPlan extends
  Pick<
    EchoServerOptions,
    | "idleTimeoutMs"
    | "keepAlive"
    | "sendBuffer"
    | "receiveBuffer"
    | "reusePort"
    | "socketMode"
  > {
  readonly mode: EchoMode;
  readonly message: string;
  readonly delayMs: number;
  readonly dropRate: number;
  readonly framing: Framing;
  readonly maxFrame: number;
  readonly reads: boolean;
  readonly maxConnections: number;
  readonly backlog: number;
  readonly noDelay: boolean;
  readonly ipv6Only: boolean;
  readonly allowLoops: boolean;
  readonly maxDatagram: number;
  readonly graceMs: number;
  readonly tls: TlsCredentials | undefined;
}

/** @throws {OptionError} when an option has a value that cannot be used, or endpoints ask for one that is not given */
export function planServer(
  endpoints: readonly Endpoint[],
  options: EchoServerOptions,
): ServerPlan {
  checkChoice("mode", options.mode, ECHO_MODES);
  checkChoice("framing", options.framing, ["none", "line", "length"]);
  checkChoice("engine", options.engine, ["auto", "native", "deno"]);
  checkNumber("delayMs", options.delayMs, 0, MAX_MS, false);
  checkNumber("dropRate", options.dropRate, 0, 1, false);
  checkNumber("maxFrame", options.maxFrame, 1, MAX_FRAME, true);
  checkNumber(
    "maxConnections",
    options.maxConnections,
    1,
    MAX_CONNECTIONS,
    true,
  );
  checkNumber("idleTimeoutMs", options.idleTimeoutMs, 1, MAX_MS, false);
  checkNumber("backlog", options.backlog, 1, 65_535, true);
  checkNumber("sendBuffer", options.sendBuffer, 1, MAX_BUFFER, true);
  checkNumber("receiveBuffer", options.receiveBuffer, 1, MAX_BUFFER, true);
  checkNumber("socketMode", options.socketMode, 0, 0o777, true);
  checkNumber("maxDatagram", options.maxDatagram, 1, MAX_DATAGRAM, true);
  checkNumber("graceMs", options.graceMs, 0, MAX_MS, false);
  const { mode = "echo", tls } = options;
  requireWith(mode, "greet", "message", options.message);
  requireWith(mode, "delay", "delayMs", options.delayMs);
  requireWith(mode, "drop", "dropRate", options.dropRate);
  if (endpoints.length === 0) {
    throw new OptionError("endpoints", "Cannot serve no endpoint at all");
  }
  if (tls === undefined && endpoints.some(isTls)) {
    throw new OptionError(
      "tls",
      "Cannot serve a tls:// endpoint without a certificate and its key",
    );
  }
  return {
    mode,
    message: options.message ?? "",
    delayMs: options.delayMs ?? 0,
    dropRate: options.dropRate ?? 0,
    framing: options.framing ?? "none",
    maxFrame: options.maxFrame ?? DEFAULT_MAX_FRAME,
    reads: options.reads ?? false,
    maxConnections: options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
    idleTimeoutMs: options.idleTimeoutMs,
    backlog: options.backlog ?? DEFAULT_BACKLOG,
    noDelay: options.noDelay ?? true,
    keepAlive: options.keepAlive,
    sendBuffer: options.sendBuffer,
    receiveBuffer: options.receiveBuffer,
    reusePort: options.reusePort,
    ipv6Only: options.ipv6Only ?? false,
    socketMode: options.socketMode,
    allowLoops: options.allowLoops ?? false,
    maxDatagram: options.maxDatagram ?? MAX_DATAGRAM,
    graceMs: options.graceMs ?? DEFAULT_GRACE_MS,
    tls,
  };
}

function requireWith(
  mode: EchoMode,
  wanted: EchoMode,
  option: "message" | "delayMs" | "dropRate",
  value: unknown,
): void {
  if (mode === wanted && value === undefined) {
    throw new OptionError(option, `Mode "${mode}" needs ${option}`);
  }
}

function isTls({ transport }: Endpoint): boolean {
  return transport === "tls";
}
