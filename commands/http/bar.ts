/** The phases of an exchange: httpstat's bar, or a line where nobody looks. */

import { cumulative } from "../../lib/http/phases.ts";
import type { HttpPhases } from "../../lib/http/types.ts";

interface Column {
  readonly title: string;
  readonly ms: number | undefined;
  /** The sum up to its end, and what it is called. */
  readonly sum: string;
}

/** So that six columns fit into 80. */
const COLUMN_WIDTH = 12;

/** Milliseconds with three digits or more: `0.04`, `1.23`, `45.6`, `1234`. */
export function formatMs(ms: number): string {
  if (ms >= 99.95) return ms.toFixed(0);
  return ms >= 9.995 ? ms.toFixed(1) : ms.toFixed(2);
}

function columnsOf(phases: HttpPhases, secure: boolean): Column[] {
  const times = cumulative(phases);
  const sum = (name: string, ms: number) => `${name} ${formatMs(ms)}`;
  const columns: Column[] = [
    {
      title: "Lookup",
      ms: phases.lookupMs,
      sum: formatMs(times.lookupMs),
    },
    {
      title: "Connect",
      ms: phases.connectMs,
      sum: sum("connect", times.connectMs),
    },
    { title: "TLS", ms: phases.tlsMs, sum: sum("tls", times.tlsMs) },
    {
      title: "Request",
      ms: phases.requestMs,
      sum: sum("request", times.requestMs),
    },
    {
      title: "First byte",
      ms: phases.firstByteMs,
      sum: sum("ttfb", times.firstByteMs),
    },
    {
      title: "Transfer",
      ms: phases.transferMs,
      sum: sum("total", phases.totalMs),
    },
  ];
  return columns.filter(({ title }) => secure || title !== "TLS");
}

/**
 * Each phase in a column, and below each column's end the time from the start
 * until then. Lines end with a line end.
 */
export function phaseBar(phases: HttpPhases, secure: boolean): string {
  const columns = columnsOf(phases, secure);
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
export function phaseLine(phases: HttpPhases, secure: boolean): string {
  const parts = columnsOf(phases, secure)
    .filter(({ ms }) => ms !== undefined)
    .map(({ title, ms }) =>
      `${title === "TLS" ? title : title.toLowerCase()} ${formatMs(ms!)} ms`
    );
  return `${parts.join(", ")}, total ${formatMs(phases.totalMs)} ms\n`;
}
