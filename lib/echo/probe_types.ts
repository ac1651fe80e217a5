/** The options, events and results of {@linkcode echoProbe}. */

import type { RoundTripSummary } from "../stats/round_trip.ts";
import type { Family } from "../wire/address.ts";
import type { Framing } from "../wire/frames.ts";

/** Options of {@linkcode echoProbe}. */
export interface EchoProbeOptions {
  /**
   * What to send: the same bytes each time. Default: `size` bytes that carry
   * the number of the message and a token of this run's, so that datagrams
   * can be told apart.
   */
  readonly message?: Uint8Array | undefined;
  /** Send this instead, once, as it comes, and verify what comes back while it does. For streams. */
  readonly input?: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  /** Bytes of a message, without `message` and `input`: to 16 MiB over streams, to 65,507 in datagrams. Default 56. */
  readonly size?: number | undefined;
  /** Stop after this many messages. Default: 1 where `message` is given, else go on until the signal aborts. */
  readonly count?: number | undefined;
  /**
   * Time between two messages, in milliseconds. Default 1000. 0: as soon as
   * the one before is answered. Datagrams that carry no number (`message`, or
   * fewer than 16 bytes) also wait until the one before is answered or lost.
   */
  readonly intervalMs?: number | undefined;
  /**
   * How long a message waits for its answer, and connecting may take, in
   * milliseconds; what comes after is late. Default 10,000 (datagrams, at the
   * end of a run that had answers: twice the longest round trip, one interval
   * at least).
   */
  readonly timeoutMs?: number | undefined;
  /** Stop after this time, in milliseconds, whatever was sent. */
  readonly deadlineMs?: number | undefined;
  /** Streams: where a message ends; answers are told apart by it. Default `"none"`: by their length. */
  readonly framing?: Framing | undefined;
  /** Streams: write in pieces of so many bytes, a millisecond apart, so that the peer has several reads of a message. */
  readonly split?: number | undefined;
  /** Streams: put so many messages into one write. Default 1. */
  readonly coalesce?: number | undefined;
  /** Have `reply` events carry what came back. Default false. */
  readonly keepReplies?: boolean | undefined;
  /** Use only this address family. */
  readonly family?: Family | undefined;
  /** TLS: certificates in PEM that are trusted beside the system's. */
  readonly certificates?: readonly string[] | undefined;
  /** Which sockets to use. Default `"auto"`: the native ones where there are, but Deno's for an `input` over TCP. */
  readonly engine?: "auto" | "native" | "deno" | undefined;
  /** Ends the run: the summary follows at once, if it had begun. */
  readonly signal?: AbortSignal | undefined;
}

/** The first event: there is a connection, or a socket to send datagrams from. */
export interface EchoProbeStart {
  /** Which event this is. */
  readonly type: "start";
  /** Where messages go, in text: `tcp://localhost:7007`. */
  readonly endpoint: string;
  /** Its address: `127.0.0.1:7007`, or a path. */
  readonly address: string;
  /** Which sockets are used. */
  readonly engine: "native" | "deno";
  /** Bytes of a message, without framing; absent with `input`. */
  readonly size?: number;
  /** Streams: how long connecting took, a TLS handshake included, in milliseconds. */
  readonly connectMs?: number;
  /** Unix time in seconds. */
  readonly time: number;
}

/** How what came back differs from what was sent. */
export interface EchoMismatch {
  /** The first byte that is not as it was sent, counted from 0; framing is not counted. */
  readonly offset: number;
  /** What it should be; -1 where bytes were added. */
  readonly expected: number;
  /** What it is; -1 where bytes are missing. */
  readonly actual: number;
  /** How many bytes differ, are missing or were added. */
  readonly differing: number;
}

/**
 * An answer to a message. `reply`: the first one, in time. `late`: the first
 * one, after its timeout. `duplicate`: any further one, which only datagrams
 * have.
 */
export interface EchoProbeReply {
  /** In time, after its timeout, or a further one. */
  readonly type: "reply" | "late" | "duplicate";
  /** Which message, from 1. */
  readonly sequence: number;
  /** Who answered. */
  readonly from: string;
  /** Bytes that came back, without framing. */
  readonly bytes: number;
  /** From the first byte sent to the last one received, in milliseconds. */
  readonly rttMs: number;
  /** The answer to a later message had come before. */
  readonly reordered?: true;
  /** It is not what was sent. */
  readonly mismatch?: EchoMismatch;
  /** What came back, with `keepReplies`. */
  readonly data?: Uint8Array<ArrayBuffer>;
  /** Unix time in seconds. */
  readonly time: number;
}

