/** The options, events and results of {@linkcode echoLoad}. */

import type { Family } from "../wire/address.ts";

export type { Family };

/** Options of {@linkcode echoLoad}. */
export interface EchoLoadOptions {
  /** Connections, or datagram sockets, at one time. Default 64. */
  readonly connections?: number | undefined;
  /** Datagrams in a closed loop: messages in flight on each socket. Default 1, which is what a connection has. */
  readonly inFlight?: number | undefined;
  /** Bytes of a message; a datagram has 4 at the least. Default 64. */
  readonly size?: number | undefined;
  /** How long to measure, in milliseconds. Default 10,000. */
  readonly durationMs?: number | undefined;
  /** How long to run before measuring, in milliseconds. Default 1000. */
  readonly warmupMs?: number | undefined;
  /**
   * Open loop: messages a second over all connections, each with a planned
   * time from which its latency counts, so that a stall of the server shows
   * in every message that it held up. Default: closed loop, the next message
   * of a connection follows the answer to the last one. A connection has
   * one message in flight at a rate, too: those that are due meanwhile wait,
   * and that counts. Datagrams wait for none.
   */
  readonly rate?: number | undefined;
  /** Streams: a new connection for each message; its latency counts from the connecting on. Default false. */
  readonly reconnect?: boolean | undefined;
  /** How long to wait for a connection, and for an answer, in milliseconds. Beyond it a datagram is lost, and a connection broken. Default 1000 for datagrams, else 10,000. */
  readonly timeoutMs?: number | undefined;
  /** Use only this address family. */
  readonly family?: Family | undefined;
  /** Certificates in PEM that `tls://` endpoints are trusted by, beside the system's. */
  readonly certificates?: readonly string[] | undefined;
  /** `native` is the event loop over FFI (Linux), `deno` Deno's own API, `auto` the best there is. Default `"auto"`. */
  readonly engine?: "auto" | "native" | "deno" | undefined;
  /** Ends the run; the summary tells of what was measured until then. */
  readonly signal?: AbortSignal | undefined;
}

/** Everything is connected, and the warm-up begins. */
export interface EchoLoadStart {
  /** Which event this is. */
  readonly type: "start";
  /** The endpoint, in text. */
  readonly endpoint: string;
  /** Connections that could be made. */
  readonly connections: number;
  /** Bytes of a message. */
  readonly size: number;
  /** Which sockets serve it. */
  readonly engine: "native" | "deno";
  /** Unix time in seconds. */
  readonly time: number;
}

/** How it goes, once a second. */
export interface EchoLoadProgress {
  /** Which event this is. */
  readonly type: "progress";
  /** `warmup`: nothing counts yet. */
  readonly phase: "warmup" | "measure";
  /** Since the phase began, in milliseconds. */
  readonly elapsedMs: number;
  /** Answers a second since the last such event. */
  readonly perSecond: number;
  /** Median latency since measuring began, in milliseconds; absent without answers. */
  readonly p50Ms?: number;
  /** 99 % took at most this long. */
  readonly p99Ms?: number;
  /** Errors of every kind so far. */
  readonly errors: number;
  /** Unix time in seconds. */
  readonly time: number;
}

/** A point of the distribution of latencies. */
export interface LatencyPoint {
  /** 0 to 100. */
  readonly percentile: number;
  /** This share of the messages took at most this long, in milliseconds. */
  readonly ms: number;
  /** How many messages that is. */
  readonly count: number;
}

/** One bar of the histogram. */
export interface LatencyBar {
  /** Bounds in milliseconds: more than `fromMs`, `toMs` at the most. */
  readonly fromMs: number;
  /** The upper bound. */
  readonly toMs: number;
  /** How many messages. */
  readonly count: number;
}

/** Latencies in milliseconds, with three significant digits. */
export interface LatencySummary {
  /** The shortest. */
  readonly minMs: number;
  /** The mean. */
  readonly meanMs: number;
  /** The median. */
  readonly p50Ms: number;
  /** 90 % took at most this long. */
  readonly p90Ms: number;
  /** 99 % took at most this long. */
  readonly p99Ms: number;
  /** 99.9 % took at most this long. */
  readonly p999Ms: number;
  /** 99.99 % took at most this long. */
  readonly p9999Ms: number;
  /** The longest. */
  readonly maxMs: number;
  /** From the shortest to the longest, in bars that grow by a constant factor. */
  readonly histogram: readonly LatencyBar[];
  /** Steps that halve the distance to 100 %, five to each half. */
  readonly distribution: readonly LatencyPoint[];
}

/** What was measured; the last event. */
export interface EchoLoadSummary {
  /** Which event this is. */
  readonly type: "summary";
  /** The endpoint, in text. */
  readonly endpoint: string;
  /** Why it ended: the time was over, the signal aborted, or no connection was left. */
  readonly ended: "duration" | "aborted" | "no-connections";
  /** Counts of connections. */
  readonly connections: {
    readonly opened: number;
    /** Those that could not be made. */
    readonly failed: number;
    /** Those that broke while they were used. */
    readonly broken: number;
  };
  /** Measured time, in milliseconds: without the warm-up. */
  readonly durationMs: number;
  /** Messages that were sent in the measured time, or planned for it. */
  readonly sent: number;
  /** Messages that came back as they were sent. */
  readonly answered: number;
  /** Sent and not answered: lost, broken off, or still in flight at the end. */
  readonly unanswered: number;
  /** Open loop: planned, and never sent. */
  readonly unsent: number;
  /** Datagrams: answers that came when their message had been given up. The counts from here on include the warm-up. */
  readonly late: number;
  /** Datagrams: answers that came once more. */
  readonly duplicates: number;
  /** Datagrams: answers that came after the answer to a later message of the same socket. */
  readonly reordered: number;
  /** Answers that were not what was sent. */
  readonly mismatched: number;
  /** The first of them: where it differs, in bytes from the start of the message. */
  readonly firstMismatch?: {
    readonly offset: number;
    readonly expected: number;
    readonly actual: number;
  };
  /** What failed how often, by the system's name of the error or by a word: `ECONNRESET`, `closed`, `timeout`, `mismatch`. */
  readonly errors: Readonly<Record<string, number>>;
  /** The first error in words, such as `Connection refused (ECONNREFUSED)`, where there are words for it. */
  readonly firstError?: string;
  /** Answers a second. */
  readonly perSecond: number;
  /** Bytes that came back, a second. */
  readonly bytesPerSecond: number;
  /** Absent without answers. */
  readonly latency?: LatencySummary;
  /** Unix time in seconds. */
  readonly time: number;
}

/** What happens in a run. */
export type EchoLoadEvent = EchoLoadStart | EchoLoadProgress | EchoLoadSummary;
