import { assertEquals, assertObjectMatch } from "@std/assert";
import type { EchoProbeOptions } from "../../lib/echo/probe_types.ts";
import {
  type Arrival,
  echoDatagrams,
  FakeNetwork,
  type Script,
} from "./fake_network.ts";
import { bytes, probe, type Probed, UDP } from "./_probing.ts";

type Change = (bytes: Uint8Array<ArrayBuffer>, index: number) => Arrival[];

/** Probes a server whose answers go through `change`. */
async function probeThrough(
  change: Change,
  options: EchoProbeOptions,
  script: Script = {},
): Promise<Probed> {
  const network = new FakeNetwork({
    ...script,
    datagram: (bytes, index, direction) =>
      direction === "to-client" ? change(bytes, index) : [{ bytes }],
  });
  await echoDatagrams(network, UDP);
  return await probe(network, UDP, options);
}

Deno.test("echoProbe() tells which datagrams are lost", async () => {
  const probed = await probeThrough(
    (bytes, index) => index % 2 === 1 ? [] : [{ bytes }],
    { count: 4, intervalMs: 100, timeoutMs: 150 },
  );
  assertEquals(probed.story, [
    "start",
    "reply 1",
    "reply 3",
    "lost 2",
    "lost 4",
  ]);
  assertObjectMatch(probed.summary, { answered: 2, lost: 2, lossPercent: 50 });
});

Deno.test("echoProbe() tells which datagrams come twice", async () => {
  const probed = await probeThrough(
    (bytes, index) =>
      index === 0 ? [{ bytes }, { bytes, afterMs: 150 }] : [{ bytes }],
    { count: 3, intervalMs: 100 },
  );
  assertEquals(probed.story, [
    "start",
    "reply 1",
    "reply 2",
    "duplicate 1",
    "reply 3",
  ]);
  assertObjectMatch(probed.summary, { answered: 3, duplicates: 1 });
});

Deno.test("echoProbe() tells which datagrams are out of order", async () => {
  const probed = await probeThrough(
    (bytes, index) => [{ bytes, afterMs: index === 0 ? 150 : 0 }],
    { count: 3, intervalMs: 100 },
  );
  assertEquals(probed.story, ["start", "reply 2", "reply 1", "reply 3"]);
  assertObjectMatch(probed.events[2]!, { sequence: 1, reordered: true });
  assertEquals(probed.summary.reordered, 1);
});

Deno.test("echoProbe() calls a datagram late that comes after its timeout", async () => {
  const probed = await probeThrough(
    (bytes, index) => [{ bytes, afterMs: index === 0 ? 250 : 0 }],
    { count: 4, intervalMs: 100, timeoutMs: 50 },
  );
  assertEquals(probed.story.slice(0, 4), [
    "start",
    "lost 1",
    "reply 2",
    "reply 3",
  ]);
  assertEquals(probed.story[4], "late 1");
  assertObjectMatch(probed.summary, { answered: 3, late: 1, lost: 0 });
});

Deno.test("echoProbe() says at which byte a datagram differs, even in its number", async () => {
  for (const offset of [0, 8, 15, 40]) {
    const probed = await probeThrough((bytes, index) => {
      if (index === 0) bytes[offset]! ^= 0x20;
      return [{ bytes }];
    }, { count: 2, intervalMs: 10 });
    assertEquals(probed.story, ["start", "reply 1", "reply 2"]);
    assertObjectMatch(probed.events[1]!, {
      mismatch: { offset, differing: 1 },
    });
    assertEquals(probed.summary.mismatched, 1);
  }
});

Deno.test("echoProbe() finds what is missing from a datagram, and what was added", async () => {
  const cut = await probeThrough(
    (bytes) => [{ bytes: bytes.slice(0, 20) }],
    { count: 1 },
  );
  assertObjectMatch(cut.events[1]!, {
    bytes: 20,
    mismatch: { offset: 20, actual: -1, differing: 36 },
  });
  const grown = await probeThrough((bytes) => {
    const longer = new Uint8Array(bytes.length + 2);
    longer.set(bytes);
    return [{ bytes: longer }];
  }, { count: 1 });
  assertObjectMatch(grown.events[1]!, {
    bytes: 58,
    mismatch: { offset: 56, expected: -1, differing: 2 },
  });
});

