import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
} from "@std/assert";
import { parseAddress } from "../../../lib/wire/address.ts";
import { decodeIcmp } from "../../../lib/wire/icmp.ts";
import { quotedEcho } from "../../../lib/wire/ip.ts";
import { readScenarios } from "../scenarios.ts";
import { Internet } from "./internet.ts";
import {
  buildPacket,
  get16,
  ICMP,
  ICMP6,
  isBodySound,
  type Packet,
  put16,
  readPacket,
  TCP,
  UDP,
} from "./packets.ts";
import { Random } from "./random.ts";
import type { HostRule, Scenario } from "./scenario.ts";
import { Schedule } from "./schedule.ts";
import { validate } from "./validate.ts";

const OWN = parseAddress("10.200.0.1")!;
const OWN6 = parseAddress("fd00:200::1")!;

interface Arrival {
  readonly at: number;
  readonly packet: Packet;
}

function scenario(
  host: Partial<HostRule> = {},
  more: Partial<Scenario> = {},
): Scenario {
  return {
    about: "A test.",
    hosts: [{ match: ["0.0.0.0/0", "::/0"], ...host }],
    runs: [],
    ...more,
  };
}

/** An echo request with a payload of 32 bytes. */
function request(
  destination: string,
  sequence: number,
  hopLimit = 64,
  payload = 32,
): Uint8Array {
  const target = parseAddress(destination)!;
  const isIpv4 = target.length === 4;
  const body = new Uint8Array(8 + payload).fill(0x55, 8);
  body[0] = isIpv4 ? 8 : 128;
  put16(body, 4, 0x1234);
  put16(body, 6, sequence);
  const own = isIpv4 ? OWN : OWN6;
  return buildPacket(own, target, isIpv4 ? ICMP : ICMP6, hopLimit, body).bytes;
}

/** All that comes back when these packets go out one millisecond apart. */
function exchange(
  internet: Internet,
  packets: readonly Uint8Array[],
): Arrival[] {
  const arrivals: Arrival[] = [];
  const drain = (until: number) => {
    while (internet.nextAt <= until) {
      const at = internet.nextAt;
      const bytes = internet.take(at)!;
      const packet = readPacket(bytes);
      assert(packet !== undefined, "The simulator sends sound packets");
      arrivals.push({ at, packet });
    }
  };
  packets.forEach((packet, index) => {
    drain(index);
    internet.receive(packet, index);
  });
  drain(1e9);
  return arrivals;
}

function requests(count: number, destination = "10.77.0.1"): Uint8Array[] {
  return Array.from(
    { length: count },
    (_, index) => request(destination, index),
  );
}

const sequence = ({ packet }: Arrival) => get16(packet.body, 6);

Deno.test("Internet answers an echo request with its payload, IPv4 and IPv6", () => {
  for (const destination of ["10.77.0.1", "2001:db8::1"]) {
    const internet = new Internet(scenario());
    const [arrival, ...others] = exchange(internet, [request(destination, 7)]);
    assertEquals(others, []);
    const { packet } = arrival!;
    assertEquals(packet.source, parseAddress(destination));
    assert(isBodySound(packet));
    const message = decodeIcmp(packet.family, packet.body);
    assert(message.kind === "echo-reply");
    assertEquals([message.identifier, message.sequence], [0x1234, 7]);
    assertEquals(packet.body.subarray(8), new Uint8Array(32).fill(0x55));
    assertEquals(internet.counts.answered, 1);
  }
});

Deno.test("Internet does the same for the same seed, and something else for another", () => {
  const chaos = (seed: number) =>
    scenario({
      jitterMs: 50,
      effects: [
        { do: "drop", when: { probability: 0.3 } },
        { do: "duplicate", copies: 2, when: { probability: 0.2 } },
        { do: "corrupt", offset: 3, xor: 9, when: { probability: 0.2 } },
      ],
    }, { seed, noise: { packets: 50, perSecond: 1000 } });
  const trace = (seed: number) =>
    exchange(new Internet(chaos(seed)), requests(200))
      .map(({ at, packet }) => `${at} ${packet.bytes.toHex()}`);
  assertEquals(trace(1), trace(1));
  assertNotEquals(trace(1), trace(2));
});

Deno.test("Internet accounts for every request", () => {
  const internet = new Internet(scenario({
    effects: [
      { do: "drop", when: { probability: 0.3 } },
      { do: "error", type: 3, code: 1, when: { pattern: "..x" } },
    ],
  }));
  const arrivals = exchange(internet, requests(1000));
  const { received, dropped, answered, errors, sent } = internet.counts;
  assertEquals(received, 1000);
  assertEquals(dropped + answered + errors, 1000);
  assertEquals(sent, arrivals.length);
  const replies = arrivals.filter(({ packet }) => packet.body[0] === 0);
  assertEquals(replies.length, answered);
  assert(dropped > 240 && dropped < 360, `${dropped}`);
});

