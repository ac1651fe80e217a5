import { assert, assertEquals, assertThrows } from "@std/assert";
import { Histogram } from "../../lib/stats/histogram.ts";

const HIGHEST_MS = 86_400_000;

function histogramOf(values: Iterable<number>): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.add(value);
  return histogram;
}

function assertWithin(actual: number, expected: number): void {
  const error = Math.abs(actual - expected) / expected;
  assert(error <= 0.0005, `${actual} is ${error * 100} % from ${expected}`);
}

/** A spread of durations that favours no decade. */
function logUniform(count: number): number[] {
  let state = 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return 1e-6 * (HIGHEST_MS / 1e-6) ** (state / 2 ** 32);
  });
}

Deno.test("Histogram.percentile() is NaN before anything was recorded", () => {
  const histogram = new Histogram();
  assertEquals(histogram.count, 0);
  assertEquals(histogram.percentile(50), NaN);
  assertEquals([histogram.minMs, histogram.maxMs], [0, 0]);
});

Deno.test("Histogram keeps the extremes exactly", () => {
  const histogram = histogramOf([0.3, -1, 1e9, 0.2]);
  assertEquals([histogram.minMs, histogram.maxMs], [-1, 1e9]);
  assertEquals([0, 25, 76, 100].map((p) => histogram.percentile(p)), [
    ...[-1, -1],
    ...[1e9, 1e9],
  ]);
});

Deno.test("Histogram.percentile() is within 0.05 % of a value anywhere in the range", () => {
  for (
    const value of [1e-6, 1e-3, 1, 1000, 4, 4.000001, 3.999999, HIGHEST_MS]
      .concat(logUniform(2000))
  ) {
    const histogram = histogramOf([1e-6, value, HIGHEST_MS]);
    assertEquals(histogram.clampedLow + histogram.clampedHigh, 0);
    assertWithin(histogram.percentile(50), value);
  }
});

Deno.test("Histogram.percentile() is the nearest rank, as sorting gives it", () => {
  for (const count of [1, 2, 3, 4, 5, 10, 99, 100, 101, 5000]) {
    const values = logUniform(count);
    const histogram = histogramOf(values);
    values.sort((a, b) => a - b);
    for (const percent of [0, 0.1, 1, 25, 50, 75, 90, 99, 99.9, 99.99, 100]) {
      const rank = Math.max(1, Math.ceil(count * percent / 100));
      assertWithin(histogram.percentile(percent), values[rank - 1]!);
    }
  }
});

Deno.test("Histogram.percentile() never falls as the percentage rises", () => {
  const histogram = histogramOf(logUniform(500));
  let last = 0;
  for (let percent = 0; percent <= 100; percent += 0.5) {
    const value = histogram.percentile(percent);
    assert(value >= last);
    last = value;
  }
});

Deno.test("Histogram counts what it clamps", () => {
  const histogram = histogramOf([
    ...[-1, 0, 9.9e-7],
    ...[1e-6, 5, HIGHEST_MS],
    ...[HIGHEST_MS + 1, Number.MAX_VALUE],
  ]);
  assertEquals(histogram.count, 8);
  assertEquals(histogram.clampedLow, 3);
  assertEquals(histogram.clampedHigh, 2);
  assertWithin(histogram.percentile(30), 1e-6);
  assertWithin(histogram.percentile(75), HIGHEST_MS);
});

Deno.test("Histogram.add() refuses what is not a finite number", () => {
  const histogram = new Histogram();
  for (const value of [NaN, Infinity, -Infinity]) {
    assertThrows(
      () => histogram.add(value),
      RangeError,
      `Cannot record ${value}: not a finite number`,
    );
  }
  assertEquals(histogram.count, 0);
});
