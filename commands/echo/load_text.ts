/** A load in words and figures. */

import { format as formatBytes } from "@std/fmt/bytes";
import { DEFAULT_DURATION_MS } from "../../lib/echo/load_options.ts";
import type {
  EchoLoadProgress,
  EchoLoadStart,
  EchoLoadSummary,
  LatencySummary,
} from "../../lib/echo/load_types.ts";
import { formatTime } from "../cli/format.ts";
import type { LoadValues } from "./load_options.ts";
import { withTrustHint } from "./trust.ts";

const BAR_WIDTH = 40;
const PERCENTILES = [
  ["min", "minMs"],
  ["p50", "p50Ms"],
  ["p90", "p90Ms"],
  ["p99", "p99Ms"],
  ["p99.9", "p999Ms"],
  ["p99.99", "p9999Ms"],
  ["max", "maxMs"],
] as const satisfies readonly (readonly [string, keyof LatencySummary])[];

/** What the errors that have no name of the system's are called. */
const KINDS: Readonly<Record<string, string>> = {
  closed: "closed by the peer",
  timeout: "not answered in time",
  mismatch: "answered otherwise",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
};

/** `LOAD tcp://127.0.0.1:7007: 64 connections, 64 bytes, closed loop, 10 s (native)`. */
export function startLine(event: EchoLoadStart, values: LoadValues): string {
  const loop = values.rate === undefined ? "closed loop" : `${values.rate}/s`;
  const seconds = (values.duration ?? DEFAULT_DURATION_MS) / 1000;
  const link = linkOf(event.endpoint);
  return `LOAD ${event.endpoint}: ${plural(event.connections, link)}` +
    `, ${plural(event.size, "byte")}, ${
      values.reconnect ? "reconnecting, " : ""
    }${loop}, ${seconds} s (${event.engine})\n`;
}

/** How it goes, in less than 80 characters. */
export function progressLine(event: EchoLoadProgress): string {
  const seconds = (event.elapsedMs / 1000).toFixed(0);
  const latency = event.p50Ms === undefined || event.p99Ms === undefined
    ? ""
    : `, p50 ${formatTime(event.p50Ms)} ms, p99 ${formatTime(event.p99Ms)} ms`;
  const phase = event.phase === "warmup" ? "warm-up" : "measuring";
  return `${phase} ${seconds} s: ${Math.round(event.perSecond)}/s${latency}, ` +
    plural(event.errors, "error");
}

/** Everything that was measured. */
export function summaryText(
  event: EchoLoadSummary,
  values: LoadValues,
): string {
  const lines = ["", `--- ${event.endpoint} load statistics ---`];
  lines.push(
    `${plural(event.sent, "message")} sent, ${event.answered} answered, ` +
      `${event.unanswered} unanswered, time ${event.durationMs.toFixed(0)}ms`,
  );
  const oddities = [
    [event.unsent, "planned and never sent"],
    [event.late, "answered late"],
    [event.duplicates, event.duplicates === 1 ? "duplicate" : "duplicates"],
    [event.reordered, "reordered"],
    [event.connections.failed, "connections not made"],
    [event.connections.broken, "connections broken"],
  ] as const;
  const odd = oddities.filter(([count]) => count > 0)
    .map(([count, what]) => `${count} ${what}`);
  if (odd.length > 0) lines.push(odd.join(", "));
  const errors = errorList(event);
  if (errors !== "") lines.push(`errors: ${errors}`);
  const { firstMismatch } = event;
  if (firstMismatch !== undefined) {
    lines.push(`first difference: ${differenceText(firstMismatch)}`);
  }
  if (event.durationMs > 0) {
    const throughput = formatBytes(Math.round(event.bytesPerSecond));
    lines.push(
      `${Math.round(event.perSecond)} messages/s, ${throughput}/s each way`,
    );
  }
  if (event.latency !== undefined) {
    lines.push(
      `latency, from the ${startOf(values)}`,
      ...latencyLines(event.latency),
    );
  }
  return `${lines.join("\n")}\n`;
}

/** What latencies count from. */
function startOf({ rate, reconnect }: LoadValues): string {
  if (rate !== undefined) return "planned time on";
  return reconnect ? "start of the connection on" : "sending on";
}

/** Why there was nothing left to measure with, if that is so. */
export function trouble(event: EchoLoadSummary): string | undefined {
  if (event.ended !== "no-connections") return undefined;
  const { endpoint, connections, durationMs } = event;
  const reason = event.firstError ?? errorList(event);
  if (connections.opened === 0) {
    return `Cannot connect to ${endpoint}: ${withTrustHint(reason)}`;
  }
  const what = connections.broken > 0
    ? `Every ${linkOf(endpoint)} to ${endpoint} broke`
    : `No connection to ${endpoint} can be made any more`;
  return durationMs === 0
    ? `${what} before anything was measured: ${reason}`
    : `${what} after ${(durationMs / 1000).toFixed(1)} s: ` +
      "the summary is of the time until then";
}

/** What messages to an endpoint go over. */
function linkOf(endpoint: string): string {
  return /^(udp|unixgram):/.test(endpoint) ? "socket" : "connection";
}

/** `connection reset 53, closed by the peer 11`. */
function errorList({ errors }: EchoLoadSummary): string {
  return Object.entries(errors)
    .map(([kind, count]) => `${KINDS[kind] ?? kind} ${count}`)
    .join(", ");
}

function differenceText(
  { offset, expected, actual }: NonNullable<EchoLoadSummary["firstMismatch"]>,
): string {
  if (expected < 0) return `bytes added after ${offset}`;
  if (actual < 0) return `bytes missing after ${offset}`;
  const hex = (byte: number) => `0x${byte.toString(16).padStart(2, "0")}`;
  return `byte ${offset} is ${hex(actual)}, not ${hex(expected)}`;
}

function latencyLines(latency: LatencySummary): string[] {
  const percentiles = PERCENTILES.map(([name, key]) =>
    `  ${name.padEnd(6)} ${formatTime(latency[key]).padStart(8)} ms`
  );
  const most = Math.max(...latency.histogram.map(({ count }) => count));
  const bars = latency.histogram.map(({ toMs, count }) => {
    const width = count === 0
      ? 0
      : Math.max(1, Math.round(count / most * BAR_WIDTH));
    const bar = "#".repeat(width).padEnd(BAR_WIDTH);
    return `  up to ${formatTime(toMs).padStart(6)} ms |${bar} ${count}`;
  });
  return [...percentiles, "", ...bars];
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
