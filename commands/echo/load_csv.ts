/** A distribution of latencies as a table. */

import type { LatencySummary } from "../../lib/echo/load_types.ts";

const HEADER = '"Value","Percentile","TotalCount","1/(1-Percentile)"';

/** The distribution as HdrHistogram's tools write and plot it: values in milliseconds, percentiles from 0 to 1. */
export function csv(latency: LatencySummary | undefined): string {
  const rows = (latency?.distribution ?? []).map(
    ({ percentile, ms, count }) => {
      const share = percentile / 100;
      const oneIn = share === 1 ? "Infinity" : (1 / (1 - share)).toFixed(2);
      return `${ms.toFixed(6)},${share.toFixed(12)},${count},${oneIn}`;
    },
  );
  return [HEADER, ...rows, ""].join("\n");
}
