import { CLOCK_MONOTONIC, CLOCK_REALTIME } from "./constants.ts";
import { libc } from "./libc.ts";

const timespec = new BigInt64Array(2);
const bytes = new Uint8Array(timespec.buffer);
const words = new Int32Array(timespec.buffer);

/** Reads a clock into `words`: seconds in 0, nanoseconds in 2 (both fit 32 bits until 2038; see {@linkcode seconds}). */
function read(clock: number): void {
  libc().clock_gettime(clock, bytes);
}

/** A 64-bit count of seconds from its two little-endian halves. */
export function seconds(low: number, high: number): number {
  return high * 0x1_0000_0000 + (low >>> 0);
}

let originSeconds: number | undefined;

/** Monotonic time in milliseconds since this module first read it, so that nanoseconds survive in a double. */
export function monotonicNow(): number {
  read(CLOCK_MONOTONIC);
  const whole = seconds(words[0]!, words[1]!);
  originSeconds ??= whole;
  return (whole - originSeconds) * 1e3 + words[2]! / 1e6;
}

/** Unix time in seconds. */
export function wallTime(): number {
  read(CLOCK_REALTIME);
  return seconds(words[0]!, words[1]!) + words[2]! / 1e9;
}

/**
 * Turns the kernel's timestamps, which are wall-clock times, into monotonic
 * ones. The wall clock may be set at any moment: the distance between the two
 * clocks is measured again at every {@linkcode WallClock.sample}, and a sample
 * that finds it changed says so, since stamps of the time between the two
 * samples cannot be trusted.
 */
export class WallClock {
  /** Wall-clock seconds that stamps are taken relative to, for the sake of precision. */
  #origin = 0;
  /** Wall clock minus monotonic clock, in milliseconds, relative to the origin. */
  #distance = NaN;

  /**
   * Measures the distance between the clocks.
   *
   * @returns whether it is what it was at the last sample
   */
  sample(): boolean {
    let best = Infinity;
    let distance = 0;
    // Between the three readings the thread may lose the processor: keep the tightest of a few.
    for (let i = 0; i < 4 && best > 0.001; i++) {
      const before = monotonicNow();
      read(CLOCK_REALTIME);
      const wholeSeconds = seconds(words[0]!, words[1]!);
      const nanoseconds = words[2]!;
      const after = monotonicNow();
      if (this.#origin === 0) this.#origin = wholeSeconds;
      if (after - before < best) {
        best = after - before;
        distance = (wholeSeconds - this.#origin) * 1e3 + nanoseconds / 1e6 -
          (before + after) / 2;
      }
    }
    const steady = Number.isNaN(this.#distance) ||
      Math.abs(distance - this.#distance) <= STEADY_MS + best;
    // Averaging would hide a step; within the noise the first measure is as good as any.
    if (!steady || Number.isNaN(this.#distance)) this.#distance = distance;
    return steady;
  }

  /** The monotonic time, in milliseconds, of a stamp of the wall clock. */
  toMonotonic(wholeSeconds: number, nanoseconds: number): number {
    return (wholeSeconds - this.#origin) * 1e3 + nanoseconds / 1e6 -
      this.#distance;
  }
}

/** Readings of an unchanged distance differ by less than this. */
const STEADY_MS = 0.02;
