import { assert, assertEquals } from "@std/assert";
import { Latencies } from "../../lib/echo/latencies.ts";

Deno.test("Latencies give percentiles to three digits", async () => {
  const latencies = await Latencies.open();
  assertEquals(latencies.summary(), undefined);
  for (let i = 1; i <= 10_000; i++) latencies.add(i / 100);
  const { minMs, p50Ms, p90Ms, p99Ms, p999Ms, p9999Ms, maxMs, meanMs } =
    latencies.summary()!;
  const expected = [0.01, 50, 90, 99, 99.9, 99.99, 100, 50.005];
  [minMs, p50Ms, p90Ms, p99Ms, p999Ms, p9999Ms, maxMs, meanMs].forEach(
    (ms, i) => {
      const error = Math.abs(ms - expected[i]!) / expected[i]!;
      assert(error < 0.001, `${ms} for ${expected[i]}`);
    },
  );
});

Deno.test("Latencies drop no value, however long or short", async () => {
  const latencies = await Latencies.open();
  const twoHours = 7_200_000;
  for (const ms of [0, 0.000_05, 0.001, 1, twoHours]) latencies.add(ms);
  assertEquals(latencies.count, 5);
  const { histogram, distribution, maxMs } = latencies.summary()!;
  assert(Math.abs(maxMs - twoHours) < twoHours / 1000);
  assertEquals(histogram.reduce((sum, { count }) => sum + count, 0), 5);
  assertEquals(distribution.at(-1)?.count, 5);
});

Deno.test("Latencies make bars that follow each other and hold everything", async () => {
  const latencies = await Latencies.open();
  for (let i = 0; i < 1000; i++) latencies.add(0.02 * 1.007 ** i);
  const { histogram } = latencies.summary()!;
  for (let i = 1; i < histogram.length; i++) {
    assertEquals(histogram[i]!.fromMs, histogram[i - 1]!.toMs);
    assert(histogram[i]!.toMs > histogram[i]!.fromMs);
  }
  assertEquals(histogram.reduce((sum, { count }) => sum + count, 0), 1000);
  // They grow as the values do, so that each holds about as many.
  for (const { count } of histogram) assert(count > 60 && count < 110);
});

Deno.test("Latencies give a distribution that grows to 100 % and all of them", async () => {
  const latencies = await Latencies.open();
  for (let i = 1; i <= 1000; i++) latencies.add(i);
  const { distribution } = latencies.summary()!;
  for (let i = 1; i < distribution.length; i++) {
    const [before, point] = [distribution[i - 1]!, distribution[i]!];
    assert(point.percentile > before.percentile);
    assert(point.ms >= before.ms && point.count >= before.count);
    assert(point.count >= Math.floor(point.percentile * 10));
  }
  assertEquals(distribution[0]?.percentile, 0);
  assertEquals(distribution.at(-1)?.percentile, 100);
  assertEquals(distribution.at(-1)?.count, 1000);
});