/** No answer came within the timeout. A `late` event may still follow. */
export interface EchoProbeLost {
  /** Which event this is. */
  readonly type: "lost";
  /** Which message, from 1. */
  readonly sequence: number;
  /** Unix time in seconds. */
  readonly time: number;
}

/** Something came that is no answer to anything; told once, the summary has all of it. */
export interface EchoProbeUnexpected {
  /** Which event this is. */
  readonly type: "unexpected";
  /** Who sent it. */
  readonly from: string;
  /** Bytes that came at once. */
  readonly bytes: number;
  /** The first of them, 64 at most. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Unix time in seconds. */
  readonly time: number;
}

/** The peer closed the connection, or broke it, before everything was answered. The summary follows. */
export interface EchoProbeClosed {
  /** Which event this is. */
  readonly type: "closed";
  /** Who closed it. */
  readonly from: string;
  /** The message whose answer did not come; absent where all that were sent are answered. */
  readonly sequence?: number;
  /** Bytes of that answer that had come, and bytes that it has. With `input`, of everything that was sent. */
  readonly replyBytes: number;
  /** See `replyBytes`. */
  readonly expectedBytes: number;
  /** The bytes that had come are not what was sent. */
  readonly mismatch?: EchoMismatch;
  /** The system's error, where the connection was broken: `Connection reset by peer`. */
  readonly message?: string;
  /** Its name: `ECONNRESET`. */
  readonly code?: string;
  /** Unix time in seconds. */
  readonly time: number;
}

/** There is no connection, nobody listens (ECONNREFUSED), or the system does not take a message. */
export interface EchoProbeError {
  /** Which event this is. */
  readonly type: "error";
  /** The message that it ended, as far as that can be told. */
  readonly sequence?: number;
  /** What went wrong: `Connection refused`. */
  readonly message: string;
  /** The system's name of the error. */
  readonly code?: string;
  /** Unix time in seconds. */
  readonly time: number;
}

/** How messages ended; each in exactly one of `answered`, `late`, `lost`, `errors`, `inFlight`. */
export interface EchoProbeCounts {
  /** Messages that were sent. */
  readonly transmitted: number;
  /** Answered in time. */
  readonly answered: number;
  /** Answered after the timeout. */
  readonly late: number;
  /** Not answered: within the timeout, or before the connection was closed. */
  readonly lost: number;
  /** The network, or this machine, said that they cannot be delivered. */
  readonly errors: number;
  /** Still waiting, within their timeout, when the run ended. Not part of the loss. */
  readonly inFlight: number;
  /** Further answers to messages already answered. */
  readonly duplicates: number;
  /** Answers that the answer to a later message overtook. */
  readonly reordered: number;
  /** Answers that are not what was sent. */
  readonly mismatched: number;
}

/** The last event. */
export interface EchoProbeSummary extends EchoProbeCounts {
  /** Which event this is. */
  readonly type: "summary";
  /** Where messages went. */
  readonly endpoint: string;
  /** `lost + errors` in percent of the messages that ended; absent while none has. */
  readonly lossPercent?: number;
  /** Bytes that came and are no answer to anything. */
  readonly unexpectedBytes: number;
  /** Bytes that were sent, framing included. */
  readonly bytesSent: number;
  /** Bytes that came, framing included. */
  readonly bytesReceived: number;
  /** From the first message to the end of the last one, in milliseconds. */
  readonly durationMs: number;
  /** From the first message to the last one, in milliseconds; what ping calls the time. */
  readonly sendingMs: number;
  /** Absent when nothing was answered. */
  readonly rtt?: RoundTripSummary;
}

/** What {@linkcode echoProbe} yields. */
export type EchoProbeEvent =
  | EchoProbeStart
  | EchoProbeReply
  | EchoProbeLost
  | EchoProbeUnexpected
  | EchoProbeClosed
  | EchoProbeError
  | EchoProbeSummary;
