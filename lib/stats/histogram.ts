/** A histogram of durations with bounded memory and bounded relative error. */

/** Sub-buckets of one octave, as a power of two: 2^10 are 1/2048 of a value wide to either side of their middle. */
const SUB_BITS = 10;
const SUB_COUNT = 1 << SUB_BITS;
/** Shortest and longest duration that are told apart, in milliseconds: 1 ns and 24 h. */
const LOWEST_MS = 1e-6;
const HIGHEST_MS = 24 * 60 * 60 * 1000;

/**
 * Log-linear buckets: each octave of the range from 1 ns to 24 h is divided
 * into 1,024 equal parts, so that the middle of a bucket is within 0.05 % of
 * everything in it. A value beyond the range is counted at its nearer end,
 * and the count of those is kept.
 *
 * Memory grows with the octaves that are in use, 8 KiB each, to 376 KiB.
 */
export class Histogram {
  /** Recorded values that were below 1 ns. */
  clampedLow = 0;
  /** Recorded values that were above 24 h. */
  clampedHigh = 0;
  #count = 0;
  readonly #octaves: (Float64Array | undefined)[] = [];

  /** How many values were recorded, clamped ones included. */
  get count(): number {
    return this.#count;
  }

  /**
   * Counts one value.
   *
   * @param ms a duration in milliseconds
   * @throws {RangeError} when it is not a number
   */
  add(ms: number): void {
    let value = ms;
    if (ms < LOWEST_MS) {
      this.clampedLow++;
      value = LOWEST_MS;
    } else if (ms > HIGHEST_MS) {
      this.clampedHigh++;
      value = HIGHEST_MS;
    } else if (Number.isNaN(ms)) {
      throw new RangeError("Cannot record NaN");
    }
    const bucket = bucketOf(value);
    const octave = this.#octaves[bucket >> SUB_BITS] ??= new Float64Array(
      SUB_COUNT,
    );
    octave[bucket & (SUB_COUNT - 1)]! += 1;
    this.#count++;
  }

  /**
   * The smallest recorded value that is not exceeded by `percent` percent of
   * all (nearest rank), within 0.05 %.
   *
   * @param percent from 0 to 100
   * @returns milliseconds; `NaN` when nothing was recorded
   */
  percentile(percent: number): number {
    if (this.#count === 0) return NaN;
    const rank = Math.max(1, Math.ceil(this.#count * percent / 100));
    let seen = 0;
    for (let i = 0; i < this.#octaves.length; i++) {
      const octave = this.#octaves[i];
      if (octave === undefined) continue;
      for (let sub = 0; sub < SUB_COUNT; sub++) {
        seen += octave[sub]!;
        if (seen >= rank) return middleOf((i << SUB_BITS) | sub);
      }
    }
    return HIGHEST_MS;
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
