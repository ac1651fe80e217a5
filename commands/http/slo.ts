/** Objectives for times, and which were missed. */

import { cumulative } from "../../lib/http/phases.ts";
import type { Exchange } from "../../lib/http/types.ts";
import { UsageError } from "../cli/errors.ts";
import { parseDuration } from "../cli/values.ts";

/** What can be held to a limit, and how long it took, or at least that long where it failed. */
const MEASURES: Readonly<
  Record<string, (exchange: Exchange, totalMs: number) => number | undefined>
> = {
  total: (_, totalMs) => totalMs,
  ttfb: (exchange) => cumulative(exchange).firstByteMs || undefined,
  lookup: ({ phases }) => phases.lookupMs,
  connect: ({ phases }) => phases.connectMs,
  tls: ({ phases }) => phases.tlsMs,
  request: ({ phases }) => phases.requestMs,
  "first-byte": ({ phases }) => phases.firstByteMs,
  transfer: ({ phases }) => phases.transferMs,
};

/** Limits in milliseconds, by what they are for. */
export type Slo = ReadonlyMap<string, number>;

/**
 * Reads `total=500,ttfb=200`; a bare number is milliseconds.
 *
 * @throws {UsageError} when it is none
 */
export function parseSlo(text: string | undefined): Slo {
  const slo = new Map<string, number>();
  for (const part of text?.split(",") ?? []) {
    const [name = "", value = "", ...rest] = part.split("=");
    const ms = /^[\d.]+$/.test(value)
      ? parseDuration(`${value}ms`)
      : parseDuration(value);
    if (!Object.hasOwn(MEASURES, name) || ms === undefined || rest.length > 0) {
      throw new UsageError(
        `Invalid value ${
          JSON.stringify(part)
        } for "--slo": not NAME=MS, with one of ${
          Object.keys(MEASURES).join(", ")
        }`,
      );
    }
    slo.set(name, ms);
  }
  return slo;
}

/**
 * The objectives that were missed, a line each.
 *
 * @param totalMs of the exchange and those that redirected to it
 */
export function missedSlo(
  slo: Slo,
  exchange: Exchange,
  totalMs: number,
): string[] {
  return [...slo].flatMap(([name, limit]) => {
    const ms = MEASURES[name]!(exchange, totalMs);
    return ms === undefined || ms <= limit ? [] : [
      `SLO missed: ${name} took ${ms.toFixed(1)} ms, and may take ${limit} ms`,
    ];
  });
}
