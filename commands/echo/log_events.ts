/** What an echo server's log can tell, and which of it a reader wants. */

import type {
  EchoListening,
  EchoServerEvent,
} from "../../lib/echo/server_types.ts";

/** An endpoint receives, in one worker or several. */
export interface LogListening extends EchoListening {
  /** How many workers share the port; absent without workers. */
  readonly workers?: number;
}

/** A certificate was made for this run. */
export interface LogCertificate {
  readonly type: "certificate";
  /** Its SHA-256 fingerprint: `AB:CD:...`. */
  readonly sha256: string;
  readonly time: number;
}

/** Lines that were dropped, since whoever takes them is too slow. */
export interface LogLost {
  readonly type: "lost";
  readonly lines: number;
  readonly time: number;
}

/** One entry of the log. */
export type LogEvent =
  | Exclude<EchoServerEvent, EchoListening>
  | LogListening
  | LogCertificate
  | LogLost;

/** How much a log tells; each level tells what those before it do. */
export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;

/** What may be asked for: one of the levels. `none` is what belongs to the server as a whole. */
export type LogLevel = "none" | typeof LOG_LEVELS[number];

const RANKS: Readonly<Record<LogLevel, number>> = {
  none: 0,
  error: 1,
  warn: 2,
  info: 3,
  debug: 4,
};

/** Whether a log of this level tells the event. Reads are for `debug`, unless they are what the run is about. */
export function isLogged(
  event: LogEvent,
  level: LogLevel,
  showsReads: boolean,
): boolean {
  return RANKS[levelOf(event, showsReads)] <= RANKS[level];
}

function levelOf(event: LogEvent, showsReads: boolean): LogLevel {
  switch (event.type) {
    case "listening":
    case "certificate":
    case "lost":
    case "summary":
      return "none";
    case "error":
      return "error";
    case "refused":
    case "ignored":
      return "warn";
    case "closed":
      return event.reason === "error" || event.reason === "frame"
        ? "warn"
        : "info";
    case "opened":
    case "data":
      return "info";
    case "read":
      return showsReads ? "info" : "debug";
  }
}
