import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Random } from "../netlab/internet/random.ts";
import { counts, ofType, pingFake } from "./fake_run.ts";
import {
  type Delivery,
  echo,
  type Script,
  sealed,
  type SentProbe,
} from "./fake_transport.ts";

const HOUR = 3600;

/** A network that answers each probe once, after so long. */
function answersAfter(afterMs: number): Script {
  return (probe) => [{ afterMs, packet: echo(probe) }];
}

Deno.test("engine counts an hour of pinging with 1 % loss exactly", async () => {
  const random = new Random(1);
  let dropped = 0;
  const { counts: actual, clock, engine } = await pingFake((probe) => {
    if (random.next() < 0.01) {
      dropped++;
      return [];
    }
    return [{ afterMs: 20, packet: echo(probe) }];
  }, { count: HOUR, intervalMs: 1000 });
  assert(dropped > 20 && dropped < 60, `${dropped}`);
  assertEquals(
    actual,
    counts({
      transmitted: HOUR,
      answered: HOUR - dropped,
      lost: dropped,
      lossPercent: dropped / HOUR * 100,
    }),
  );
  assertAlmostEquals(clock.now(), 1000 + (HOUR - 1) * 1000 + 20, 1000);
  assertEquals(engine.clocks.kernel, HOUR - dropped);
  assertAlmostEquals(engine.statistics.summary()!.avgMs, 20, 1e-6);
});

Deno.test("engine waits busily where it may, but for no answer", async () => {
  const setup = { count: 10, intervalMs: 2 };
  const busy = await pingFake(answersAfter(1), { ...setup, busyWait: true });
  assertEquals(busy.clock.busyWaits, 9);
  const asleep = await pingFake(answersAfter(1), setup);
  assertEquals(asleep.clock.busyWaits, 0);
});

Deno.test("engine keeps the beat over an hour", async () => {
  const times: number[] = [];
  await pingFake((probe) => {
    times.push(probe.at);
    return [{ afterMs: 3, packet: echo(probe) }];
  }, { count: HOUR, intervalMs: 1000 });
  times.forEach((at, index) => assertEquals(at - times[0]!, index * 1000));
});

Deno.test("engine reports answers after the timeout as late, once", async () => {
  const { counts: actual, events } = await pingFake(
    (
      probe,
    ) => [{ afterMs: probe.index % 3 === 0 ? 250 : 5, packet: echo(probe) }],
    { count: 11, intervalMs: 100, timeoutMs: 200 },
  );
  // Probe 10 is answered 250 ms after it was sent, when the run is over.
  assertEquals(
    actual,
    counts({
      transmitted: 11,
      answered: 7,
      late: 3,
      lost: 1,
      reordered: 3,
      lossPercent: 100 / 11,
    }),
  );
  assertEquals(ofType(events, "late").map((event) => event.sequence), [
    1,
    4,
    7,
  ]);
  assertEquals(ofType(events, "lost").map((event) => event.sequence), [
    1,
    4,
    7,
    10,
  ]);
  for (const event of ofType(events, "late")) assertEquals(event.rttMs, 250);
});

Deno.test("engine keeps late answers out of the statistics", async () => {
  const { engine } = await pingFake(
    (
      probe,
    ) => [{ afterMs: probe.index % 2 === 0 ? 250 : 5, packet: echo(probe) }],
    { count: 20, intervalMs: 100, timeoutMs: 200 },
  );
  assertEquals(engine.statistics.count, 10);
  assertEquals(engine.statistics.summary()!.maxMs, 5);
});

Deno.test("engine counts duplicates apart, however many and however late", async () => {
  const { counts: actual, events, engine } = await pingFake((probe) => [
    { afterMs: 5, packet: echo(probe) },
    { afterMs: 6, packet: echo(probe) },
    { afterMs: 320, packet: echo(probe) },
  ], { count: 10, intervalMs: 100, timeoutMs: 200 });
  // The run ends 5 ms after the last probe; its copies and those due later are not seen.
  assertEquals(
    actual,
    counts({ transmitted: 10, answered: 10, duplicates: 9 + 6 }),
  );
  assertEquals(engine.statistics.count, 10);
  assertEquals(engine.statistics.summary()!.maxMs, 5);
  assertEquals(ofType(events, "duplicate").length, 15);
});

Deno.test("engine tells a late answer's duplicate from the answer", async () => {
  const { counts: actual } = await pingFake(
    (probe) =>
      probe.index > 0 ? [{ afterMs: 5, packet: echo(probe) }] : [
        { afterMs: 250, packet: echo(probe) },
        { afterMs: 260, packet: echo(probe) },
      ],
    { count: 5, intervalMs: 100, timeoutMs: 200 },
  );
  assertEquals(
    actual,
    counts({
      transmitted: 5,
      answered: 4,
      late: 1,
      duplicates: 1,
      reordered: 1,
    }),
  );
});

