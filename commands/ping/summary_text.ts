/** The lines of a summary that one target and many have in common. */

import type { ProbeCounts, RoundTripSummary } from "../../lib/ping/types.ts";
import { formatMs } from "./format.ts";

/** `rtt min/avg/max/mdev = ...`, as in iputils. */
export function spreadLine(rtt: RoundTripSummary): string {
  const values = [rtt.minMs, rtt.avgMs, rtt.maxMs, rtt.mdevMs].map(formatMs);
  return `rtt min/avg/max/mdev = ${values.join("/")} ms`;
}

/** `rtt p50/p90/p99/jitter = ...`. */
export function percentileLine(rtt: RoundTripSummary): string {
  const values = [rtt.p50Ms, rtt.p90Ms, rtt.p99Ms, rtt.jitterMs].map(formatMs);
  return `rtt p50/p90/p99/jitter = ${values.join("/")} ms`;
}

/** `1 late, 2 reordered`: the counts that are not zero, if there are any. */
export function oddities(counts: ProbeCounts): string | undefined {
  const parts = [
    [counts.late, "late"],
    [counts.reordered, "reordered"],
    [counts.duplicates, counts.duplicates === 1 ? "duplicate" : "duplicates"],
    [counts.corrupt, "corrupt"],
    [counts.inFlight, "still in flight"],
  ] as const;
  const shown = parts.filter(([count]) => count > 0);
  return shown.length === 0
    ? undefined
    : shown.map(([count, what]) => `${count} ${what}`).join(", ");
}