Deno.test("Internet loses by pattern and by position", () => {
  const lost = (when: object) => {
    const internet = new Internet(scenario({
      effects: [{ do: "drop", when: when as never }],
    }));
    const seen = exchange(internet, requests(8)).map(sequence);
    return [0, 1, 2, 3, 4, 5, 6, 7].filter((each) => !seen.includes(each));
  };
  assertEquals(lost({ pattern: "..x" }), [2, 5]);
  assertEquals(lost({ first: 3, count: 2 }), [2, 3]);
});

Deno.test("Internet takes its time on the path and end to end", () => {
  const internet = new Internet(scenario({ path: "way", delayMs: 7 }, {
    paths: {
      way: [{ address: "10.90.0.1", delayMs: 5 }, {
        address: "10.90.0.2",
        delayMs: 10,
      }],
    },
  }));
  const [arrival] = exchange(internet, [request("10.77.0.1", 1)]);
  assertAlmostEquals(arrival!.at, 5 + 10 + 7 + 10 + 5);
  assertEquals(arrival!.packet.hopLimit, 62);
});

Deno.test("Internet has the router answer at which the time to live ends", () => {
  const paths = {
    way: [1, 2, 3].map((number) => ({
      address: `10.90.0.${number}`,
      address6: `2001:db8:90::${number}`,
      delayMs: number,
    })),
  };
  for (const destination of ["10.77.0.1", "2001:db8::1"]) {
    for (const hops of [1, 2, 3]) {
      const internet = new Internet(scenario({ path: "way" }, { paths }));
      const [arrival] = exchange(internet, [request(destination, 9, hops)]);
      const { family, source, body } = arrival!.packet;
      const expected = family === 4
        ? `10.90.0.${hops}`
        : `2001:db8:90::${hops}`;
      assertEquals(source, parseAddress(expected));
      const message = decodeIcmp(family, body);
      assert(message.kind === "error");
      assertEquals([message.type, message.code], [family === 4 ? 11 : 3, 0]);
      const echo = quotedEcho(family, message.quoted)!;
      assertEquals([echo.identifier, echo.sequence], [0x1234, 9]);
      assertEquals(arrival!.at, [2, 6, 12][hops - 1]);
    }
  }
});

Deno.test("Internet quotes as much as the scenario says, and adds a label stack", () => {
  const quoted = (effect: object) => {
    const internet = new Internet(scenario({
      effects: [{ do: "error", type: 11, code: 0, ...effect }],
    }));
    const [arrival] = exchange(internet, [request("10.77.0.1", 1)]);
    const message = decodeIcmp(4, arrival!.packet.body);
    assert(message.kind === "error");
    return message;
  };
  assertEquals(quoted({}).quoted.length, 20 + 8 + 32);
  assertEquals(quoted({ quote: 8 }).quoted.length, 20 + 8);
  assertEquals(quoted({ quote: "none" }).quoted.length, 0);
  const labelled = quoted({
    mpls: [{ label: 16004, ttl: 3 }, { label: 24001, trafficClass: 5 }],
  });
  assertEquals(JSON.stringify(labelled.extensions).includes("16004"), true);
  assertEquals(JSON.stringify(labelled.extensions).includes("24001"), true);
});

Deno.test("Internet holds a router to its rate", () => {
  const internet = new Internet(scenario({ path: "way" }, {
    paths: {
      way: [{ address: "10.90.0.1", rateLimit: { perSecond: 100, burst: 3 } }],
    },
  }));
  const packets = Array.from(
    { length: 100 },
    (_, i) => request("10.77.0.1", i, 1),
  );
  exchange(internet, packets);
  // Three at once, then one in ten milliseconds.
  assertEquals([internet.counts.errors, internet.counts.withheld], [12, 88]);
});

Deno.test("Internet keeps a flow on one branch and spreads flows over all", () => {
  const branches = [1, 2, 3, 4].map((
    number,
  ) => [{ address: `10.90.0.${number}` }]);
  const internet = new Internet(scenario({ path: "way" }, {
    paths: { way: [{ balance: "flow", branches }] },
  }));
  const routerOf = (port: number) => {
    const body = new Uint8Array(8);
    put16(body, 0, port);
    put16(body, 2, 33434);
    put16(body, 4, 8);
    const target = parseAddress("10.77.0.1")!;
    const packet = buildPacket(OWN, target, UDP, 1, body);
    return exchange(internet, [packet.bytes])[0]!.packet.source.join(".");
  };
  const seen = new Set<string>();
  for (let port = 40000; port < 40064; port++) {
    const router = routerOf(port);
    assertEquals(routerOf(port), router);
    seen.add(router);
  }
  assertEquals(seen.size, 4);
});

