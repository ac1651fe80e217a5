import { CLOCK_MONOTONIC, CLOCK_REALTIME } from "./constants.ts";
import { TIMESPEC } from "./layouts.ts";
import type { LibSystem } from "./libsystem.ts";

/** Readings of an unchanged distance differ by less than this: both clocks count microseconds. */
const STEADY_MS = 0.02;
/** How often the distance is read at the most, for the sake of one reading that nothing interrupted. */
const READINGS = 4;
const TIGHT_MS = 0.002;

/**
 * The clocks of macOS (clock_gettime(3)), and the way from SO_TIMESTAMP, which
 * is a time of the wall clock, to the monotonic one. The wall clock may be set
 * at any moment: a {@linkcode Clock.sample} tells whether it was.
 */
export class Clock {
  readonly #lib: LibSystem;
  readonly #timespec = new DataView(new ArrayBuffer(TIMESPEC.bytes));
  readonly #bytes = new Uint8Array(this.#timespec.buffer);
  /** Seconds that times are taken relative to, so that microseconds survive in a double. */
  #monotonicOrigin: number | undefined;
  #wallOrigin = 0;
  /** Wall clock minus monotonic clock in milliseconds, each relative to its origin. */
  #distance = NaN;

  constructor(lib: LibSystem) {
    this.#lib = lib;
  }

  /** Monotonic time in milliseconds since the first reading. */
  now(): number {
    const { seconds, nanoseconds } = this.#read(CLOCK_MONOTONIC);
    this.#monotonicOrigin ??= seconds;
    return (seconds - this.#monotonicOrigin) * 1e3 + nanoseconds / 1e6;
  }

  /** Unix time in seconds. */
  wallTime(): number {
    const { seconds, nanoseconds } = this.#read(CLOCK_REALTIME);
    return seconds + nanoseconds / 1e9;
  }

  /**
   * Measures the distance between the clocks.
   *
   * @returns whether it is what it was at the last sample
   */
  sample(): boolean {
    let best = Infinity;
    let distance = 0;
    for (let i = 0; i < READINGS && best > TIGHT_MS; i++) {
      const before = this.now();
      const { seconds, nanoseconds } = this.#read(CLOCK_REALTIME);
      const after = this.now();
      if (this.#wallOrigin === 0) this.#wallOrigin = seconds;
      if (after - before < best) {
        best = after - before;
        distance = (seconds - this.#wallOrigin) * 1e3 + nanoseconds / 1e6 -
          (before + after) / 2;
      }
    }
    const isFirst = Number.isNaN(this.#distance);
    const isSteady = isFirst ||
      Math.abs(distance - this.#distance) <= STEADY_MS + best;
    // Averaging would hide a step; within the noise the first measure is as good as any.
    if (isFirst || !isSteady) this.#distance = distance;
    return isSteady;
  }

  /** The monotonic time, in milliseconds, of a struct timeval of the wall clock. */
  toMonotonic(seconds: number, microseconds: number): number {
    return (seconds - this.#wallOrigin) * 1e3 + microseconds / 1e3 -
      this.#distance;
  }

  #read(clock: number): { seconds: number; nanoseconds: number } {
    this.#lib.call.clock_gettime(clock, this.#bytes);
    return {
      seconds: Number(this.#timespec.getBigInt64(TIMESPEC.seconds, true)),
      nanoseconds: this.#timespec.getInt32(TIMESPEC.nanoseconds, true),
    };
  }
}
