import { assert, assertEquals } from "@std/assert";
import type {
  EchoLoadEvent,
  EchoLoadSummary,
} from "../../lib/echo/load_types.ts";
import type { StreamConnection, StreamHandler } from "../../lib/os/network.ts";
import { BRIEF, isNear, load, openClients } from "./_loading.ts";
import { echoing, FakeNetwork } from "./fake_network.ts";

const TCP = "tcp://192.0.2.7:7";

/** A server that answers nothing for a while: what comes meanwhile it answers at the end of it. */
function stalling(
  network: FakeNetwork,
  fromMs: number,
  untilMs: number,
): (connection: StreamConnection) => StreamHandler {
  const begin = network.now();
  return (connection) => ({
    data(bytes) {
      const now = network.now() - begin;
      const answer = bytes.slice();
      if (now < fromMs || now >= untilMs) connection.write(answer);
      else network.schedule(begin + untilMs, () => connection.write(answer));
    },
    end() {},
    drained() {},
    closed() {},
  });
}

function assertClean(summary: EchoLoadSummary): void {
  const { answered, sent, unanswered, unsent, mismatched, errors } = summary;
  assert(sent > 0);
  assertEquals(
    { answered, unanswered, unsent, mismatched, errors },
    { answered: sent, unanswered: 0, unsent: 0, mismatched: 0, errors: {} },
  );
}

Deno.test("echoLoad() keeps one message in flight on each connection of a closed loop", async () => {
  const network = new FakeNetwork();
  network.serve(TCP, echoing());
  const options = { ...BRIEF, connections: 3 };
  const summary = await load(network, TCP, options);
  assertClean(summary);
  // 2 ms there and back; the last of each connection comes at the very end.
  assertEquals(summary.sent, 3 * 500);
  assertEquals(summary.ended, "duration");
  assertEquals(summary.durationMs, 1000);
  assertEquals(summary.perSecond, 1500);
  assertEquals(summary.bytesPerSecond, 1500 * 64);
  assert(isNear(summary.latency?.minMs, 2));
  assert(isNear(summary.latency?.p9999Ms, 2));
  assert(isNear(summary.latency?.maxMs, 2));
  assertEquals(openClients(network), 0);
});

Deno.test("echoLoad() puts messages together that come in pieces", async () => {
  const network = new FakeNetwork({ readBytes: 7, capacity: 50 });
  network.serve(TCP, echoing());
  const summary = await load(network, TCP, { ...BRIEF, size: 3001 });
  assertClean(summary);
});

Deno.test("echoLoad() does not count the warm-up, in either loop", async () => {
  for (const rate of [undefined, 250]) {
    const network = new FakeNetwork();
    network.serve(TCP, stalling(network, 0, 500));
    const options = { ...BRIEF, rate, warmupMs: 1000 };
    const summary = await load(network, TCP, options);
    assertClean(summary);
    assert(isNear(summary.latency?.maxMs, 2), `${rate}`);
    assertEquals(summary.sent, rate ?? 500);
  }
});

Deno.test("echoLoad() tells of progress once a second, warm-up first", async () => {
  const network = new FakeNetwork();
  network.serve(TCP, echoing());
  const events: EchoLoadEvent[] = [];
  const options = { ...BRIEF, warmupMs: 1500, durationMs: 2000 };
  await load(network, TCP, options, (event) => events.push(event));
  assertEquals(
    events.map((event) =>
      event.type === "progress"
        ? `${event.phase} ${event.elapsedMs}: ${
          event.perSecond.toPrecision(2)
        }/s`
        : event.type
    ),
    [
      "start",
      "warmup 1000: 5.0e+2/s",
      "measure 500: 5.0e+2/s",
      "measure 1500: 5.0e+2/s",
      "summary",
    ],
  );
});

Deno.test("echoLoad() counts a stall in every message that it held up, where there is a rate", async () => {
  const network = new FakeNetwork();
  network.serve(TCP, stalling(network, 300, 600));
  const open = await load(network, TCP, { ...BRIEF, rate: 100 });
  assertClean(open);
  assertEquals(open.sent, 100);
  const longAfter = open.latency!.distribution.find(({ ms }) => ms > 3);
  // 30 of 100 were planned within those 300 ms, and those after had to wait for them.
  assert(longAfter!.percentile > 60 && longAfter!.percentile < 70);
  assert(open.latency!.maxMs > 290 && open.latency!.maxMs < 310);
  assert(open.latency!.p90Ms > 150, "coordinated omission");
});