Deno.test("engine names answers that were overtaken", async () => {
  const { counts: actual, events } = await pingFake(
    (
      probe,
    ) => [{ afterMs: probe.index % 2 === 0 ? 150 : 10, packet: echo(probe) }],
    { count: 10, intervalMs: 100 },
  );
  assertEquals(actual, counts({ transmitted: 10, answered: 10, reordered: 5 }));
  const order = ofType(events, "reply").map((event) => event.sequence);
  assertEquals(order, [2, 1, 4, 3, 6, 5, 8, 7, 10, 9]);
  for (const { sequence, reordered } of ofType(events, "reply")) {
    assertEquals(reordered, sequence % 2 === 1 ? true : undefined);
  }
});

Deno.test("engine names the first wrong byte, wherever it is", async () => {
  const { counts: actual, events } = await pingFake(
    (probe) => [{
      afterMs: 5,
      packet: echo(probe, (packet) => packet[8 + probe.index]! ^= 0x41),
    }],
    { count: 56, intervalMs: 10 },
  );
  assertEquals(actual, counts({ transmitted: 56, answered: 56, corrupt: 56 }));
  for (const { sequence, corrupt } of ofType(events, "reply")) {
    assertEquals(corrupt!.offset, sequence - 1);
    assertEquals(corrupt!.expected ^ corrupt!.actual, 0x41);
  }
});

Deno.test("engine ignores answers with the identifier, sequence or payload of others", async () => {
  const strangers: ((packet: Uint8Array) => void)[] = [
    (packet) => packet[5]! ^= 1,
    (packet) => packet.fill(0xab, 8),
    (packet) => packet.fill(0, 8, 16),
    (packet) => packet[0] = 8,
    (packet) => packet[0] = 13,
  ];
  const { counts: actual } = await pingFake(
    (probe) => [
      ...strangers.map((change) => ({
        afterMs: 4,
        packet: echo(probe, change),
      })),
      { afterMs: 4, packet: echo(probe), from: new Uint8Array([192, 0, 2, 8]) },
      { afterMs: 5, packet: echo(probe) },
    ],
    { count: 20, intervalMs: 10 },
  );
  assertEquals(actual, counts({ transmitted: 20, answered: 20 }));
});

Deno.test("engine counts answers with a wrong checksum as corrupt, not as answers", async () => {
  const { counts: actual, events } = await pingFake((probe) => {
    const packet = echo(probe);
    packet[30]! ^= 1;
    return [{ afterMs: 5, packet }];
  }, { count: 5, intervalMs: 10, timeoutMs: 50 });
  assertEquals(
    actual,
    counts({ transmitted: 5, lost: 5, corrupt: 5, lossPercent: 100 }),
  );
  assertEquals(ofType(events, "bad-checksum").length, 5);
});

Deno.test("engine survives a storm of random messages and counts none", async () => {
  const random = new Random(2);
  const { counts: actual } = await pingFake((probe) => [
    ...Array.from({ length: 5000 }, (_, index): Delivery => ({
      afterMs: index / 1000,
      packet: random.fill(new Uint8Array(random.below(100))),
    })),
    { afterMs: 6, packet: echo(probe) },
  ], { count: 20, intervalMs: 10 });
  assertEquals(actual, counts({ transmitted: 20, answered: 20 }));
});

Deno.test("engine has no ceiling at 65,536 probes", async () => {
  const count = 200_000;
  const { counts: actual, engine } = await pingFake(
    (probe) =>
      probe.index % 100 === 99 ? [] : [{ afterMs: 5, packet: echo(probe) }],
    { count, intervalMs: 1, timeoutMs: 100, wantsEvents: false },
  );
  assertEquals(
    actual,
    counts({
      transmitted: count,
      answered: count * 0.99,
      lost: count / 100,
      lossPercent: 1,
    }),
  );
  assertEquals(engine.statistics.count, count * 0.99);
});

Deno.test("engine never takes an answer for that of the probe 65,536 later", async () => {
  // Each answer to the first 100 probes comes when its sequence number has just been used again.
  const again = 0x1_0000;
  const { counts: actual } = await pingFake(
    (probe) =>
      probe.index < 100
        ? [{ afterMs: again + 0.5, packet: echo(probe) }]
        : [{ afterMs: 5, packet: echo(probe) }],
    {
      count: again + 200,
      intervalMs: 1,
      timeoutMs: 1000,
      wantsEvents: false,
    },
  );
  assertEquals(
    { ...actual, lossPercent: 0 },
    counts({
      transmitted: again + 200,
      answered: again + 100,
      lost: 100,
    }),
  );
});

