/** Statistics over round-trip times, as ping counts them, and a few that it lacks. */

import { Histogram } from "./histogram.ts";

/** Round-trip statistics over the answered probes, in milliseconds. */
export interface RoundTripSummary {
  readonly minMs: number;
  readonly avgMs: number;
  readonly maxMs: number;
  /** Population standard deviation. */
  readonly mdevMs: number;
  /** Exponentially weighted moving average, alpha 1/8. */
  readonly ewmaMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  /** Interarrival jitter, RFC 3550 section 6.4.1. */
  readonly jitterMs: number;
}

/** Collects round-trip times, in the order in which their answers came. */
export class RoundTripStatistics {
  readonly #histogram = new Histogram();
  #count = 0;
  #min = Infinity;
  #max = 0;
  #mean = 0;
  /** Sum of squared distances from the mean, after Welford: no cancellation between large sums. */
  #squares = 0;
  #ewma = 0;
  #jitter = 0;
  #last = 0;

  /** How many times were added. */
  get count(): number {
    return this.#count;
  }

  /** Exponentially weighted moving average in milliseconds, alpha 1/8; 0 before the first time. */
  get ewmaMs(): number {
    return this.#ewma;
  }

  /** The longest time in milliseconds; 0 before the first. */
  get maxMs(): number {
    return this.#max;
  }

  /**
   * Adds one round-trip time.
   *
   * @param ms milliseconds
   * @throws {RangeError} when it is not a number
   */
  add(ms: number): void {
    this.#histogram.add(ms);
    this.#count++;
    if (this.#count === 1) {
      this.#ewma = ms;
    } else {
      this.#ewma += (ms - this.#ewma) / 8;
      this.#jitter += (Math.abs(ms - this.#last) - this.#jitter) / 16;
    }
    this.#last = ms;
    if (ms < this.#min) this.#min = ms;
    if (ms > this.#max) this.#max = ms;
    const distance = ms - this.#mean;
    this.#mean += distance / this.#count;
    this.#squares += distance * (ms - this.#mean);
  }

  /** Everything so far; undefined before the first time. */
  summary(): RoundTripSummary | undefined {
    if (this.#count === 0) return undefined;
    return {
      minMs: this.#min,
      avgMs: this.#mean,
      maxMs: this.#max,
      mdevMs: Math.sqrt(this.#squares / this.#count),
      ewmaMs: this.#ewma,
      p50Ms: this.#percentile(50),
      p90Ms: this.#percentile(90),
      p99Ms: this.#percentile(99),
      jitterMs: this.#jitter,
    };
  }

  /** A bucket's middle may lie outside of what was measured; the result never does. */
  #percentile(percent: number): number {
    const value = this.#histogram.percentile(percent);
    return Math.min(Math.max(value, this.#min), this.#max);
  }
}