Deno.test("echoLoad() counts a stall once in a closed loop", async () => {
  const network = new FakeNetwork();
  network.serve(TCP, stalling(network, 300, 600));
  const closed = await load(network, TCP, BRIEF);
  assertClean(closed);
  assert(closed.latency!.maxMs > 290);
  assert(isNear(closed.latency!.p99Ms, 2));
});

Deno.test("echoLoad() still sends what was planned and is late at the end, and counts it", async () => {
  const network = new FakeNetwork();
  network.serve(TCP, stalling(network, 500, 1500));
  const summary = await load(network, TCP, { ...BRIEF, rate: 100 });
  assertClean(summary);
  assertEquals(summary.sent, 100);
  assertEquals(summary.durationMs, 1000);
  assert(summary.perSecond < 60, "answers after the time are not throughput");
});

Deno.test("echoLoad() says how much of a plan was never sent", async () => {
  const network = new FakeNetwork();
  network.serve(TCP, echoing(() => undefined));
  const options = { ...BRIEF, rate: 10, timeoutMs: 5000 };
  const { sent, unanswered, unsent } = await load(network, TCP, options);
  assertEquals({ sent, unanswered, unsent }, {
    sent: 1,
    unanswered: 1,
    unsent: 9,
  });
});

Deno.test("echoLoad() gives up a connection that does not answer in time", async () => {
  const network = new FakeNetwork();
  network.serve(TCP, echoing(() => undefined));
  const options = { ...BRIEF, connections: 2, timeoutMs: 100 };
  const summary = await load(network, TCP, options);
  assertEquals(summary.ended, "no-connections");
  assertEquals(summary.errors, { timeout: 2 });
  assertEquals(summary.unanswered, 2);
  assert(summary.durationMs < 150, `${summary.durationMs}`);
});

Deno.test("echoLoad() finds the first byte that differs", async () => {
  for (const size of [64, 4096]) {
    const network = new FakeNetwork();
    let messages = 0;
    const spoil = (bytes: Uint8Array<ArrayBuffer>) => {
      const answer = bytes.slice();
      if (++messages === 5) answer[50]! ^= 1;
      return answer;
    };
    network.serve(TCP, echoing(spoil));
    const summary = await load(network, TCP, { ...BRIEF, size });
    assertEquals(summary.mismatched, 1);
    assertEquals(summary.firstMismatch?.offset, 50);
    assertEquals(summary.firstMismatch?.expected, 158);
    assertEquals(summary.firstMismatch?.actual, 159);
    assertEquals(summary.answered, 4);
    assertEquals(summary.errors, { mismatch: 1 });
    assertEquals(summary.connections.broken, 1);
  }
});

Deno.test("echoLoad() finds the answer to another message, and bytes too many", async () => {
  for (
    const [change, offset] of [
      // Each message is answered with the one before.
      [
        (bytes: Uint8Array<ArrayBuffer>, last: Uint8Array<ArrayBuffer>) =>
          last.length > 0 ? last : bytes,
        3,
      ],
      [(bytes: Uint8Array<ArrayBuffer>) => Uint8Array.of(...bytes, 7), 64],
    ] as const
  ) {
    const network = new FakeNetwork();
    let last = new Uint8Array();
    network.serve(
      TCP,
      echoing((bytes) => {
        const answer = change(bytes, last);
        last = bytes.slice();
        return answer;
      }),
    );
    const { firstMismatch, mismatched } = await load(network, TCP, BRIEF);
    assertEquals(mismatched, 1);
    assertEquals(firstMismatch?.offset, offset);
  }
});

Deno.test("echoLoad() ends when the server closes every connection, with what there was", async () => {
  const network = new FakeNetwork();
  const connections: StreamConnection[] = [];
  network.serve(TCP, (connection) => {
    connections.push(connection);
    return echoing()(connection);
  });
  network.after(500, () => connections[0]!.end());
  network.after(700, () => connections[1]!.close("reset"));
  const summary = await load(network, TCP, { ...BRIEF, connections: 2 });
  assertEquals(summary.ended, "no-connections");
  assertEquals(summary.connections, { opened: 2, failed: 0, broken: 2 });
  assertEquals(summary.errors, { closed: 1, ECONNRESET: 1 });
  assert(summary.durationMs > 690 && summary.durationMs < 710);
  assert(summary.answered > 500 && summary.unanswered <= 2);
});

