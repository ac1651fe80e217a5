import { assertEquals, assertObjectMatch, assertRejects } from "@std/assert";
import type { EchoProbeOptions } from "../../lib/echo/probe_types.ts";
import { Random } from "../netlab/internet/random.ts";
import { echoing, FakeNetwork, type Script } from "./fake_network.ts";
import { bytes, probe, TCP } from "./_probing.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A stream of these chunks; `taken` learns how many have been asked for. */
function inputOf(
  chunks: readonly Bytes[],
  taken: (count: number) => void = () => {},
): ReadableStream<Bytes> {
  let next = 0;
  return new ReadableStream<Bytes>({
    pull(controller) {
      const chunk = chunks[next++];
      taken(next);
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
  }, { highWaterMark: 0 });
}

function randomChunks(count: number, maxBytes: number): Bytes[] {
  const random = new Random(1);
  return Array.from(
    { length: count },
    () => random.fill(new Uint8Array(1 + random.below(maxBytes))),
  );
}

async function transfer(
  chunks: readonly Bytes[],
  change: (bytes: Bytes) => Bytes | undefined,
  script: Script = {},
  options: EchoProbeOptions = {},
) {
  const network = new FakeNetwork(script);
  network.serve(TCP, echoing(change));
  return await probe(network, TCP, { input: inputOf(chunks), ...options });
}

Deno.test("echoProbe() compares an input while it goes through, however it is cut on the way", async () => {
  const chunks = randomChunks(300, 2000);
  const total = chunks.reduce((sum, { length }) => sum + length, 0);
  for (const script of [{}, { readBytes: 7, capacity: 100 }]) {
    const probed = await transfer(chunks, (read) => read, script);
    assertEquals(probed.story, ["start", "reply 1"]);
    assertEquals(
      (probed.events[1] as { mismatch?: unknown }).mismatch,
      undefined,
    );
    assertObjectMatch(probed.summary, {
      answered: 1,
      bytesSent: total,
      bytesReceived: total,
    });
  }
});

Deno.test("echoProbe() finds the one byte of an input that comes back wrong", async () => {
  let at = 0;
  const probed = await transfer(randomChunks(100, 2000), (read) => {
    const copy = read.slice();
    if (at <= 54_321 && 54_321 < at + copy.length) copy[54_321 - at]! ^= 1;
    at += copy.length;
    return copy;
  });
  assertObjectMatch(probed.events[1]!, {
    type: "reply",
    mismatch: { offset: 54_321, differing: 1 },
  });
  assertEquals(probed.summary.mismatched, 1);
});

Deno.test("echoProbe() takes no more of an input than fits on the way", async () => {
  const chunk = new Uint8Array(1 << 20);
  let taken = 0;
  const network = new FakeNetwork({ capacity: 1 << 26 });
  network.serve(TCP, echoing(() => undefined));
  const input = inputOf(Array<Bytes>(100).fill(chunk), (count) => {
    taken = count;
  });
  const probed = await probe(network, TCP, { input, timeoutMs: 1000 });
  assertEquals(probed.story, ["start", "lost 1"]);
  assertEquals(taken, 16, "16 MiB are in flight");
});

Deno.test("echoProbe() tells how much of an input came back before the server closed", async () => {
  let left = 5000;
  const network = new FakeNetwork();
  network.serve(TCP, (connection) => ({
    ...echoing()(connection),
    data(read) {
      const part = read.slice(0, left);
      left -= part.length;
      connection.write(part);
      if (left === 0) connection.end();
    },
  }));
  const input = inputOf(randomChunks(50, 2000));
  const probed = await probe(network, TCP, { input });
  assertObjectMatch(probed.events[1]!, { type: "closed", replyBytes: 5000 });
  assertEquals(probed.summary.lost, 1);
});

Deno.test("echoProbe() half-closes for servers that answer only then, not before all others have answered", async () => {
  const network = new FakeNetwork();
  const kept: Bytes[] = [];
  let endedAt = 0;
  network.serve(TCP, (connection) => ({
    ...echoing()(connection),
    data: (read) => void kept.push(read.slice()),
    end() {
      endedAt = network.now();
      for (const read of kept) connection.write(read);
      connection.end();
    },
  }));
  const startedAt = network.now();
  const input = inputOf(randomChunks(10, 1000));
  const probed = await probe(network, TCP, { input });
  assertEquals(probed.story, ["start", "reply 1"]);
  assertEquals(endedAt - startedAt >= 500, true);
});

Deno.test("echoProbe() ends at its deadline though the input goes on, and lets go of the input", async () => {
  let isCancelled = false;
  const input = new ReadableStream<Bytes>({
    start: (controller) => controller.enqueue(bytes("hello")),
    cancel: () => {
      isCancelled = true;
    },
  });
  const network = new FakeNetwork();
  network.serve(TCP, echoing());
  const probed = await probe(network, TCP, { input, deadlineMs: 100 });
  assertEquals(probed.story, ["start"]);
  assertObjectMatch(probed.summary, { inFlight: 1, bytesReceived: 5 });
  assertEquals(isCancelled, true);
});

Deno.test("echoProbe() throws what its input fails with", async () => {
  const network = new FakeNetwork();
  network.serve(TCP, echoing());
  const input = new ReadableStream<Bytes>({
    pull() {
      throw new RangeError("The disk is gone");
    },
  });
  await assertRejects(
    () => probe(network, TCP, { input }),
    RangeError,
    "The disk is gone",
  );
});
