import type { Marks } from "./connection.ts";
import type { HttpPhases } from "./types.ts";

/** The time of each phase, from when it was over. */
export function phasesOf(marks: Marks, secure: boolean): HttpPhases {
  const { startedAt, lookedUpAt, connectedAt, requestedAt, firstByteAt } =
    marks;
  const securedAt = secure ? marks.securedAt : connectedAt;
  const endedAt = marks.endedAt ?? performance.now();
  // A response may begin before the request is out: then nothing was waited for.
  const sentAt = requestedAt === undefined
    ? firstByteAt
    : Math.min(requestedAt, firstByteAt ?? Infinity);
  const between = (from: number | undefined, to: number | undefined) =>
    from === undefined || to === undefined ? undefined : to - from;
  return {
    lookupMs: between(startedAt, lookedUpAt),
    connectMs: between(lookedUpAt, connectedAt),
    tlsMs: between(connectedAt, securedAt),
    requestMs: between(securedAt, sentAt),
    firstByteMs: between(sentAt, firstByteAt),
    transferMs: between(firstByteAt, endedAt),
    totalMs: endedAt - startedAt,
  };
}

/** Milliseconds from the start to the end of each phase, as `curl -w` counts; 0 where it was not reached. */
export interface CumulativeTimes {
  readonly lookupMs: number;
  readonly connectMs: number;
  /** 0 without TLS. */
  readonly tlsMs: number;
  readonly preTransferMs: number;
  readonly requestMs: number;
  readonly firstByteMs: number;
  readonly totalMs: number;
}

/** Adds the phases up. */
export function cumulative(phases: HttpPhases): CumulativeTimes {
  let sum = 0;
  let isReached = true;
  const upTo = (ms: number | undefined) => {
    isReached &&= ms !== undefined;
    sum += ms ?? 0;
    return isReached ? sum : 0;
  };
  const lookupMs = upTo(phases.lookupMs);
  const connectMs = upTo(phases.connectMs);
  const preTransferMs = upTo(phases.tlsMs);
  return {
    lookupMs,
    connectMs,
    tlsMs: phases.tlsMs ? preTransferMs : 0,
    preTransferMs,
    requestMs: upTo(phases.requestMs),
    firstByteMs: upTo(phases.firstByteMs),
    totalMs: phases.totalMs,
  };
}
