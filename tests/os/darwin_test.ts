import { ProbePlaces } from "../../lib/os/probe_places.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { IcmpRefusedError, SystemError } from "../../lib/os/errno.ts";
import { formatAddress, parseAddress } from "../../lib/wire/address.ts";
import { counts, ofType } from "../ping/fake_run.ts";
import { pingManyOver, pingOver } from "./_engine_run.ts";
import { FakeDarwin, udpPacket } from "./_fake_darwin.ts";
import {
  echoReply,
  HOP_LIMIT,
  icmpError,
  type Network,
  packetOf,
} from "./_world.ts";

const HOST = { 4: "198.51.100.7", 6: "2001:db8:1::7" } as const;
const ROUTER = { 4: "203.0.113.1", 6: "2001:db8:2::1" } as const;
const FAMILIES = [4, 6] as const;

/** Answers each probe a few milliseconds later, and later ones sooner. */
const answering: Network = (probe, index) => [
  { afterMs: 12.25 + index, packet: echoReply(probe) },
];

for (const family of FAMILIES) {
  Deno.test(`macOS: the engine gets replies, IPv${family}`, async () => {
    const fake = new FakeDarwin({ network: answering });
    const { counts: ended, events } = await pingOver(
      fake.system,
      HOST[family],
      {
        count: 3,
        intervalMs: 50,
      },
    );
    assertEquals(ended, counts({ transmitted: 3, answered: 3 }));
    assertEquals(
      ofType(events, "reply").map(({ from, bytes, ttl, rttMs, clock }) => ({
        from,
        bytes,
        ttl,
        rtt: Math.round(rttMs * 100) / 100,
        clock,
      })),
      [12.25, 13.25, 14.25].map((rtt) => ({
        from: HOST[family] as string,
        bytes: 64,
        ttl: HOP_LIMIT,
        rtt,
        clock: "kernel-receive" as const,
      })),
    );
    assertEquals(fake.open, 0);
  });

  Deno.test(`macOS: messages of other programs and strangers are none of ours, IPv${family}`, async () => {
    const otherProgram = (message: Uint8Array) => message[4]! ^= 0xff;
    const fake = new FakeDarwin({
      network: (probe) => [
        { afterMs: 1, packet: echoReply(probe, otherProgram) },
        {
          afterMs: 2,
          packet: icmpError(ROUTER[family], {
            ...probe,
            bytes: alienQuote(probe.bytes, family),
          }, family === 4 ? { type: 11, code: 0 } : { type: 3, code: 0 }),
        },
        { afterMs: 3, packet: echoReply(probe) },
        { afterMs: 4, packet: echoReply(probe) },
      ],
    });
    const { counts: ended } = await pingOver(fake.system, HOST[family], {
      count: 2,
      intervalMs: 20,
    });
    assertEquals(ended.answered, 2);
    assertEquals(ended.errors, 0);
    assert(ended.duplicates >= 1);
  });

  Deno.test(`macOS: errors of routers are told, IPv${family}`, async () => {
    const [expired, tooBig] = family === 4
      ? [{ type: 11, code: 0 }, {
        type: 3,
        code: 4,
        rest: Uint8Array.of(0, 0, 5, 0x14),
      }]
      : [{ type: 3, code: 0 }, {
        type: 2,
        code: 0,
        rest: Uint8Array.of(0, 0, 5, 0x14),
      }];
    const fake = new FakeDarwin({
      network: (probe, index) => [{
        afterMs: 5,
        packet: icmpError(ROUTER[family], probe, index ? tooBig : expired),
      }],
    });
    const { counts: ended, events } = await pingOver(
      fake.system,
      HOST[family],
      {
        count: 2,
        intervalMs: 20,
        ttl: 3,
      },
    );
    assertEquals(ended.errors, 2);
    const errors = ofType(events, "error");
    assertEquals(
      errors.map(({ from, icmpType, icmpCode, mtu }) => ({
        from,
        icmpType,
        icmpCode,
        mtu,
      })),
      [expired, tooBig].map(({ type, code }, i) => ({
        from: ROUTER[family],
        icmpType: type,
        icmpCode: code,
        mtu: i === 0 ? undefined : 1300,
      })),
    );
    assertEquals(fake.sent.map(({ hopLimit }) => hopLimit), [3, 3]);
  });

  Deno.test(`macOS: loss is loss, and the largest probe comes back whole, IPv${family}`, async () => {
    const size = family === 4 ? 65_507 : 65_487;
    const fake = new FakeDarwin({
      network: (probe, index) =>
        index === 1 ? [] : [{ afterMs: 2, packet: echoReply(probe) }],
    });
    const { counts: ended, events } = await pingOver(
      fake.system,
      HOST[family],
      {
        count: 3,
        intervalMs: 20,
        timeoutMs: 100,
        size,
      },
    );
    assertEquals([ended.answered, ended.lost, ended.corrupt], [2, 1, 0]);
    assertEquals(
      ofType(events, "reply").map(({ bytes }) => bytes),
      [size + 8, size + 8],
    );
  });
}

