/** Checks and defaults of the options, before anything is opened or sent. */

import { checkChoice, checkNumber, OptionError } from "../socket/options.ts";
import { isLinkLocal, parseAddress, withoutZone } from "../wire/address.ts";
import {
  DEFAULT_INTERVAL_MS,
  DEFAULT_MANY_TIMEOUT_MS,
  DEFAULT_RATE,
  DEFAULT_RETRIES,
  DEFAULT_SIZE,
  DEFAULT_TIMEOUT_MS,
  MAX_COUNT,
  MAX_MS,
  MAX_PATTERN_BYTES,
  MAX_PRELOAD,
  MAX_SIZE,
} from "./limits.ts";
import type { PingManyOptions, PingOptions, ProbeOptions } from "./types.ts";

function checkCommon(options: ProbeOptions): void {
  checkChoice("probe", options.probe, ["icmp", "tcp", "udp"]);
  checkChoice("family", options.family, [4, 6]);
  checkChoice("pathMtu", options.pathMtu, ["do", "want", "dont"]);
  checkNumber("size", options.size, 0, MAX_SIZE, true);
  checkNumber("ttl", options.ttl, 1, 255, true);
  checkNumber("tos", options.tos, 0, 255, true);
  checkNumber("intervalMs", options.intervalMs, 0, MAX_MS, false);
  checkNumber("timeoutMs", options.timeoutMs, 0, MAX_MS, false);
  if (options.probe === "tcp" || options.probe === "udp") {
    if (options.port === undefined) {
      throw new OptionError("port", `A ${options.probe} probe needs a port`);
    }
    checkNumber("port", options.port, 1, 65535, true);
    rejectMeaningless(options, options.probe);
  }
  if ((options.pattern?.length ?? 0) > MAX_PATTERN_BYTES) {
    throw new OptionError(
      "pattern",
      `Cannot use a pattern of ${
        options.pattern!.length
      } bytes: ${MAX_PATTERN_BYTES} at the most`,
    );
  }
}

/** Options that only ICMP has, and those that only a payload has: none in a TCP handshake. */
function rejectMeaningless(options: ProbeOptions, probe: "tcp" | "udp"): void {
  const icmpOnly = ["pathMtu", "broadcast"] as const;
  const payloadOnly = ["size", "pattern"] as const;
  const meaningless = probe === "tcp"
    ? [...icmpOnly, ...payloadOnly]
    : icmpOnly;
  for (const name of meaningless) {
    if (options[name] !== undefined && options[name] !== false) {
      throw new OptionError(
        name,
        `Cannot use ${name} with ${probe.toUpperCase()} probes: they have none`,
      );
    }
  }
}

/** Where probes are to come from. */
export interface Source {
  readonly address?: Uint8Array;
  /** Of an IPv6 address, without its `%`. */
  readonly zone?: string | undefined;
  readonly interface?: string;
}

/** Options with their defaults, the same for one target and for many. */
export interface CommonPlan {
  readonly size: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly source: Source;
}

function common(options: ProbeOptions, timeoutMs: number): CommonPlan {
  return {
    size: options.size ?? DEFAULT_SIZE,
    intervalMs: options.intervalMs ?? DEFAULT_INTERVAL_MS,
    timeoutMs: options.timeoutMs ?? timeoutMs,
    source: options.source === undefined ? {} : parseSource(options.source),
  };
}

function parseSource(source: string): Source {
  const address = parseAddress(source);
  if (address !== undefined) return { address };
  const text = withoutZone(source);
  const linkLocal = parseAddress(text);
  return text === source || linkLocal === undefined || !isLinkLocal(linkLocal)
    ? { interface: source }
    : { address: linkLocal, zone: source.slice(text.length + 1) };
}

/** What {@linkcode ping} does with its options. */
export interface SingleOptionsPlan extends CommonPlan {
  readonly count: number;
  readonly pace: "interval" | "flood" | "adaptive";
  readonly preload: number;
  readonly minIntervalMs: number;
}

/** @throws {OptionError} */
export function planSingle(options: PingOptions): SingleOptionsPlan {
  checkCommon(options);
  checkNumber("count", options.count, 1, MAX_COUNT, true);
  checkNumber("deadlineMs", options.deadlineMs, 0, MAX_MS, false);
  checkChoice("pace", options.pace, ["interval", "flood", "adaptive"]);
  checkNumber("preload", options.preload, 1, MAX_PRELOAD, true);
  checkNumber("minIntervalMs", options.minIntervalMs, 0, MAX_MS, false);
  return {
    ...common(options, DEFAULT_TIMEOUT_MS),
    count: options.count ?? Infinity,
    pace: options.pace ?? "interval",
    preload: options.preload ?? 1,
    minIntervalMs: options.minIntervalMs ?? 0,
  };
}

/** What {@linkcode pingMany} does with its options. */
export interface ManyOptionsPlan extends CommonPlan {
  readonly rounds: number;
  readonly untilAnswered: boolean;
  readonly gapMs: number;
}

/** @throws {OptionError} */
export function planMany(options: PingManyOptions): ManyOptionsPlan {
  checkCommon(options);
  checkNumber("count", options.count, 1, MAX_COUNT, true);
  checkNumber("retries", options.retries, 0, MAX_COUNT - 1, true);
  checkNumber("rate", options.rate, Number.MIN_VALUE, Infinity, false);
  const plan = common(options, DEFAULT_MANY_TIMEOUT_MS);
  return {
    ...plan,
    // Asking again makes sense only when the first answer is overdue.
    intervalMs: options.count === undefined
      ? Math.max(plan.timeoutMs, options.intervalMs ?? 0)
      : plan.intervalMs,
    rounds: options.count ?? 1 + (options.retries ?? DEFAULT_RETRIES),
    untilAnswered: options.count === undefined,
    gapMs: 1000 / (options.rate ?? DEFAULT_RATE),
  };
}
