import { assertEquals } from "@std/assert";
import { Probes, ProbeState, SEQUENCES } from "../../lib/ping/probes.ts";

Deno.test("Probes.oldestInFlight() waits for probes that are numbered and not yet sent", () => {
  const probes = new Probes(SEQUENCES);
  for (let target = 0; target < 3; target++) probes.add(target, 0);
  assertEquals(probes.oldestInFlight(), undefined);
  probes.send(0, 1);
  assertEquals(probes.oldestInFlight(), 0);
  probes.end(0, ProbeState.ANSWERED);
  assertEquals(probes.oldestInFlight(), undefined);
  probes.send(1, 2);
  probes.send(2, 2);
  probes.end(1, ProbeState.LOST);
  assertEquals(probes.oldestInFlight(), 2);
});

Deno.test("Probes counts rounds beyond 2^31", () => {
  const probes = new Probes(SEQUENCES);
  assertEquals(probes.round(probes.add(0, 2 ** 32)), 2 ** 32);
});

Deno.test("Probes.withSequence() goes back through the probes that share a sequence number", () => {
  const probes = new Probes(4 * SEQUENCES);
  for (let i = 0; i < 3 * SEQUENCES; i++) probes.send(probes.add(0, i), 0);
  assertEquals([...probes.withSequence(1)], [2 * SEQUENCES, SEQUENCES, 0]);
});