Deno.test("macOS: the checksum of ICMPv4 is the program's to fill in", async () => {
  const fake = new FakeDarwin({ network: answering });
  await pingOver(fake.system, HOST[4], { count: 1, size: 1473 });
  // isBodySound() of the fake drops what is not; here it is said.
  assert(fake.sent[0]!.body[2] !== 0 || fake.sent[0]!.body[3] !== 0);
});

Deno.test("macOS: many targets are pinged, and answers come in any order", async () => {
  const fake = new FakeDarwin({
    network: (probe, index) =>
      index % 10 === 9
        ? []
        : [{ afterMs: 30 - index % 7, packet: echoReply(probe) }],
  });
  const addresses = Array.from(
    { length: 200 },
    (_, i) => Uint8Array.of(198, 51, 100, i),
  );
  const { counts: ended } = await pingManyOver(fake.system, addresses, {
    retries: 0,
    rate: 10_000,
    timeoutMs: 200,
  });
  assertEquals([ended.transmitted, ended.answered, ended.lost], [200, 180, 20]);
  assertEquals(fake.open, 0);
});

Deno.test("macOS: a full queue is waited for, and what the system refuses is told", async () => {
  const ENOBUFS = 55;
  const EHOSTUNREACH = 65;
  const fake = new FakeDarwin({
    network: answering,
    admit: (index) => index === 0 ? ENOBUFS : index === 2 ? EHOSTUNREACH : 0,
  });
  const { counts: ended, events } = await pingOver(fake.system, HOST[4], {
    count: 2,
    intervalMs: 50,
  });
  assertEquals([ended.answered, ended.errors], [1, 1]);
  assertEquals(ofType(events, "error").map(({ code }) => code), [
    "EHOSTUNREACH",
  ]);
});

Deno.test("macOS: stamps are not trusted across a step of the wall clock", async () => {
  const fake = new FakeDarwin({ network: answering });
  fake.world.at(1005, () => fake.world.wallOffset += 3_600_000);
  const { events } = await pingOver(fake.system, HOST[4], {
    count: 2,
    intervalMs: 50,
  });
  const replies = ofType(events, "reply");
  assertEquals(replies.map(({ clock }) => clock), ["user", "kernel-receive"]);
  assertEquals(Math.round(replies[0]!.rttMs * 100) / 100, 12.25);
});

Deno.test("macOS: a socket hands over what is about its own probes only", () => {
  for (const family of FAMILIES) {
    const fake = new FakeDarwin();
    const address = parseAddress(HOST[family])!;
    const foreign = Uint8Array.of(family === 4 ? 8 : 128, 0, 0, 0, 1, 2, 0, 1);
    using loop = fake.system.openEventLoop();
    using icmp = fake.system.openIcmp(loop, {
      family,
      messageBytes: 8,
      batch: 1,
    });
    const [high, low] = [icmp.identifier >> 8, icmp.identifier & 0xff];
    foreign[4] = high ^ 1;
    const own = foreign.with(4, high).with(5, low);
    const error = { type: family === 4 ? 11 : 3, code: 0 };
    for (const message of [foreign, own]) {
      const probe = packetOf(address, message);
      fake.arrive(echoReply(probe));
      fake.arrive(icmpError(ROUTER[family], probe, error));
      // Too little is quoted to tell whose it was.
      fake.arrive(icmpError(ROUTER[family], probe, { ...error, quote: 0 }));
    }
    const told: string[] = [];
    icmp.receive({
      message: () => told.push("reply"),
      error: ({ from, quoted }) => {
        told.push(`error from ${formatAddress(from)} about ${quoted.length}`);
      },
      sent() {},
    });
    assertEquals(told, ["reply", `error from ${ROUTER[family]} about 8`]);
  }
});

