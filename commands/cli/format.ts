/** Numbers, and the lines of a summary, as ping has always printed them and where it has none. */

import type { RoundTripSummary } from "../../lib/stats/round_trip.ts";

/** A round-trip time with three significant digits: `0.043`, `1.30`, `12.3`, `123`. */
export function formatTime(ms: number): string {
  const us = Math.round(ms * 1000);
  if (us >= 99_950) return (us / 1000).toFixed(0);
  if (us >= 9_995) return (us / 1000).toFixed(1);
  if (us >= 1_000) return (us / 1000).toFixed(2);
  return (us / 1000).toFixed(3);
}

/** Milliseconds to the microsecond: `0.043`. */
export function formatMs(ms: number): string {
  return ms.toFixed(3);
}

/** A percentage with at most six significant digits and no needless zeros: `33.3333`, `0`. */
export function formatPercent(percent: number): string {
  return String(Number(percent.toPrecision(6)));
}

/** Unix time as `ping -D` prints it. */
export function formatTimestamp(seconds: number): string {
  return `[${seconds.toFixed(6)}] `;
}

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

/** What a summary mentions only where there is some. */
export interface OddCounts {
  readonly late: number;
  readonly reordered: number;
  readonly duplicates: number;
  readonly corrupt?: number;
  readonly inFlight: number;
}

/** `1 late, 2 reordered`: the counts that are not zero, if there are any. */
export function oddities(counts: OddCounts): string | undefined {
  const parts = [
    [counts.late, "late"],
    [counts.reordered, "reordered"],
    [counts.duplicates, counts.duplicates === 1 ? "duplicate" : "duplicates"],
    [counts.corrupt ?? 0, "corrupt"],
    [counts.inFlight, "still in flight"],
  ] as const;
  const shown = parts.filter(([count]) => count > 0);
  return shown.length === 0
    ? undefined
    : shown.map(([count, what]) => `${count} ${what}`).join(", ");
}
