import { assert, assertEquals, assertLess } from "@std/assert";
import { SystemError } from "../../lib/os/errno.ts";
import { AddressRange } from "../../lib/wire/address.ts";
import { Random } from "../netlab/internet/random.ts";
import { counts, ofType, pingManyFake } from "./fake_run.ts";
import { type Delivery, echo, type SentProbe } from "./fake_transport.ts";

const UNREACHABLE = new SystemError(
  "send",
  113,
  "EHOSTUNREACH",
  "No route to host",
);

function addresses(network: string): Uint8Array[] {
  const range = AddressRange.network(network);
  return Array.from({ length: range.count }, (_, index) => {
    const bytes = new Uint8Array(4);
    range.write(index, bytes);
    return bytes;
  });
}

/** A router's report that a probe cannot be delivered, after 5 ms. */
function reported({ address, packet }: SentProbe): Delivery {
  const from = new Uint8Array([198, 51, 100, 1]);
  const about = { destination: address, quoted: packet };
  return { afterMs: 5, error: { from, type: 3, code: 1, mtu: 0, ...about } };
}

/** The last two bytes of an address as a number. */
function host({ address }: SentProbe): number {
  return address[2]! * 256 + address[3]!;
}

Deno.test("engine pings 65,534 targets of which every seventh is silent", async () => {
  const all = addresses("10.77.0.0/16");
  const silent = Math.floor(65534 / 7);
  const { counts: actual, targets } = await pingManyFake(
    all,
    (probe) =>
      host(probe) % 7 === 0 ? [] : [{ afterMs: 3, packet: echo(probe) }],
    { count: 1, rate: 50_000, wantsEvents: false },
  );
  assertEquals(
    actual,
    counts({
      transmitted: 65534,
      answered: 65534 - silent,
      lost: silent,
      lossPercent: silent * 100 / 65534,
    }),
  );
  for (let target = 0; target < targets.size; target++) {
    assertEquals(
      targets.count(target, "answered"),
      (target + 1) % 7 === 0 ? 0 : 1,
    );
  }
});

Deno.test("engine keeps round-trip times only where they are wanted", async () => {
  for (const roundTrips of [true, false]) {
    const { counts: actual, engine, targets } = await pingManyFake(
      addresses("10.77.0.0/29"),
      (probe) => [{ afterMs: 3, packet: echo(probe) }],
      { count: 2, intervalMs: 10, roundTrips },
    );
    assertEquals(actual, counts({ transmitted: 12, answered: 12 }));
    assertEquals(engine.roundTrips()?.maxMs, roundTrips ? 3 : undefined);
    const { alive, minMs, avgMs, maxMs } = targets.result(0, true);
    assert(alive);
    assertEquals(
      [minMs, avgMs, maxMs],
      Array(3).fill(roundTrips ? 3 : undefined),
    );
  }
});

Deno.test("engine sends no faster than the rate", async () => {
  const times: number[] = [];
  await pingManyFake(addresses("10.77.0.0/20"), (probe) => {
    times.push(probe.at);
    return [{ afterMs: 3, packet: echo(probe) }];
  }, { count: 1, rate: 1000, wantsEvents: false });
  const seconds = (times.at(-1)! - times[0]!) / 1000;
  assertLess(times.length / seconds, 1010);
  assertLess(seconds, 4.2);
});

Deno.test("engine asks a silent target again only when the last answer is overdue", async () => {
  const times: number[] = [];
  const { counts: actual } = await pingManyFake(
    addresses("10.77.0.1/32"),
    (probe) => {
      times.push(probe.at);
      return probe.index < 2 ? [] : [{ afterMs: 3, packet: echo(probe) }];
    },
    { timeoutMs: 100 },
  );
  assertEquals(
    actual,
    counts({ transmitted: 3, answered: 1, lost: 2, lossPercent: 200 / 3 }),
  );
  assertEquals(times.map((at) => at - times[0]!), [0, 100, 200]);
});

Deno.test("engine keeps the interval between two probes to each of a few targets", async () => {
  const times = new Map<number, number[]>();
  await pingManyFake(addresses("10.77.0.0/30"), (probe) => {
    const own = times.get(host(probe)) ?? [];
    times.set(host(probe), [...own, probe.at]);
    return [{ afterMs: 3, packet: echo(probe) }];
  }, { count: 4, intervalMs: 500 });
  assertEquals(times.size, 2);
  for (const own of times.values()) {
    assertEquals(own.length, 4);
    own.slice(1).forEach((at, index) => assert(at - own[index]! >= 500));
  }
});

Deno.test("engine goes on to the next target when one cannot be sent to", async () => {
  const { counts: actual, events } = await pingManyFake(
    addresses("10.77.0.0/24"),
    (probe) => [{ afterMs: 3, packet: echo(probe) }],
    {
      count: 1,
      rate: Infinity,
      fake: {
        admit(index) {
          if (index % 10 !== 3) return true;
          throw UNREACHABLE;
        },
      },
    },
  );
  const refused = ofType(events, "error").length;
  assert(refused >= 25 && refused <= 26, `${refused}`);
  assertEquals(
    actual,
    counts({
      transmitted: 254,
      answered: 254 - refused,
      errors: refused,
      lossPercent: refused / 254 * 100,
    }),
  );
});

Deno.test("engine ends a probe once, as answered, when its answer follows an error", async () => {
  const { counts: actual, settled, events } = await pingManyFake(
    addresses("10.77.0.0/29"),
    (probe) => [reported(probe), { afterMs: 90, packet: echo(probe) }],
    { count: 1, timeoutMs: 100 },
  );
  assertEquals(actual, counts({ transmitted: 6, answered: 6 }));
  assertEquals(settled, [0, 1, 2, 3, 4, 5]);
  assertEquals(ofType(events, "error").length, 6);
});

