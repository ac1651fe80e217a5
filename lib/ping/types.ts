/** The options, events and results of {@linkcode ping} and {@linkcode pingMany}. */

import type { ClockSource } from "../os/types.ts";
import type { RoundTripSummary } from "../stats/round_trip.ts";
import type { Family } from "../wire/address.ts";

export type { ClockSource, Family, RoundTripSummary };

/** What a probe is made of: an ICMP echo request, a TCP handshake, or a UDP datagram. */
export type ProbeKind = "icmp" | "tcp" | "udp";

/** Options that {@linkcode ping} and {@linkcode pingMany} share. */
export interface ProbeOptions {
  /** What to send. Default `"icmp"`. */
  readonly probe?: ProbeKind | undefined;
  /** The destination port; needed by `tcp` and `udp` probes. */
  readonly port?: number | undefined;
  /** Use only this address family. */
  readonly family?: Family | undefined;
  /** Payload bytes, 0 to 65,507. Default 56. */
  readonly size?: number | undefined;
  /** Time to live or hop limit, 1 to 255. */
  readonly ttl?: number | undefined;
  /** Type of service or traffic class, 0 to 255. */
  readonly tos?: number | undefined;
  /** Up to 16 bytes that fill the payload after its first 16 bytes. Default 0x10, 0x11, ... */
  readonly pattern?: Uint8Array | undefined;
  /** Source address or interface name. */
  readonly source?: string | undefined;
  /** Path MTU discovery: `do` never fragments, `want` fragments here if needed, `dont` lets routers fragment. */
  readonly pathMtu?: "do" | "want" | "dont" | undefined;
  /** Allow broadcast destinations. Default false. */
  readonly broadcast?: boolean | undefined;
  /** Time between two probes to one target, in milliseconds. Default 1000. */
  readonly intervalMs?: number | undefined;
  /**
   * How long a probe waits for its answer, in milliseconds; what comes after
   * is late. Default 10,000 for one target (at the end of a run that had
   * answers: twice the longest round trip, one interval at least; with TCP, long
   * enough for a repeated handshake), 1000 for many.
   */
  readonly timeoutMs?: number | undefined;
  /** Ends the run: the summary follows at once, if anything was sent. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@linkcode ping}. */
export interface PingOptions extends ProbeOptions {
  /** Stop after this many probes. Default: go on until the signal aborts. */
  readonly count?: number | undefined;
  /**
   * Stop after this time, in milliseconds, whatever was sent. With `count`,
   * stop as soon as `count` probes are answered, or at the first error.
   */
  readonly deadlineMs?: number | undefined;
  /**
   * When the next probe goes out. `interval`: every `intervalMs`. `flood`: as
   * soon as an answer comes, at least every 10 ms. `adaptive`: as soon as an
   * answer comes, at least every `intervalMs`. Default `interval`.
   */
  readonly pace?: "interval" | "flood" | "adaptive" | undefined;
  /** How many probes may be unanswered before pacing sets in. Default 1. */
  readonly preload?: number | undefined;
  /**
   * Keep the processor busy during waits of up to 4 ms for the next probe, as
   * ping of iputils does: one that slept for 2 ms takes longer for a round
   * trip. The rest of the program gets a turn every other millisecond only.
   * Linux only. Default false.
   */
  readonly busyWait?: boolean | undefined;
  /** `flood` and `adaptive`: no two probes closer than this, in milliseconds. Default 0. */
  readonly minIntervalMs?: number | undefined;
}

/** Options of {@linkcode pingMany}. */
export interface PingManyOptions extends ProbeOptions {
  /** Send exactly this many probes to each target. Default: one, and `retries` more until one is answered. */
  readonly count?: number | undefined;
  /** Without `count`: how often a silent target is asked again. Default 3. */
  readonly retries?: number | undefined;
  /** Probes a second over all targets; `Infinity` is as fast as the machine can. Default 1000. */
  readonly rate?: number | undefined;
  /** Also yield an event for each answer, loss and error. Default false: one event a target. */
  readonly probes?: boolean | undefined;
  /**
   * Default true. False spares the kernel telling when it sent each probe, a
   * tenth of the time of a sweep as fast as the machine can: no result and no
   * summary has times then, and those of single answers begin in this program.
   */
  readonly roundTrips?: boolean | undefined;
}

/** The first event of a {@linkcode ping} run. */
export interface PingStart {
  /** Which event this is. */
  readonly type: "start";
  /** The target as the caller named it. */
  readonly host: string;
  /** What the host is an alias of, where it is one and the system says so. */
  readonly canonicalName?: string;
  /** The address that is probed. */
  readonly address: string;
  /** 4 or 6. */
  readonly family: Family;
  /** What the probes are made of. */
  readonly probe: ProbeKind;
  /** The destination port of TCP and UDP probes. */
  readonly port?: number;
  /** Payload bytes of each probe. */
  readonly size: number;
  /** The source, where one was asked for: `address` (of the route) and the interface. */
  readonly source?: { readonly address: string; readonly interface?: string };
  /** How the probes leave: an unprivileged datagram ICMP socket, a raw one, the system's TCP or UDP. */
  readonly socket: "datagram" | "raw" | "tcp" | "udp";
  /** The ICMP identifier of this run; absent for TCP and UDP. */
  readonly identifier?: number;
}

/** Fields of every event about one probe. */
export interface ProbeEvent {
  /** The target as the caller named it. */
  readonly host: string;
  /** The target's address. */
  readonly address: string;
  /** Which probe to this target, from 1. Never wraps; the wire's 16-bit sequence is its low half. */
  readonly sequence: number;
}

/**
 * An answer to a probe. `reply`: the first one, in time. `late`: the first
 * one, after the probe's timeout. `duplicate`: any further one.
 */
export interface PingReply extends ProbeEvent {
  /** In time, after its timeout, or a further one. */
  readonly type: "reply" | "late" | "duplicate";
  /** Who answered: the target's address, but for broadcast and multicast. */
  readonly from: string;
  /** Bytes of the ICMP message that came back, or of the UDP payload; 0 for TCP. */
  readonly bytes: number;
  /** Time to live or hop limit of the answer, where the system tells. */
  readonly ttl?: number;
  /** Round-trip time in milliseconds. */
  readonly rttMs: number;
  /** The clocks that `rttMs` was taken with. */
  readonly clock: ClockSource;
  /** When the answer was processed: Unix time in seconds. */
  readonly time: number;
  /** An answer to a later probe had come before. */
  readonly reordered?: true;
  /** The answer carried less than was sent. */
  readonly truncated?: true;
  /** The first payload byte that is not what was sent; `expected` is -1 where bytes were added. */
  readonly corrupt?: {
    readonly offset: number;
    readonly expected: number;
    readonly actual: number;
  };
  /** TCP and UDP: the port was closed, and the target said so. */
  readonly refused?: true;
}

/** An answer whose checksum is wrong: counted, but no answer. */
export interface PingBadChecksum {
  /** Which event this is. */
  readonly type: "bad-checksum";
  /** The target as the caller named it. */
  readonly host: string;
  /** The target's address. */
  readonly address: string;
  /** Who sent it. */
  readonly from: string;
  /** Bytes of the ICMP message. */
  readonly bytes: number;
  /** As read from the damaged message, so not to be relied on. */
  readonly sequence: number;
  /** When it became known: Unix time in seconds. */
  readonly time: number;
}

/** No answer came within the timeout. A `late` event may still follow. */
export interface PingLost extends ProbeEvent {
  /** Which event this is. */
  readonly type: "lost";
  /** When it became known: Unix time in seconds. */
  readonly time: number;
}

/** The next probe goes out and this one, lost or not, is still unanswered. */
export interface PingPending extends ProbeEvent {
  /** Which event this is. */
  readonly type: "pending";
  /** When it became known: Unix time in seconds. */
  readonly time: number;
}

/** The network, or this machine, reported that a probe cannot be delivered. */
export interface PingError extends ProbeEvent {
  /** Which event this is. */
  readonly type: "error";
  /** Who said so; absent when this machine did. */
  readonly from?: string;
  /** ICMP type and code; absent when this machine refused the probe. */
  readonly icmpType?: number;
  /** ICMP code, beside `icmpType`. */
  readonly icmpCode?: number;
  /** The system's error name, such as `EHOSTUNREACH`, when this machine refused the probe. */
  readonly code?: string;
  /** What it means, in the words of ping: `Destination Host Unreachable`. */
  readonly message: string;
  /** The next hop's MTU, where the report gives one. */
  readonly mtu?: number;
  /** Which byte of the packet, from 0, a parameter problem is about. */
  readonly pointer?: number;
  /** When it became known: Unix time in seconds. */
  readonly time: number;
}

/** A router said that another router is the better first hop. The probe goes on. */
export interface PingRedirect extends ProbeEvent {
  /** Which event this is. */
  readonly type: "redirect";
  /** Who said so. */
  readonly from: string;
  /** The better first hop. */
  readonly gateway: string;
  /** What it means, in the words of ping. */
  readonly message: string;
  /** When it became known: Unix time in seconds. */
  readonly time: number;
}

/** How probes ended; each in exactly one of `answered`, `late`, `lost`, `errors`, `inFlight`. */
export interface ProbeCounts {
  /** Probes that were sent. */
  readonly transmitted: number;
  /** Answered in time. */
  readonly answered: number;
  /** Answered after the timeout. */
  readonly late: number;
  /** Not answered within the timeout. */
  readonly lost: number;
  /** The network, or this machine, said that they cannot be delivered. */
  readonly errors: number;
  /** Still waiting, within their timeout, when the run ended. Not part of the loss. */
  readonly inFlight: number;
  /** Further answers to probes already answered. */
  readonly duplicates: number;
  /** Answers that an answer to a later probe overtook. */
  readonly reordered: number;
  /** Answers with a wrong checksum or a changed payload. */
  readonly corrupt: number;
  /** `lost + errors` in percent of the probes that ended; absent while none has. */
  readonly lossPercent?: number;
}

/** The last event of a {@linkcode ping} run. */
export interface PingSummary extends ProbeCounts {
  /** Which event this is. */
  readonly type: "summary";
  /** The target as the caller named it. */
  readonly host: string;
  /** The target's address. */
  readonly address: string;
  /** From the first probe to the end of the last one, or of a run that was cut short, in milliseconds. */
  readonly durationMs: number;
  /** From the first probe to the last one, in milliseconds; what ping calls the time. */
  readonly sendingMs: number;
  /** Absent when nothing was answered. */
  readonly rtt?: RoundTripSummary;
  /** The most probes that were on their way to the target when something was heard of the first of them. */
  readonly pipe: number;
  /** Average time between two probes, in milliseconds; absent for fewer than two. */
  readonly ipgMs?: number;
}

/** What {@linkcode ping} yields. */
export type PingEvent =
  | PingStart
  | PingReply
  | PingBadChecksum
  | PingLost
  | PingPending
  | PingError
  | PingRedirect
  | PingSummary;

/**
 * Result of one target of {@linkcode pingMany}, yielded once: as soon as it is
 * known, or when the run ends, if anything was sent to it. A probe that a
 * router reported as undeliverable may still be answered until its timeout; an
 * answer to a lost one, after this result, is `late` in the summary alone.
 */
export interface TargetResult extends ProbeCounts {
  /** Which event this is. */
  readonly type: "target";
  /** The target as the caller named it. */
  readonly host: string;
  /** Absent when the name did not resolve. */
  readonly address?: string;
  /** At least one probe was answered in time. */
  readonly alive: boolean;
  /** The run ended before all that was to be sent to this target had been, and had ended. */
  readonly unfinished?: true;
  /** Over the answered probes, in milliseconds; absent when there were none, or no `roundTrips` were wanted. */
  readonly minMs?: number;
  /** The average, likewise. */
  readonly avgMs?: number;
  /** The longest, likewise. */
  readonly maxMs?: number;
  /** What the last error said, where one came, or why the name did not resolve. */
  readonly error?: string;
  /** The system's error name, such as `EACCES`, where `error` is why this machine refused to send a probe. */
  readonly code?: string;
}

/** The last event of {@linkcode pingMany}. */
export interface PingManySummary extends ProbeCounts {
  /** Which event this is. */
  readonly type: "summary";
  /** All targets. */
  readonly targets: number;
  /** Targets that answered in time. */
  readonly alive: number;
  /** Targets that did not. */
  readonly unreachable: number;
  /** Targets that had not answered, and might have, when the run ended early. */
  readonly unfinished: number;
  /** Targets whose name did not resolve. */
  readonly unresolved: number;
  /** From the first probe to the end of the last one, or of a run that was cut short, in milliseconds. */
  readonly durationMs: number;
  /** Targets a second, over the whole run. */
  readonly targetsPerSecond: number;
  /** Round-trip times of all targets together; absent when nothing was answered, or no `roundTrips` were wanted. */
  readonly rtt?: RoundTripSummary;
  /** Answers by the clocks that their times were taken with. */
  readonly clocks: Readonly<Record<ClockSource, number>>;
}

/** What {@linkcode pingMany} yields. */
export type PingManyEvent =
  | PingReply
  | PingBadChecksum
  | PingLost
  | PingError
  | PingRedirect
  | TargetResult
  | PingManySummary;