Deno.test("macOS: a wait lasts as long as was asked for, or until it is woken", async () => {
  const fake = new FakeDarwin();
  {
    using loop = fake.system.openEventLoop();
    const start = loop.now();
    await loop.wait(start + 2500.5);
    assertEquals(Math.round((loop.now() - start) * 1e3), 2_500_500);
    fake.world.at(fake.world.now + 30, () => loop.wake());
    await loop.wait(Infinity);
    assertEquals(Math.round(loop.now() - start), 2531);
  }
  assertEquals(fake.open, 0);
});

Deno.test("macOS: options reach the socket by macOS's numbers", () => {
  const fake = new FakeDarwin();
  using loop = fake.system.openEventLoop();
  const options = { messageBytes: 64, batch: 1, ttl: 9, tos: 16 };
  {
    using _ = fake.system.openIcmp(loop, {
      ...options,
      family: 4,
      pathMtu: "do",
      broadcast: true,
      sourceInterface: "en0",
    });
    const set = fake.options[0]!;
    assertEquals(
      ["0:4", "0:10", "0:3", "0:28", "0:25", "65535:32", "65535:1024"].map(
        (name) => set.get(name),
      ),
      [9, 9, 16, 1, 4, 1, 1],
    );
  }
  using _ = fake.system.openIcmp(loop, { ...options, family: 6 });
  const set = fake.options[0]!;
  assertEquals(["41:4", "41:36", "41:37"].map((name) => set.get(name)), [
    9,
    16,
    1,
  ]);
});

Deno.test("macOS: what cannot be had is refused in one line, and nothing stays open", () => {
  const fake = new FakeDarwin();
  using loop = fake.system.openEventLoop();
  const before = fake.open;
  const open = (options: object) => () =>
    fake.system.openIcmp(loop, {
      family: 4,
      messageBytes: 64,
      batch: 1,
      ...options,
    });
  assertThrows(open({ pathMtu: "want" }), SystemError, '"want"');
  assertThrows(
    open({ family: 6, pathMtu: "do" }),
    Error,
    "Operation not permitted (EPERM)",
  );
  assertThrows(open({ sourceInterface: "nope" }), Error, '"nope"');
  assertEquals(fake.open, before);
  const refusing = new FakeDarwin({ refusal: 1 });
  using otherLoop = refusing.system.openEventLoop();
  assertThrows(
    () =>
      refusing.system.openIcmp(otherLoop, {
        family: 4,
        messageBytes: 64,
        batch: 1,
      }),
    IcmpRefusedError,
  );
});

for (const family of FAMILIES) {
  Deno.test(`macOS: a UDP port answers, refuses, is beyond reach or silent, IPv${family}`, async () => {
    const [unreachable, refused] = family === 4
      ? [{ type: 3, code: 1 }, { type: 3, code: 3 }]
      : [{ type: 1, code: 3 }, { type: 1, code: 4 }];
    const fake = new FakeDarwin({
      network: (probe, index) => {
        const { source, destination, body } = probe;
        const from = index === 1 ? HOST[family] : ROUTER[family];
        switch (index) {
          case 0:
            return [{
              afterMs: 7,
              packet: udpPacket(
                source,
                49152,
                body.slice(8),
                HOP_LIMIT,
                destination,
              ),
            }];
          case 1:
          case 2:
            return [{
              afterMs: 7,
              packet: icmpError(
                from,
                probe,
                index === 1 ? refused : unreachable,
              ),
            }];
          default:
            return [];
        }
      },
    });
    const { counts: ended, events } = await pingOver(
      fake.system,
      HOST[family],
      { probe: "udp", port: 7, count: 4, intervalMs: 50, timeoutMs: 100 },
    );
    assertEquals([ended.answered, ended.errors, ended.lost], [2, 1, 1]);
    const [echoed, refusal] = ofType(events, "reply");
    assertEquals(
      [echoed!.ttl, echoed!.clock, echoed!.refused, refusal!.refused],
      [HOP_LIMIT, "kernel-receive", undefined, true],
    );
    assertEquals(ofType(events, "error").map(({ code }) => code), [
      "EHOSTUNREACH",
    ]);
    assertEquals(fake.open, 0);
  });
}

