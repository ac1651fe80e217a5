// Scripts that import netdiag by its path have no import map for it.
// deno-lint-ignore-file no-import-prefix

/** Latencies, in the histogram of a library that is made for them. */

import type { JsHistogram } from "npm:hdr-histogram-js@3.0.1";
import type { LatencyBar, LatencyPoint, LatencySummary } from "./load_types.ts";

const NS_PER_MS = 1e6;
/** Nanoseconds are told apart; an hour is where the memory is first made for, and longer ones enlarge it. */
const LOWEST_NS = 1;
const HIGHEST_NS = 3.6e12;
const BARS = 12;
/** Points of the distribution in each half of what is left to 100 %. */
const POINTS_A_HALF = 5;

/** Collects latencies without dropping any. */
export class Latencies {
  readonly #histogram: JsHistogram;

  private constructor(histogram: JsHistogram) {
    this.#histogram = histogram;
  }

  /** Loads the library and makes an empty collection. */
  static async open(): Promise<Latencies> {
    const { build } = await import("npm:hdr-histogram-js@3.0.1");
    const histogram = build({
      bitBucketSize: 64,
      lowestDiscernibleValue: LOWEST_NS,
      highestTrackableValue: HIGHEST_NS,
      numberOfSignificantValueDigits: 3,
    });
    // Its declared type leaves out the counts.
    return new Latencies(histogram as JsHistogram);
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  /** Adds one, in milliseconds. */
  add(ms: number): void {
    this.#histogram.recordValue(Math.round(ms * NS_PER_MS));
  }

  /** Milliseconds that this share, 0 to 100, did not exceed. */
  percentile(percentile: number): number {
    return this.#valueAt(percentile) / NS_PER_MS;
  }

  /** The histogram gives the upper end of what it cannot tell apart, which may be more than there was. */
  #valueAt(percentile: number): number {
    const value = this.#histogram.getValueAtPercentile(percentile);
    return Math.min(value, this.#histogram.maxValue);
  }

  /** Undefined where there are none. */
  summary(): LatencySummary | undefined {
    if (this.count === 0) return undefined;
    const { minNonZeroValue, maxValue, mean } = this.#histogram;
    return {
      minMs: minNonZeroValue / NS_PER_MS,
      meanMs: mean / NS_PER_MS,
      p50Ms: this.percentile(50),
      p90Ms: this.percentile(90),
      p99Ms: this.percentile(99),
      p999Ms: this.percentile(99.9),
      p9999Ms: this.percentile(99.99),
      maxMs: maxValue / NS_PER_MS,
      histogram: this.#bars(minNonZeroValue, maxValue),
      distribution: this.#distribution(),
    };
  }

  #bars(min: number, max: number): LatencyBar[] {
    const growth = Math.max(max / min, 1.001) ** (1 / BARS);
    const bars: LatencyBar[] = [];
    let index = 0;
    let from = 0;
    for (let i = 1; i <= BARS; i++) {
      const to = i === BARS ? max : min * growth ** i;
      const end = this.#histogram.countsArrayIndex(Math.round(to));
      let count = 0;
      for (; index <= end; index++) {
        count += this.#histogram.getCountAtIndex(index);
      }
      bars.push({ fromMs: from / NS_PER_MS, toMs: to / NS_PER_MS, count });
      from = to;
    }
    return bars;
  }

  #distribution(): LatencyPoint[] {
    const points: LatencyPoint[] = [];
    // Beyond this share there is less than one message.
    const last = 100 - 100 / this.count;
    let index = 0;
    let count = 0;
    const add = (percentile: number) => {
      const value = this.#valueAt(percentile);
      const end = this.#histogram.countsArrayIndex(value);
      for (; index <= end; index++) {
        count += this.#histogram.getCountAtIndex(index);
      }
      points.push({ percentile, ms: value / NS_PER_MS, count });
    };
    for (let rest = 100; 100 - rest <= last;) {
      add(100 - rest);
      const half = 2 ** Math.floor(Math.log2(100 / rest) + 1);
      rest -= 100 / (POINTS_A_HALF * half);
    }
    add(100);
    return points;
  }
}
