/** Objectives for times, and which were missed. */

import { cumulative } from "../../lib/http/phases.ts";
import type { HttpPhases } from "../../lib/http/types.ts";
import { UsageError } from "../cli/errors.ts";
import { parseDuration } from "../cli/values.ts";

/** What can be held to a limit, and how long it took. */
const MEASURES: Readonly<
  Record<string, (phases: HttpPhases) => number | undefined>
> = {
  total: ({ totalMs }) => totalMs,
  ttfb: (phases) => cumulative(phases).firstByteMs || undefined,
  lookup: ({ lookupMs }) => lookupMs,
  connect: ({ connectMs }) => connectMs,
  tls: ({ tlsMs }) => tlsMs,
  request: ({ requestMs }) => requestMs,
  "first-byte": ({ firstByteMs }) => firstByteMs,
  transfer: ({ transferMs }) => transferMs,
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

/** The objectives that were missed, a line each. */
export function missedSlo(slo: Slo, phases: HttpPhases): string[] {
  return [...slo].flatMap(([name, limit]) => {
    const ms = MEASURES[name]!(phases);
    return ms === undefined || ms <= limit ? [] : [
      `SLO missed: ${name} took ${ms.toFixed(1)} ms, and may take ${limit} ms`,
    ];
  });
}
