import type { Marks } from "./connection.ts";
import type { Exchange, HttpPhase, HttpPhases } from "./types.ts";

/**
 * The time of each phase, from when it was over. That of a phase that failed
 * goes on until the end, so that the phases add up to the total.
 */
export function phasesOf(
  marks: Marks,
  secure: boolean,
  failed: HttpPhase | undefined,
): HttpPhases {
  const { startedAt, lookedUpAt, connectedAt, requestedAt, firstByteAt } =
    marks;
  const endedAt = marks.endedAt ?? performance.now();
  let from: number | undefined = startedAt;
  const until = (phase: HttpPhase, over: number | undefined) => {
    const to = phase === failed ? endedAt : over;
    const ms = from === undefined || to === undefined ? undefined : to - from;
    from = phase === failed ? undefined : to;
    return ms;
  };
  return {
    lookupMs: until("lookup", lookedUpAt),
    connectMs: until("connect", connectedAt),
    tlsMs: until("tls", secure ? marks.securedAt : connectedAt),
    // A response may begin before the request is out: then nothing was waited for.
    requestMs: until(
      "request",
      requestedAt === undefined
        ? firstByteAt
        : Math.min(requestedAt, firstByteAt ?? Infinity),
    ),
    firstByteMs: until("first-byte", firstByteAt),
    transferMs: until("transfer", endedAt),
    totalMs: endedAt - startedAt,
  };
}

/** Milliseconds from the start to the end of each phase, as `curl -w` counts; 0 where that was not reached. */
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
export function cumulative(
  { phases, error }: Pick<Exchange, "phases" | "error">,
): CumulativeTimes {
  let sum = 0;
  let isReached = true;
  const upTo = (phase: HttpPhase, ms: number | undefined) => {
    isReached &&= ms !== undefined && phase !== error?.phase;
    sum += ms ?? 0;
    return isReached ? sum : 0;
  };
  const lookupMs = upTo("lookup", phases.lookupMs);
  const connectMs = upTo("connect", phases.connectMs);
  const preTransferMs = upTo("tls", phases.tlsMs);
  return {
    lookupMs,
    connectMs,
    tlsMs: phases.tlsMs ? preTransferMs : 0,
    preTransferMs,
    requestMs: upTo("request", phases.requestMs),
    firstByteMs: upTo("first-byte", phases.firstByteMs),
    totalMs: phases.totalMs,
  };
}
