import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import {
  RoundTripStatistics,
  type RoundTripSummary,
} from "../../lib/stats/round_trip.ts";

function summaryOf(times: Iterable<number>): RoundTripSummary {
  const statistics = new RoundTripStatistics();
  for (const time of times) statistics.add(time);
  const summary = statistics.summary();
  assert(summary !== undefined);
  return summary;
}

Deno.test("RoundTripStatistics has no summary before the first time", () => {
  const statistics = new RoundTripStatistics();
  assertEquals(statistics.summary(), undefined);
  assertEquals(
    [statistics.count, statistics.maxMs],
    [0, 0],
  );
});

Deno.test("RoundTripStatistics of one time is that time everywhere", () => {
  assertEquals(summaryOf([0.0431]), {
    minMs: 0.0431,
    avgMs: 0.0431,
    maxMs: 0.0431,
    mdevMs: 0,
    ewmaMs: 0.0431,
    p50Ms: 0.0431,
    p90Ms: 0.0431,
    p99Ms: 0.0431,
    jitterMs: 0,
  });
});

Deno.test("RoundTripStatistics counts as ping does", () => {
  // min/avg/max/mdev by hand: mean 12, squares 4 + 1 + 0 + 1 + 4 over 5.
  const summary = summaryOf([10, 11, 12, 13, 14]);
  assertEquals([summary.minMs, summary.avgMs, summary.maxMs], [10, 12, 14]);
  assertAlmostEquals(summary.mdevMs, Math.SQRT2, 1e-12);
});

Deno.test("RoundTripStatistics.summary() starts the moving average at the first time and moves by an eighth", () => {
  const statistics = new RoundTripStatistics();
  statistics.add(8);
  assertEquals(statistics.summary()?.ewmaMs, 8);
  statistics.add(16);
  assertEquals(statistics.summary()?.ewmaMs, 9);
  statistics.add(1);
  assertEquals(statistics.summary()?.ewmaMs, 8);
  assertEquals(statistics.maxMs, 16);
  assertEquals(statistics.count, 3);
});

Deno.test("RoundTripStatistics computes the jitter of RFC 3550", () => {
  assertEquals(summaryOf([10]).jitterMs, 0);
  assertEquals(summaryOf([10, 12]).jitterMs, 2 / 16);
  assertEquals(summaryOf([10, 12, 11]).jitterMs, 0.125 + (1 - 0.125) / 16);
  const alternating = Array.from({ length: 1000 }, (_, i) => 10 + i % 2);
  assertAlmostEquals(summaryOf(alternating).jitterMs, 1, 1e-9);
  assertEquals(summaryOf(Array(100).fill(3)).jitterMs, 0);
});

Deno.test("RoundTripStatistics gives percentiles of few times that were measured", () => {
  const summary = summaryOf([0.3, 0.1, 0.2]);
  assertAlmostEquals(summary.p50Ms, 0.2, 0.2 * 0.0005);
  assertEquals([summary.p90Ms, summary.p99Ms], [0.3, 0.3]);
});

Deno.test("RoundTripStatistics keeps percentiles between the extremes", () => {
  for (const times of [[1e-3, 1e-3], [7.1, 7.1001], [0], [-0.5, -0.25]]) {
    const summary = summaryOf(times);
    const { minMs, p50Ms, p90Ms, p99Ms, maxMs } = summary;
    assertEquals(minMs, Math.min(...times));
    assertEquals(maxMs, Math.max(...times));
    const ordered = [minMs, p50Ms, p90Ms, p99Ms, maxMs];
    assertEquals(ordered.toSorted((a, b) => a - b), ordered);
  }
});

Deno.test("RoundTripStatistics stays exact over a million times near one microsecond", () => {
  const statistics = new RoundTripStatistics();
  // Two values, half of each: the deviation is half their distance.
  for (let i = 0; i < 1_000_000; i++) {
    statistics.add(i % 2 === 0 ? 1e-3 : 1e-3 + 1e-9);
  }
  const summary = statistics.summary()!;
  assertAlmostEquals(summary.mdevMs, 5e-10, 5e-15);
  assertAlmostEquals(summary.avgMs, 1e-3 + 5e-10, 1e-15);
});

Deno.test("RoundTripStatistics stays exact for a small spread around a long time", () => {
  const statistics = new RoundTripStatistics();
  for (let i = 0; i < 1_000_000; i++) statistics.add(60_000 + (i % 3) * 1e-4);
  assertAlmostEquals(
    statistics.summary()!.mdevMs,
    Math.sqrt(2 / 3) * 1e-4,
    1e-9,
  );
});

Deno.test("RoundTripStatistics.add() refuses what is not a finite number and stays as it was", () => {
  const statistics = new RoundTripStatistics();
  statistics.add(1);
  const before = statistics.summary();
  assertThrows(() => statistics.add(NaN), RangeError, "Cannot record NaN");
  assertThrows(() => statistics.add(Infinity), RangeError);
  assertEquals(statistics.summary(), before);
});
