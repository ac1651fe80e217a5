/** Checks and defaults of the options, before anything is opened or sent. */

import { parseAddress } from "../wire/address.ts";
import type { PingManyOptions, PingOptions, ProbeOptions } from "./types.ts";

/** An option, or a target, has a value that cannot be used. */
export class OptionError extends Error {
  /** The name of the class. */
  override readonly name = "OptionError";
  /** The option's name in the library, such as `intervalMs`. */
  readonly option: string;

  /** For the library's own use; a constructor cannot be hidden. */
  constructor(option: string, message: string) {
    super(message);
    this.option = option;
  }
}

/** The largest payload: a 65,535-byte IPv4 packet less its two headers. */
export const MAX_SIZE = 65_507;
const DEFAULT_SIZE = 56;
const DEFAULT_INTERVAL_MS = 1000;
const DEFAULT_RATE = 1000;
const DEFAULT_RETRIES = 3;
const MAX_PATTERN_BYTES = 16;
/** Timers and counters hold no more; 2^31 - 1 ms is 24 days. */
const MAX_MS = 2 ** 31 - 1;
const MAX_COUNT = 2 ** 31 - 1;
/** What waits for an answer in {@linkcode ping}, as in iputils, and in {@linkcode pingMany}. */
const SINGLE_TIMEOUT_MS = 10_000;
const MANY_TIMEOUT_MS = 1000;

function check(
  option: string,
  value: number | undefined,
  min: number,
  max: number,
  whole: boolean,
): void {
  if (value === undefined) return;
  const fits = value >= min && value <= max &&
    (!whole || Number.isInteger(value));
  if (!fits) {
    throw new OptionError(
      option,
      `Cannot use ${value} as ${option}: not a ${
        whole ? "whole " : ""
      }number from ${min} to ${max}`,
    );
  }
}

function checkCommon(options: ProbeOptions): void {
  check("size", options.size, 0, MAX_SIZE, true);
  check("ttl", options.ttl, 1, 255, true);
  check("tos", options.tos, 0, 255, true);
  check("intervalMs", options.intervalMs, 0, MAX_MS, false);
  check("timeoutMs", options.timeoutMs, 0, MAX_MS, false);
  if (options.probe === "tcp" || options.probe === "udp") {
    if (options.port === undefined) {
      throw new OptionError("port", `A ${options.probe} probe needs a port`);
    }
    check("port", options.port, 1, 65535, true);
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

/** Where probes are to come from. */
export interface Source {
  readonly address?: Uint8Array;
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
  const address = options.source === undefined
    ? undefined
    : parseAddress(options.source);
  return {
    size: options.size ?? DEFAULT_SIZE,
    intervalMs: options.intervalMs ?? DEFAULT_INTERVAL_MS,
    timeoutMs: options.timeoutMs ?? timeoutMs,
    source: options.source === undefined
      ? {}
      : address === undefined
      ? { interface: options.source }
      : { address },
  };
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
  check("count", options.count, 1, MAX_COUNT, true);
  check("deadlineMs", options.deadlineMs, 0, MAX_MS, false);
  check("preload", options.preload, 1, 65535, true);
  check("minIntervalMs", options.minIntervalMs, 0, MAX_MS, false);
  return {
    ...common(options, SINGLE_TIMEOUT_MS),
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
  check("count", options.count, 1, MAX_COUNT, true);
  check("retries", options.retries, 0, MAX_COUNT - 1, true);
  check("rate", options.rate, Number.MIN_VALUE, Infinity, false);
  const plan = common(options, MANY_TIMEOUT_MS);
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
