/** Statistics over round-trip times, as ping counts them, and a few that it lacks. */

import { Histogram } from "./histogram.ts";

/** Round-trip statistics over the answered probes, in milliseconds. */
export interface RoundTripSummary {
  /** The shortest. */
  readonly minMs: number;
  /** The arithmetic mean. */
  readonly avgMs: number;
  /** The longest. */
  readonly maxMs: number;
  /** Population standard deviation. */
  readonly mdevMs: number;
  /** Exponentially weighted moving average, alpha 1/8, from the first time on. */
  readonly ewmaMs: number;
  /** Half were no longer than this (nearest rank, within 0.05 %). */
  readonly p50Ms: number;
  /** Nine of ten were no longer than this (nearest rank, within 0.05 %). */
  readonly p90Ms: number;
  /** 99 of 100 were no longer than this (nearest rank, within 0.05 %). */
  readonly p99Ms: number;
  /** Interarrival jitter, RFC 3550 section 6.4.1. */
  readonly jitterMs: number;
}

/** Collects round-trip times, in the order in which their answers came. */
export class RoundTripStatistics {
  readonly #histogram = new Histogram();
  #mean = 0;
  /** Sum of squared distances from the mean, after Welford: no cancellation between large sums. */
  #squares = 0;
  #ewma = 0;
  #jitter = 0;
  #last = 0;

  /** How many times were added. */
  get count(): number {
    return this.#histogram.count;
  }

  /** The longest time in milliseconds; 0 before the first. */
  get maxMs(): number {
    return this.#histogram.maxMs;
  }

  /**
   * Adds one round-trip time.
   *
   * @param ms milliseconds
   * @throws {RangeError} when it is not a finite number
   */
  add(ms: number): void {
    this.#histogram.add(ms);
    const count = this.#histogram.count;
    if (count === 1) {
      this.#ewma = ms;
    } else {
      this.#ewma += (ms - this.#ewma) / 8;
      this.#jitter += (Math.abs(ms - this.#last) - this.#jitter) / 16;
    }
    this.#last = ms;
    const distance = ms - this.#mean;
    this.#mean += distance / count;
    this.#squares += distance * (ms - this.#mean);
  }

  /** Everything so far; undefined before the first time. */
  summary(): RoundTripSummary | undefined {
    const histogram = this.#histogram;
    if (histogram.count === 0) return undefined;
    return {
      minMs: histogram.minMs,
      avgMs: this.#mean,
      maxMs: histogram.maxMs,
      mdevMs: Math.sqrt(this.#squares / histogram.count),
      ewmaMs: this.#ewma,
      p50Ms: histogram.percentile(50),
      p90Ms: histogram.percentile(90),
      p99Ms: histogram.percentile(99),
      jitterMs: this.#jitter,
    };
  }
}

/** No clock tells more; the rest is the noise of binary fractions. */
export function wholeNanoseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1e6) / 1e6;
}

/** Every time of a summary likewise. */
export function roundedSummary(summary: RoundTripSummary): RoundTripSummary {
  return Object.fromEntries(
    Object.entries(summary).map(([name, ms]) => [name, wholeNanoseconds(ms)]),
  ) as unknown as RoundTripSummary;
}
