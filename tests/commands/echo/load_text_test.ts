import { assertEquals } from "@std/assert";
import { csv } from "../../../commands/echo/load_csv.ts";
import { LOAD_OPTIONS } from "../../../commands/echo/load_options.ts";
import {
  progressLine,
  startLine,
  summaryText,
  trouble,
} from "../../../commands/echo/load_text.ts";
import { parseCommandLine } from "../../../commands/cli/parse.ts";
import type {
  EchoLoadSummary,
  LatencySummary,
} from "../../../lib/echo/load_types.ts";

const ENDPOINT = "tcp://192.0.2.7:7";

const LATENCY: LatencySummary = {
  minMs: 0.0234,
  meanMs: 0.3,
  p50Ms: 0.12,
  p90Ms: 1.5,
  p99Ms: 12.34,
  p999Ms: 123.4,
  p9999Ms: 1234,
  maxMs: 1234.5,
  histogram: [
    { fromMs: 0, toMs: 5.37, count: 80 },
    { fromMs: 5.37, toMs: 81.5, count: 0 },
    { fromMs: 81.5, toMs: 1234.5, count: 1 },
  ],
  distribution: [
    { percentile: 0, ms: 0.0234, count: 1 },
    { percentile: 50, ms: 0.12, count: 41 },
    { percentile: 100, ms: 1234.5, count: 81 },
  ],
};

const CLEAN: EchoLoadSummary = {
  type: "summary",
  endpoint: ENDPOINT,
  ended: "duration",
  connections: { opened: 1, failed: 0, broken: 0 },
  durationMs: 10_000,
  sent: 81,
  answered: 81,
  unanswered: 0,
  unsent: 0,
  late: 0,
  duplicates: 0,
  reordered: 0,
  mismatched: 0,
  errors: {},
  perSecond: 8.1,
  bytesPerSecond: 1_500_000,
  latency: LATENCY,
  time: 0,
};

function values(line = "") {
  const words = line.split(" ").filter((word) => word !== "");
  return parseCommandLine(LOAD_OPTIONS, words).options;
}

Deno.test("summaryText() has percentiles with their unit, and bars", () => {
  const stars = "#".repeat(40);
  assertEquals(summaryText(CLEAN, values()).split("\n"), [
    "",
    `--- ${ENDPOINT} load statistics ---`,
    "81 messages sent, 81 answered, 0 unanswered, time 10000ms",
    "8 messages/s, 1.5 MB/s each way",
    "latency, from the sending on",
    "  min       0.023 ms",
    "  p50       0.120 ms",
    "  p90        1.50 ms",
    "  p99        12.3 ms",
    "  p99.9       123 ms",
    "  p99.99     1234 ms",
    "  max        1235 ms",
    "",
    `  up to   5.37 ms |${stars} 80`,
    `  up to   81.5 ms |${" ".repeat(40)} 0`,
    `  up to   1235 ms |${"#".padEnd(40)} 1`,
    "",
  ]);
});

Deno.test("summaryText() says from when on latencies count", () => {
  const line = (options: string) =>
    summaryText(CLEAN, values(options)).split("\n")[4];
  assertEquals(line("--rate 5"), "latency, from the planned time on");
  assertEquals(
    line("--reconnect"),
    "latency, from the start of the connection on",
  );
});

Deno.test("summaryText() mentions what went wrong, where something did", () => {
  const { latency: _, ...rest } = CLEAN;
  const summary: EchoLoadSummary = {
    ...rest,
    connections: { opened: 8, failed: 2, broken: 3 },
    answered: 70,
    unanswered: 10,
    unsent: 4,
    late: 1,
    duplicates: 1,
    reordered: 5,
    mismatched: 1,
    firstMismatch: { offset: 9, expected: 10, actual: 255 },
    errors: { ECONNRESET: 3, closed: 1, timeout: 2, mismatch: 1, EPERM: 4 },
  };
  assertEquals(summaryText(summary, values()).split("\n").slice(2), [
    "81 messages sent, 70 answered, 10 unanswered, time 10000ms",
    "4 planned and never sent, 1 answered late, 1 duplicate, 5 reordered, " +
    "2 connections not made, 3 connections broken",
    "errors: connection reset 3, closed by the peer 1, " +
    "not answered in time 2, answered otherwise 1, EPERM 4",
    "first difference: byte 9 is 0xff, not 0x0a",
    "8 messages/s, 1.5 MB/s each way",
    "",
  ]);
});

Deno.test("trouble() says in a line why nothing was left to measure with", () => {
  assertEquals(trouble(CLEAN), undefined);
  const gone = { ...CLEAN, ended: "no-connections" } as const;
  const broken = { opened: 8, failed: 0, broken: 8 };
  assertEquals(
    trouble({ ...gone, connections: broken, durationMs: 1240 }),
    `Every connection to ${ENDPOINT} broke after 1.2 s: ` +
      "the summary is of the time until then",
  );
  assertEquals(
    trouble({
      ...gone,
      endpoint: "udp://[::1]:7",
      connections: broken,
      durationMs: 0,
      errors: { ECONNREFUSED: 8 },
    }),
    "Every socket to udp://[::1]:7 broke before anything was measured: " +
      "connection refused 8",
  );
  const none = { opened: 0, failed: 8, broken: 0 };
  assertEquals(
    trouble({ ...gone, connections: none, errors: { timeout: 8 } }),
    `Cannot connect to ${ENDPOINT}: not answered in time 8`,
  );
  const firstError = "No route to host (EHOSTUNREACH)";
  assertEquals(
    trouble({ ...gone, connections: none, firstError }),
    `Cannot connect to ${ENDPOINT}: ${firstError}`,
  );
});

Deno.test("startLine() and progressLine() say what is done, and how it goes", () => {
  const start = {
    type: "start",
    endpoint: "udp://192.0.2.7:7",
    connections: 1,
    size: 1,
    engine: "deno",
    time: 0,
  } as const;
  assertEquals(
    startLine(start, values("-d 500ms --rate 20")),
    "LOAD udp://192.0.2.7:7: 1 socket, 1 byte, 20/s, 0.5 s (deno)\n",
  );
  assertEquals(
    startLine({ ...start, endpoint: ENDPOINT }, values("--reconnect")),
    `LOAD ${ENDPOINT}: 1 connection, 1 byte, reconnecting, closed loop, ` +
      "10 s (deno)\n",
  );
  const progress = {
    type: "progress",
    phase: "measure",
    elapsedMs: 3001,
    perSecond: 1234.5,
    p50Ms: 0.12,
    p99Ms: 12.34,
    errors: 1,
    time: 0,
  } as const;
  assertEquals(
    progressLine(progress),
    "measuring 3 s: 1235/s, p50 0.120 ms, p99 12.3 ms, 1 error",
  );
});

Deno.test("csv() is the table that HdrHistogram's tools read", () => {
  assertEquals(csv(LATENCY).split("\n"), [
    '"Value","Percentile","TotalCount","1/(1-Percentile)"',
    "0.023400,0.000000000000,1,1.00",
    "0.120000,0.500000000000,41,2.00",
    "1234.500000,1.000000000000,81,Infinity",
    "",
  ]);
  assertEquals(csv(undefined).split("\n").length, 2);
});
