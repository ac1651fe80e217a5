/** The phases of an exchange: httpstat's bar, or a line where nobody looks. */

import { cumulative } from "../../lib/http/phases.ts";
import type { Exchange, HttpPhase } from "../../lib/http/types.ts";

/** What is drawn of an exchange. */
type Timed = Pick<Exchange, "url" | "phases" | "error">;

interface Column {
  readonly title: string;
  readonly ms: number | undefined;
  /** The sum up to its end, and what it is called. */
  readonly sum: string;
  readonly failed: boolean;
}

/** So that six columns fit into 80. */
const COLUMN_WIDTH = 12;

/** Milliseconds with three digits or more: `0.04`, `1.23`, `45.6`, `1234`. */
export function formatMs(ms: number): string {
  if (ms >= 99.95) return ms.toFixed(0);
  return ms >= 9.995 ? ms.toFixed(1) : ms.toFixed(2);
}

function columnsOf(exchange: Timed): Column[] {
  const { url, phases, error } = exchange;
  const times = cumulative(exchange);
  const column = (
    title: string,
    phase: HttpPhase,
    ms: number | undefined,
    name: string,
    sumMs: number,
  ): Column => {
    const failed = phase === error?.phase;
    const sum = failed
      ? `failed ${formatMs(phases.totalMs)}`
      : `${name} ${formatMs(sumMs)}`.trimStart();
    return { title, ms, sum, failed };
  };
  const columns = [
    column("Lookup", "lookup", phases.lookupMs, "", times.lookupMs),
    column("Connect", "connect", phases.connectMs, "connect", times.connectMs),
    column("TLS", "tls", phases.tlsMs, "tls", times.tlsMs),
    column("Request", "request", phases.requestMs, "request", times.requestMs),
    column(
      "First byte",
      "first-byte",
      phases.firstByteMs,
      "ttfb",
      times.firstByteMs,
    ),
    column("Transfer", "transfer", phases.transferMs, "total", phases.totalMs),
  ];
  const secure = url.startsWith("https:");
  return columns.filter(({ title }) => secure || title !== "TLS");
}

/**
 * Each phase in a column, and below each column's end the time from the start
 * until then. Lines end with a line end.
 */
export function phaseBar(exchange: Timed): string {
  const columns = columnsOf(exchange);
  const cell = (text: string) => {
    const left = Math.floor((COLUMN_WIDTH - text.length) / 2);
    return text.padStart(text.length + left).padEnd(COLUMN_WIDTH);
  };
  const times = columns.map(({ ms }) =>
    cell(ms === undefined ? "-" : `${formatMs(ms)} ms`)
  );
  const ends = columns.map(({ sum, ms }) =>
    (ms === undefined ? "" : sum).padStart(COLUMN_WIDTH)
  );
  return [
    ` ${columns.map(({ title }) => cell(title)).join(" ")}`,
    `[${times.join("|")}]`,
    ` ${ends.join(" ")}`,
  ].map((line) => `${line.trimEnd()}\n`).join("");
}

/** The same on one line. */
export function phaseLine(exchange: Timed): string {
  const parts = columnsOf(exchange)
    .filter(({ ms }) => ms !== undefined)
    .map(({ title, ms, failed }) =>
      `${title === "TLS" ? title : title.toLowerCase()} ${formatMs(ms!)} ms${
        failed ? " (failed)" : ""
      }`
    );
  return `${parts.join(", ")}, total ${formatMs(exchange.phases.totalMs)} ms\n`;
}