Deno.test("engine is not disturbed by a step of the wall clock", async () => {
  for (const clockSource of ["kernel", "kernel-receive", "user"] as const) {
    const { counts: actual, engine, clock } = await pingFake(answersAfter(30), {
      count: 100,
      intervalMs: 100,
      fake: { clock: clockSource },
      prepare: ({ clock }) => {
        clock.at(3000, () => clock.stepWallClock(3600));
        clock.at(6010, () => clock.stepWallClock(-7200));
      },
    });
    assertEquals(actual, counts({ transmitted: 100, answered: 100 }));
    const { minMs, maxMs } = engine.statistics.summary()!;
    assertEquals([minMs, maxMs], [30, 30]);
    assertEquals(engine.clocks[clockSource], 100);
    assertEquals(clock.now(), 1000 + 99 * 100 + 30);
  }
});

Deno.test("engine sends later what the system does not take at once", async () => {
  const { counts: actual } = await pingFake(answersAfter(5), {
    count: 50,
    intervalMs: 10,
    fake: { admit: (index) => index % 3 === 0 },
  });
  assertEquals(actual, counts({ transmitted: 50, answered: 50 }));
});

Deno.test("engine says once that a probe is unanswered, however often the next one is tried", async () => {
  const { events } = await pingFake(() => [], {
    count: 3,
    intervalMs: 10,
    timeoutMs: 100,
    fake: { admit: (index) => index === 0 || index % 20 === 0 },
  });
  assertEquals(
    ofType(events, "pending").map(({ sequence }) => sequence),
    [1, 2],
  );
});

Deno.test("engine gives up on probes that the system does not take for long", async () => {
  let refused = 0;
  const { counts: actual, events } = await pingFake(answersAfter(5), {
    count: 10,
    intervalMs: 200,
    fake: {
      admit(index) {
        if (index < 5) return true;
        // A test that never ends would not tell why.
        if (++refused > 10_000) throw new Error("Tried again for ever");
        return false;
      },
    },
  });
  assertEquals(
    actual,
    counts({ transmitted: 10, answered: 5, errors: 5, lossPercent: 50 }),
  );
  assertEquals(ofType(events, "error").map((event) => event.sequence), [
    6,
    7,
    8,
    9,
    10,
  ]);
});

Deno.test("engine calls an answer late once it has called the probe lost", async () => {
  const { counts: actual, events } = await pingFake(
    (probe) => [{ afterMs: probe.index === 0 ? 150 : 5, packet: echo(probe) }],
    {
      count: 10,
      intervalMs: 50,
      timeoutMs: 100,
      // As if the first one had waited 148 ms in this machine for the link-layer address.
      fake: { departsAfterMs: (index) => index === 0 ? 148 : 0 },
    },
  );
  assertEquals(
    actual,
    counts({ transmitted: 10, answered: 9, late: 1, reordered: 1 }),
  );
  assertEquals(ofType(events, "lost").map((event) => event.sequence), [1]);
  assertEquals(ofType(events, "late").map((event) => event.sequence), [1]);
});

Deno.test("engine ends at once when the signal aborts, with what is in flight", async () => {
  const controller = new AbortController();
  const { counts: actual, clock } = await pingFake(answersAfter(500), {
    intervalMs: 100,
    signal: controller.signal,
    prepare: ({ clock }) => clock.at(2050, () => controller.abort()),
  });
  assertEquals(clock.now(), 2050);
  assertEquals(actual, counts({ transmitted: 11, answered: 6, inFlight: 5 }));
});

Deno.test("engine ends at the deadline, and nothing in flight is lost", async () => {
  const { counts: actual, clock } = await pingFake(answersAfter(500), {
    intervalMs: 100,
    deadlineMs: 1050,
    timeoutMs: 10_000,
  });
  assertEquals(clock.now(), 2050);
  assertEquals(actual, counts({ transmitted: 11, answered: 6, inFlight: 5 }));
});

Deno.test("engine sends nothing when the deadline has come, as ping does", async () => {
  const { counts: actual, clock } = await pingFake(answersAfter(1), {
    intervalMs: 100,
    deadlineMs: 1000,
  });
  assertEquals(clock.now(), 2000);
  assertEquals(actual, counts({ transmitted: 10, answered: 10 }));
});