Deno.test("engine ends a probe with its error when no answer follows until its timeout", async () => {
  const run = await pingManyFake(
    addresses("10.77.0.1/32"),
    (probe) => [reported(probe), reported(probe)],
    {
      count: 1,
      timeoutMs: 100,
      prepare: ({ clock, settled }) => {
        clock.at(clock.now() + 99, () => assertEquals(settled, []));
      },
    },
  );
  assertEquals(run.clock.now(), 1100);
  assertEquals(run.settled, [0]);
  assertEquals(
    run.counts,
    counts({ transmitted: 1, errors: 1, lossPercent: 100 }),
  );
  assertEquals(run.events.map(({ type }) => type), ["error"]);
  const { error, code } = run.targets.result(0, true);
  assertEquals([error, code], ["Destination Host Unreachable", undefined]);
});

Deno.test("engine counts an answer after error and timeout as late", async () => {
  const { counts: actual } = await pingManyFake(
    addresses("10.77.0.1/32"),
    (probe) =>
      probe.index > 0
        ? []
        : [reported(probe), { afterMs: 150, packet: echo(probe) }],
    { count: 2, intervalMs: 10, timeoutMs: 145 },
  );
  assertEquals(
    actual,
    counts({ transmitted: 2, late: 1, lost: 1, lossPercent: 50 }),
  );
});

Deno.test("engine does not wait for an answer to what this machine refused to send", async () => {
  const { clock, settled, targets } = await pingManyFake(
    addresses("10.77.0.1/32"),
    () => [],
    {
      count: 1,
      fake: {
        admit() {
          throw UNREACHABLE;
        },
      },
    },
  );
  assertEquals([clock.now(), settled], [1000, [0]]);
  const { error, code } = targets.result(0, true);
  assertEquals([error, code], ["No route to host", "EHOSTUNREACH"]);
});

Deno.test("engine leaves no reported probe in flight when it is interrupted", async () => {
  const controller = new AbortController();
  const { counts: actual, settled } = await pingManyFake(
    addresses("10.77.0.0/30"),
    (probe) => host(probe) === 1 ? [reported(probe)] : [],
    {
      count: 1,
      signal: controller.signal,
      prepare: ({ clock }) => {
        clock.at(clock.now() + 50, () => controller.abort());
      },
    },
  );
  assertEquals(
    actual,
    counts({ transmitted: 2, errors: 1, inFlight: 1, lossPercent: 100 }),
  );
  assertEquals(settled, [0]);
});

Deno.test("engine's duration goes on to the end of a run that is cut short", async () => {
  const durations = (answers: boolean) =>
    [200, undefined].map(async (interruptedMs) => {
      const controller = new AbortController();
      const { engine } = await pingManyFake(
        addresses("10.77.0.0/30"),
        (probe) =>
          answers || host(probe) === 1
            ? [{ afterMs: 3, packet: echo(probe) }]
            : [],
        {
          count: 2,
          rate: Infinity,
          intervalMs: 300,
          timeoutMs: 500,
          signal: controller.signal,
          prepare: ({ clock }) => {
            if (interruptedMs === undefined) return;
            clock.at(clock.now() + interruptedMs, () => controller.abort());
          },
        },
      );
      return engine.durationMs;
    });
  // Cut short with a probe in flight, or between two; or complete.
  assertEquals(await Promise.all(durations(false)), [200, 800]);
  assertEquals(await Promise.all(durations(true)), [200, 303]);
});

Deno.test("engine has no duration where it sent nothing", async () => {
  const { engine } = await pingManyFake(addresses("10.77.0.1/32"), () => [], {
    signal: AbortSignal.abort(),
  });
  assertEquals(engine.durationMs, 0);
});

Deno.test("engine takes an answer from another target for nothing", async () => {
  const { counts: actual } = await pingManyFake(
    addresses("10.77.0.0/24"),
    (probe) => {
      const from = probe.address.slice();
      from[3]! ^= 1;
      return [{ afterMs: 3, packet: echo(probe), from }];
    },
    { count: 1, rate: Infinity, timeoutMs: 100 },
  );
  assertEquals(
    actual,
    counts({ transmitted: 254, lost: 254, lossPercent: 100 }),
  );
});

Deno.test("engine keeps every target's account under random loss and retries", async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = new Random(seed);
    const sent = new Map<number, boolean[]>();
    const { targets, counts: actual } = await pingManyFake(
      addresses("10.77.0.0/23"),
      (probe) => {
        const answered = random.next() < 0.5;
        sent.set(host(probe), [...sent.get(host(probe)) ?? [], answered]);
        return answered
          ? [{ afterMs: 1 + random.below(50), packet: echo(probe) }]
          : [];
      },
      { retries: 3, rate: 100_000, timeoutMs: 100, wantsEvents: false },
    );
    let answered = 0;
    for (const [number, fates] of sent) {
      const target = number - 1;
      const isAlive = fates.includes(true);
      if (isAlive) answered++;
      // It is left alone as soon as it has answered, and asked four times otherwise.
      assertEquals(fates.indexOf(true), isAlive ? fates.length - 1 : -1);
      if (!isAlive) assertEquals(fates.length, 4);
      assertEquals(targets.count(target, "transmitted"), fates.length);
      assertEquals(targets.count(target, "answered"), isAlive ? 1 : 0);
      assertEquals(
        targets.count(target, "lost"),
        isAlive ? fates.length - 1 : 4,
      );
    }
    assertEquals(actual.answered, answered);
  }
});