Deno.test("echoProbe() has one datagram without a number in flight at a time", async () => {
  let inFlight = 0;
  let most = 0;
  const network = new FakeNetwork({
    delayMs: 80,
    datagram: (bytes, _index, direction) => {
      inFlight += direction === "to-server" ? 1 : -1;
      most = Math.max(most, inFlight);
      return [{ bytes }];
    },
  });
  await echoDatagrams(network, UDP);
  const { summary } = await probe(network, UDP, {
    message: bytes("hello"),
    count: 3,
    intervalMs: 10,
  });
  assertEquals(most, 1);
  assertObjectMatch(summary, { answered: 3, sendingMs: 320 });
});

Deno.test("echoProbe() takes an answer without a number for late or doubled when none is awaited", async () => {
  const options = { message: bytes("hi"), count: 2, intervalMs: 100 };
  const doubled = await probeThrough(
    (bytes) => [{ bytes }, { bytes, afterMs: 20 }],
    options,
  );
  assertEquals(doubled.story, ["start", "reply 1", "duplicate 1", "reply 2"]);
  const late = await probeThrough(
    (bytes, index) => [{ bytes, afterMs: index === 0 ? 50 : 0 }],
    { ...options, timeoutMs: 20 },
  );
  assertEquals(late.story, ["start", "lost 1", "late 1", "reply 2"]);
});

Deno.test("echoProbe() sends an empty datagram, and takes an empty answer", async () => {
  const probed = await probeThrough((bytes) => [{ bytes }], {
    size: 0,
    count: 1,
  });
  assertObjectMatch(probed.events[1]!, { type: "reply", bytes: 0 });
  assertEquals(probed.summary.mismatched, 0);
});

Deno.test("echoProbe() tells at once that nobody receives at a port, and goes on", async () => {
  const probed = await probe(new FakeNetwork(), UDP, {
    count: 2,
    intervalMs: 100,
  });
  assertEquals(probed.story, ["start", "error 1", "error 2"]);
  assertObjectMatch(probed.events[1]!, {
    message: "Connection refused",
    code: "ECONNREFUSED",
  });
  assertObjectMatch(probed.summary, { errors: 2, lossPercent: 100 });
});

Deno.test("echoProbe() is held up by a lost datagram for 10 ms with an interval of 0", async () => {
  const { summary } = await probeThrough(
    (bytes, index) => index === 1 ? [] : [{ bytes }],
    { count: 4, intervalMs: 0 },
  );
  assertObjectMatch(summary, { answered: 3, lost: 1 });
  // Two milliseconds each, but for the lost one.
  assertEquals(summary.sendingMs, 2 + 10 + 2);
});

Deno.test("echoProbe() waits at the end for as long as answers took until then", async () => {
  const { summary } = await probeThrough(
    (bytes, index) => index === 2 ? [] : [{ bytes }],
    { count: 3, intervalMs: 100 },
    { delayMs: 75 },
  );
  // Sent at 0, 100 and 200 ms; a round trip takes 150.
  assertObjectMatch(summary, { lost: 1, durationMs: 200 + 2 * 150 });
});

Deno.test("echoProbe() remembers no more of a long run than it needs", async () => {
  const { summary } = await probeThrough(
    (bytes, index) => index === 0 ? [] : [{ bytes }],
    { count: 70_000, intervalMs: 0, size: 16, timeoutMs: 86_400_000 },
  );
  assertObjectMatch(summary, { answered: 69_999, lost: 1 });
});

Deno.test("echoProbe() has 65,536 messages in flight at most", async () => {
  const { summary } = await probeThrough(() => [], {
    intervalMs: 1,
    size: 16,
    timeoutMs: 86_400_000,
    deadlineMs: 70_000,
  });
  assertObjectMatch(summary, { transmitted: 65_536, inFlight: 65_536 });
});