Deno.test("echoLoad() goes on with the connections that the server does not close at once", async () => {
  const network = new FakeNetwork();
  let count = 0;
  network.serve(TCP, (connection) => {
    if (count++ % 3 !== 2) connection.write(new TextEncoder().encode("full"));
    return echoing()(connection);
  });
  const summary = await load(network, TCP, { ...BRIEF, connections: 3 });
  assertEquals(summary.ended, "duration");
  assertEquals(summary.connections, { opened: 3, failed: 0, broken: 2 });
  assertEquals(summary.errors, { mismatch: 2 });
  assertEquals(summary.answered, 500);

  const all = await load(network, TCP, { ...BRIEF, connections: 2 });
  assertEquals(all.ended, "no-connections");
  assertEquals(all.connections, { opened: 2, failed: 0, broken: 2 });
});

Deno.test("echoLoad() counts connections that cannot be made, and why", async () => {
  const network = new FakeNetwork({ silent: ["192.0.2.9"] });
  const refused = await load(network, TCP, { ...BRIEF, connections: 3 });
  assertEquals(refused.ended, "no-connections");
  assertEquals(refused.connections, { opened: 0, failed: 3, broken: 0 });
  assertEquals(refused.errors, { ECONNREFUSED: 3 });
  assertEquals(refused.firstError, "Connection refused (ECONNREFUSED)");
  assertEquals(refused.latency, undefined);

  const silent = await load(network, "tcp://192.0.2.9:7", {
    ...BRIEF,
    timeoutMs: 100,
  });
  assertEquals(silent.errors, { timeout: 1 });
});

Deno.test("echoLoad() makes a connection for each message with reconnect, and counts from there", async () => {
  const network = new FakeNetwork();
  let accepted = 0;
  network.serve(TCP, (connection) => {
    accepted++;
    return echoing()(connection);
  });
  const summary = await load(network, TCP, { ...BRIEF, reconnect: true });
  assertClean(summary);
  assertEquals(accepted, summary.sent);
  assert(isNear(summary.latency?.p50Ms, 4), "a handshake and an answer");
  assertEquals(openClients(network), 0);
});

Deno.test("echoLoad() goes on with reconnect after a failure, and ends when there are only failures", async () => {
  const network = new FakeNetwork();
  let accepted = 0;
  network.serve(TCP, (connection) => {
    if (++accepted === 10) connection.close("reset");
    if (accepted === 20) network.listeners.clear();
    return echoing()(connection);
  });
  const summary = await load(network, TCP, { ...BRIEF, reconnect: true });
  assertEquals(summary.ended, "no-connections");
  assertEquals(summary.answered, 19);
  assertEquals(summary.errors, { ECONNRESET: 1, ECONNREFUSED: 3 });
});

Deno.test("echoLoad() sums up when its signal aborts, whenever it does", async () => {
  for (const atMs of [0, 3, 400]) {
    const network = new FakeNetwork();
    network.serve(TCP, echoing());
    const controller = new AbortController();
    network.after(atMs, () => controller.abort());
    const summary = await load(network, TCP, {
      ...BRIEF,
      rate: 100,
      signal: controller.signal,
    });
    assertEquals(summary.ended, "aborted");
    assertEquals(summary.answered, summary.sent);
    assertEquals(summary.unsent, 0);
    assertEquals(openClients(network), 0);
  }
});

Deno.test("echoLoad() waits for no connection when its signal aborts", async () => {
  const network = new FakeNetwork({ silent: ["192.0.2.7"] });
  const controller = new AbortController();
  const start = network.now();
  network.after(50, () => controller.abort());
  const { signal } = controller;
  const summary = await load(network, TCP, { ...BRIEF, signal });
  assertEquals(summary.ended, "aborted");
  assertEquals(summary.errors, {});
  assertEquals(network.now() - start, 50);
  assertEquals(openClients(network), 0);
});

Deno.test("echoLoad() closes everything when nobody wants more events", async () => {
  const network = new FakeNetwork();
  network.serve(TCP, (connection) => ({
    ...echoing()(connection),
    end() {},
    closed() {},
  }));
  const seen: string[] = [];
  const stop = new Error("enough");
  const failure = await load(network, TCP, BRIEF, ({ type }) => {
    seen.push(type);
    throw stop;
  }).catch((error) => error);
  assertEquals(failure, stop);
  assertEquals(seen, ["start"]);
  assertEquals(openClients(network), 0);
});