Deno.test("macOS: a wait of almost a second is as long", async () => {
  const { system, world } = new FakeDarwin();
  using loop = system.openEventLoop();
  const from = world.now;
  await loop.wait(loop.now() + 999.9999999);
  assertEquals(world.now - from, 1000);
});

Deno.test("macOS: a probe of a UDP port waits for a full queue", async () => {
  const ENOBUFS = 55;
  const fake = new FakeDarwin({
    network: ({ source, destination, body }) => [{
      afterMs: 7,
      packet: udpPacket(source, 49152, body.slice(8), HOP_LIMIT, destination),
    }],
    admit: (index) => index % 2 === 0 ? ENOBUFS : 0,
  });
  const { counts: ended } = await pingOver(fake.system, HOST[4], {
    probe: "udp",
    port: 7,
    count: 3,
    intervalMs: 50,
  });
  assertEquals(ended, counts({ transmitted: 3, answered: 3 }));
  assertEquals(fake.open, 0);
});

Deno.test("macOS: the route, the interface and the rights of the user are known", async () => {
  const fake = new FakeDarwin();
  const { system } = fake;
  for (const family of FAMILIES) {
    const { source } = await system.route({
      family,
      destination: { bytes: parseAddress(HOST[family])!, scopeId: 0 },
    });
    assertEquals(
      formatAddress(source),
      { 4: "192.0.2.1", 6: "2001:db8::1" }[family],
    );
  }
  assertEquals(fake.open, 0);
  assertEquals([system.interfaceIndex("en0"), system.interfaceIndex("x")], [
    4,
    0,
  ]);
  assertEquals(system.isPrivileged(), false);
});

Deno.test("macOS: options that Deno's API has not are refused for TCP", async () => {
  const { system } = new FakeDarwin();
  using loop = system.openEventLoop();
  const options = {
    family: 4,
    protocol: "tcp",
    port: 80,
    places: new ProbePlaces(1),
  } as const;
  await assertRejects(
    async () => await system.openPort(loop, { ...options, ttl: 3 }),
    SystemError,
    "time to live",
  );
});

/** The same packet, of another program's ping. */
function alienQuote(packet: Uint8Array, family: 4 | 6): Uint8Array {
  const bytes = packet.slice();
  bytes[(family === 4 ? 20 : 40) + 4]! ^= 0xff;
  return bytes;
}

Deno.test("macOS: names are looked up, and addresses", async () => {
  const fake = new FakeDarwin();
  const { system } = fake;
  const addressesOf = async (host: string, family?: 4 | 6) => {
    const result = await system.lookup(host, family);
    if ("code" in result) return result.code;
    return result.addresses.map(({ bytes }) => formatAddress(bytes));
  };
  assertEquals(await addressesOf("host"), [HOST[6], HOST[4]]);
  assert(fake.names!.isFreed);
  assertEquals(await addressesOf("host", 4), [HOST[4]]);
  assertEquals(await addressesOf("host", 6), [HOST[6]]);
  assertEquals(await addressesOf("none"), "EAI_NONAME");
  const result = await system.lookup("host");
  assert("addresses" in result);
  assertEquals(result.canonicalName, "host.example");
  const nameOf = async (text: string) => {
    const bytes = parseAddress(text)!;
    return await system.reverseLookup(4, { bytes, scopeId: 0 });
  };
  assertEquals(await nameOf(HOST[4]), "host.example");
  assertEquals(await nameOf(ROUTER[4]), undefined);
});