Deno.test("Internet quotes what a translator made of a packet, where it does not translate back", () => {
  for (const translatesErrors of [true, false]) {
    const internet = new Internet(scenario({ path: "way" }, {
      paths: {
        way: [{
          address: "10.90.0.1",
          nat: { address: "198.51.100.7", shift: 1000, translatesErrors },
        }, { address: "10.90.0.2" }],
      },
    }));
    const [arrival] = exchange(internet, [request("10.77.0.1", 1, 2)]);
    assertEquals(arrival!.packet.destination, OWN);
    const message = decodeIcmp(4, arrival!.packet.body);
    assert(message.kind === "error");
    const identifier = quotedEcho(4, message.quoted)!.identifier;
    assertEquals(identifier, translatesErrors ? 0x1234 : 0x1234 + 1000);
  }
});

Deno.test("Internet says what is too big for a link, or swallows it", () => {
  for (const blackHole of [false, true]) {
    const internet = new Internet(scenario({ path: "way" }, {
      paths: {
        way: [{
          address: "10.90.0.1",
          address6: "2001:db8:90::1",
          mtu: 1280,
          blackHole,
        }],
      },
    }));
    const large = request("2001:db8::1", 1, 64, 1300);
    const arrivals = exchange(internet, [
      large,
      request("2001:db8::1", 2, 64, 1000),
    ]);
    assertEquals(internet.counts.tooBig, 1);
    assertEquals(arrivals.length, blackHole ? 1 : 2);
    if (blackHole) continue;
    const message = decodeIcmp(6, arrivals[0]!.packet.body);
    assert(message.kind === "error");
    assertEquals([message.type, message.mtu], [2, 1280]);
  }
});

Deno.test("Internet completes TCP handshakes and refuses where a port is closed", () => {
  const syn = (port: number) => {
    const body = new Uint8Array(20);
    put16(body, 0, 50000);
    put16(body, 2, port);
    new DataView(body.buffer).setUint32(4, 0xfffffffe);
    body[12] = 5 << 4;
    body[13] = 0x02;
    return buildPacket(OWN, parseAddress("10.77.0.1")!, TCP, 64, body).bytes;
  };
  const internet = new Internet(
    scenario({ tcp: { 80: "open", 81: "silent" } }),
  );
  const [open, closed, ...others] = exchange(internet, [
    syn(80),
    syn(81),
    syn(82),
  ]);
  assertEquals(others, []);
  assertEquals([open, closed].map((each) => each!.packet.body[13]), [
    0x12,
    0x14,
  ]);
  for (const { packet } of [open!, closed!]) {
    assert(isBodySound(packet));
    const { buffer, byteOffset } = packet.body;
    assertEquals(new DataView(buffer, byteOffset).getUint32(8), 0xffffffff);
  }
});

Deno.test("Internet does not answer what is malformed", () => {
  const internet = new Internet(scenario());
  const random = new Random(4);
  const sound = request("10.77.0.1", 1);
  for (let length = 0; length < sound.length; length++) {
    internet.receive(sound.slice(0, length), 0);
  }
  const flipped = sound.slice();
  flipped[40]! ^= 1;
  internet.receive(flipped, 0);
  for (let index = 0; index < 5000; index++) {
    internet.receive(random.fill(new Uint8Array(random.below(100))), 0);
  }
  assertEquals(internet.nextAt, Infinity);
});

Deno.test("Internet makes noise that is nobody's answer", () => {
  const internet = new Internet(
    scenario({ silent: true }, { noise: { packets: 400, perSecond: 1000 } }),
  );
  const asked = readPacket(request("10.77.0.1", 1))!;
  const arrivals = exchange(internet, [asked.bytes]);
  assertEquals(arrivals.length, 400);
  assertEquals(internet.counts.noise, 400);
  assertAlmostEquals(arrivals.at(-1)!.at, 399);
  for (const { packet } of arrivals) {
    const isOwn = packet.body.length === asked.body.length &&
      get16(packet.body, 4) === 0x1234 &&
      packet.body.subarray(8).every((byte, i) => byte === asked.body[8 + i]);
    assertEquals(isOwn, false);
  }
});

Deno.test("Schedule gives back by time, and in order where times are equal", () => {
  const schedule = new Schedule<number>();
  const random = new Random(5);
  const times = Array.from({ length: 1000 }, () => random.below(50));
  times.forEach((time, index) => schedule.add(time, index));
  const taken: number[] = [];
  for (let now = 0; now < 50; now++) {
    assert(schedule.nextAt >= now);
    for (
      let next = schedule.take(now);
      next !== undefined;
      next = schedule.take(now)
    ) {
      taken.push(next);
    }
  }
  const expected = times.map((_, index) => index)
    .sort((a, b) => times[a]! - times[b]! || a - b);
  assertEquals(taken, expected);
  assertEquals(schedule.size, 0);
});

for (const [name, content] of readScenarios()) {
  Deno.test(`scenario "${name}" has no misspelt or missing fields`, () => {
    assertEquals(validate(content), []);
    new Internet(content);
  });
}

Deno.test("validate() finds misspelt and missing fields", () => {
  const faulty = {
    about: "x",
    hosts: [{ match: ["10.0.0.0/8"], silnet: true }],
  };
  assertEquals(validate(faulty), [
    "scenario: no runs",
    "scenario.hosts[0]: unknown silnet",
  ]);
});