Deno.test("engine waits for the last answer twice as long as one took, an interval at least", async () => {
  for (const [answerMs, waitedMs] of [[70, 200], [150, 300]] as const) {
    const { counts: actual, clock, transport } = await pingFake(
      (probe) =>
        probe.index === 2 ? [] : [{ afterMs: answerMs, packet: echo(probe) }],
      { count: 3, intervalMs: 200, timeoutMs: undefined },
    );
    assertEquals(transport.transmitted, 3);
    assertEquals(
      actual,
      counts({ transmitted: 3, answered: 2, lost: 1, lossPercent: 100 / 3 }),
    );
    assertEquals(clock.now(), 1000 + 2 * 200 + waitedMs);
  }
});

Deno.test("engine gives up on a probe while a host never stops answering another one", async () => {
  const { counts: actual, clock } = await pingFake(
    (probe) =>
      probe.index > 0 ? [] : Array.from({ length: 20_000 }, (_, i) => ({
        afterMs: 1 + i / 10,
        packet: echo(probe),
      })),
    {
      count: 2,
      intervalMs: 10,
      timeoutMs: 200,
      wantsEvents: false,
      prepare: ({ clock }) => clock.costMs = 0.05,
    },
  );
  assertEquals([actual.answered, actual.lost, actual.inFlight], [1, 1, 0]);
  assertAlmostEquals(clock.now(), 1000 + 10 + 200 + 100, 1);
});

Deno.test("engine floods as fast as answers come", async () => {
  const { clock, counts: actual } = await pingFake(answersAfter(2), {
    count: 1000,
    pace: "flood",
  });
  assertEquals(actual, counts({ transmitted: 1000, answered: 1000 }));
  assertEquals(clock.now(), 1000 + 2 * 1000);
});

Deno.test("engine floods on after a loss, without waiting for its timeout", async () => {
  const { clock, counts: actual } = await pingFake(
    (probe) =>
      probe.index % 10 === 9 ? [] : [{ afterMs: 2, packet: echo(probe) }],
    { count: 1000, pace: "flood", timeoutMs: 10_000 },
  );
  assertEquals(
    actual,
    counts({ transmitted: 1000, answered: 900, lost: 100, lossPercent: 10 }),
  );
  // 900 answers of 2 ms, 100 pauses of 10 ms, and the timeout of the last one.
  assertAlmostEquals(clock.now(), 1000 + 1800 + 1000 + 10_000, 200);
});

Deno.test("engine keeps every account in a network where everything goes wrong", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Random(seed);
    const timeoutMs = 100;
    /** For each probe, when each of its right answers arrives. */
    const arrivals: number[][] = [];
    const script = (probe: SentProbe): Delivery[] => {
      const deliveries: Delivery[] = [];
      const own: number[] = arrivals[probe.index] = [];
      const copies = [0, 1, 1, 1, 1, 1, 2, 3][random.below(8)]!;
      for (let copy = 0; copy < copies; copy++) {
        const afterMs = random.below(random.below(4) === 0 ? 300 : 80) + 0.5;
        own.push(probe.at + afterMs);
        deliveries.push({ afterMs, packet: echo(probe) });
      }
      if (random.below(5) === 0) {
        const noise = random.fill(new Uint8Array(random.below(80)));
        deliveries.push({
          afterMs: random.below(50),
          packet: sealed(probe.address, noise),
        });
      }
      return deliveries;
    };
    const { counts: actual, clock, events } = await pingFake(script, {
      count: 300,
      intervalMs: 7,
      timeoutMs,
      size: [56, 16, 20, 1400][seed % 4]!,
      fake: { clock: seed % 2 === 0 ? "kernel" : "kernel-receive" },
    });
    const end = clock.now();
    const expected = { answered: 0, late: 0, lost: 0, duplicates: 0 };
    arrivals.forEach((times, index) => {
      const sentAt = 1000 + 7 * index;
      const seen = times.filter((at) => at <= end).sort((a, b) => a - b);
      if (seen.length === 0) expected.lost++;
      else if (seen[0]! - sentAt <= timeoutMs) expected.answered++;
      else expected.late++;
      expected.duplicates += Math.max(0, seen.length - 1);
    });
    const { answered, late, lost, duplicates } = actual;
    assertEquals(
      { answered, late, lost, duplicates },
      expected,
      `seed ${seed}`,
    );
    assertEquals(answered + late + lost, actual.transmitted);
    assertEquals(ofType(events, "reply").length, answered);
    assertEquals(ofType(events, "late").length, late);
    assertEquals(ofType(events, "duplicate").length, duplicates);
  }
});
