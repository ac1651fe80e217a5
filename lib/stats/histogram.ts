/** A histogram of durations with bounded memory and bounded relative error. */

/** 2^10 parts of an octave: none reaches further than 1/2048 of its values from its middle. */
const SUB_BITS = 10;
const SUB_COUNT = 1 << SUB_BITS;
/** Shortest and longest duration that are told apart, in milliseconds: 1 ns and 24 h. */
const LOWEST_MS = 1e-6;
const HIGHEST_MS = 24 * 60 * 60 * 1000;

/**
 * Log-linear buckets: each octave of the range from 1 ns to 24 h is divided
 * into 1,024 equal parts, so that the middle of a bucket is within 0.05 % of
 * everything in it. A value beyond the range is counted in the bucket at its
 * nearer end, and how many there were is kept. The extremes are exact.
 *
 * Memory grows with the octaves that are in use, 8 KiB each, to 376 KiB. An
 * empty histogram costs nothing to make.
 *
 * @example
 * ```ts
 * import { Histogram } from "./histogram.ts";
 *
 * const histogram = new Histogram();
 * for (let ms = 1; ms <= 1000; ms++) histogram.add(ms);
 * const p99 = histogram.percentile(99);
 * if (Math.abs(p99 - 990) > 990 * 0.0005) throw new Error();
 * ```
 */
export class Histogram {
  #clampedLow = 0;
  #clampedHigh = 0;
  #count = 0;
  #minMs = 0;
  #maxMs = 0;
  readonly #octaves: (Float64Array | undefined)[] = [];

  /** Recorded values that were below 1 ns. */
  get clampedLow(): number {
    return this.#clampedLow;
  }

  /** Recorded values that were above 24 h. */
  get clampedHigh(): number {
    return this.#clampedHigh;
  }

  /** How many values were recorded, clamped ones included. */
  get count(): number {
    return this.#count;
  }

  /** The smallest recorded value in milliseconds; 0 before the first. */
  get minMs(): number {
    return this.#minMs;
  }

  /** The largest recorded value in milliseconds; 0 before the first. */
  get maxMs(): number {
    return this.#maxMs;
  }

  /**
   * Counts one value.
   *
   * @param ms a duration in milliseconds
   * @throws {RangeError} when it is not a finite number
   */
  add(ms: number): void {
    if (!Number.isFinite(ms)) {
      throw new RangeError(`Cannot record ${ms}: not a finite number`);
    }
    if (this.#count === 0 || ms < this.#minMs) this.#minMs = ms;
    if (this.#count === 0 || ms > this.#maxMs) this.#maxMs = ms;
    let value = ms;
    if (ms < LOWEST_MS) {
      this.#clampedLow++;
      value = LOWEST_MS;
    } else if (ms > HIGHEST_MS) {
      this.#clampedHigh++;
      value = HIGHEST_MS;
    }
    const bucket = bucketOf(value);
    const octave = this.#octaves[bucket >> SUB_BITS] ??= new Float64Array(
      SUB_COUNT,
    );
    octave[bucket & (SUB_COUNT - 1)]! += 1;
    this.#count++;
  }

  /**
   * The smallest recorded value that at least `percent` percent of all do not
   * exceed (nearest rank), within 0.05 %.
   *
   * @param percent from 0, the smallest value, to 100, the largest
   * @returns milliseconds; `NaN` when nothing was recorded
   */
  percentile(percent: number): number {
    if (this.#count === 0) return NaN;
    const rank = Math.ceil(this.#count * percent / 100);
    if (rank <= 1) return this.#minMs;
    if (rank >= this.#count) return this.#maxMs;
    const value = middleOf(this.#bucketOfRank(rank));
    return Math.min(Math.max(value, this.#minMs), this.#maxMs);
  }

  /** The bucket of the `rank`-th smallest value, counted from 1. */
  #bucketOfRank(rank: number): number {
    let bucket = 0;
    for (let seen = 0; seen < rank; bucket++) {
      const octave = this.#octaves[bucket >> SUB_BITS];
      if (octave === undefined) {
        bucket += SUB_COUNT - 1;
      } else {
        seen += octave[bucket & (SUB_COUNT - 1)]!;
      }
    }
    return bucket - 1;
  }
}

// A double's exponent and the first ten bits of its fraction are the octave
// and the sub-bucket: the upper half of its bits without the last ten.
const scratch = new DataView(new ArrayBuffer(8));
const DROPPED_BITS = 20 - SUB_BITS;
const FIRST_BUCKET = octaveStart(LOWEST_MS);

function rawBucketOf(ms: number): number {
  scratch.setFloat64(0, ms);
  return scratch.getUint32(0) >>> DROPPED_BITS;
}

/** The first bucket of the octave that holds a value. */
function octaveStart(ms: number): number {
  return rawBucketOf(ms) & ~(SUB_COUNT - 1);
}

function bucketOf(ms: number): number {
  return rawBucketOf(ms) - FIRST_BUCKET;
}

function middleOf(bucket: number): number {
  scratch.setUint32(0, (bucket + FIRST_BUCKET) << DROPPED_BITS);
  scratch.setUint32(4, 0);
  const low = scratch.getFloat64(0);
  scratch.setUint32(0, (bucket + FIRST_BUCKET + 1) << DROPPED_BITS);
  return (low + scratch.getFloat64(0)) / 2;
}
