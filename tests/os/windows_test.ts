import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { IcmpRefusedError, SystemError } from "../../lib/os/errno.ts";
import { formatAddress, parseAddress } from "../../lib/wire/address.ts";
import { counts, ofType } from "../ping/fake_run.ts";
import { pingManyOver, pingOver } from "./_engine_run.ts";
import {
  FakeWindows,
  type FakeWindowsOptions,
  type Outcome,
  type Request,
} from "./_fake_windows.ts";

const HOST = { 4: "198.51.100.7", 6: "2001:db8:1::7" } as const;
const ROUTER = { 4: "203.0.113.1", 6: "2001:db8:2::1" } as const;
const FAMILIES = [4, 6] as const;

const answering = ({ index }: Request): Outcome => ({
  afterMs: 12.25 + index,
});

/** What the documentation leaves open: each way it may be. */
const VARIANTS: readonly (readonly [string, FakeWindowsOptions])[] = [
  ["pointers of 64 bits", {}],
  ["pointers of 32 bits", { narrow: true }],
  ["ERROR_IO_PENDING as the result", { pendingAsResult: true }],
];

for (const family of FAMILIES) {
  for (const [name, options] of VARIANTS) {
    Deno.test(`Windows: the engine gets replies, IPv${family}, ${name}`, async () => {
      const fake = new FakeWindows({ network: answering, ...options });
      const { counts: ended, events } = await pingOver(
        fake.system,
        HOST[family],
        { count: 3, intervalMs: 50 },
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
          ttl: family === 4 ? 57 : undefined,
          rtt,
          clock: "user" as const,
        })),
      );
      assertEquals(fake.open, 0);
    });
  }

  Deno.test(`Windows: errors of routers are told, IPv${family}`, async () => {
    // IP_TTL_EXPIRED_TRANSIT, IP_PACKET_TOO_BIG, IP_DEST_HOST_UNREACHABLE
    const statuses = [11013, 11009, 11003];
    const fake = new FakeWindows({
      network: ({ index }) => ({
        afterMs: 5,
        status: statuses[index]!,
        from: parseAddress(ROUTER[family])!,
      }),
    });
    const { counts: ended, events } = await pingOver(
      fake.system,
      HOST[family],
      {
        count: 3,
        intervalMs: 20,
        ttl: 3,
      },
    );
    assertEquals(ended.errors, 3);
    assertEquals(
      ofType(events, "error").map(({ from, icmpType, icmpCode, sequence }) => ({
        from,
        reason: [icmpType, icmpCode],
        sequence,
      })),
      (family === 4 ? [[11, 0], [3, 4], [3, 1]] : [[3, 0], [2, 0], [1, 3]])
        .map((reason, i) => ({
          from: ROUTER[family] as string,
          reason,
          sequence: i + 1,
        })),
    );
    assertEquals(fake.requests.map(({ ttl }) => ttl), [3, 3, 3]);
  });

  Deno.test(`Windows: loss is loss, and the largest probe comes back whole, IPv${family}`, async () => {
    const fake = new FakeWindows({
      network: ({ index }) => index === 1 ? undefined : { afterMs: 2 },
    });
    const { counts: ended, events } = await pingOver(
      fake.system,
      HOST[family],
      {
        count: 3,
        intervalMs: 20,
        timeoutMs: 100,
        size: 65_500,
      },
    );
    assertEquals([ended.answered, ended.lost, ended.corrupt], [2, 1, 0]);
    assertEquals(
      ofType(events, "reply").map(({ bytes }) => bytes),
      [65_508, 65_508],
    );
  });

  Deno.test(`Windows: many are on their way at once, and end in any order, IPv${family}`, async () => {
    const fake = new FakeWindows({
      network: ({ index }) =>
        index % 10 === 9 ? undefined : { afterMs: 300 - index % 97 },
    });
    const addresses = Array.from({ length: 500 }, (_, i) => {
      const address = parseAddress(HOST[family])!;
      address[address.length - 2] = i >> 8;
      address[address.length - 1] = i;
      return address;
    });
    const { counts: ended, events } = await pingManyOver(
      fake.system,
      addresses,
      { retries: 0, rate: 10_000, timeoutMs: 500 },
    );
    // Each is read when it comes, not when the others have come as well.
    for (const { rttMs } of ofType(events, "reply")) {
      assert(rttMs >= 203 && rttMs <= 302, `${rttMs} ms`);
    }
    assertEquals(
      [ended.transmitted, ended.answered, ended.lost],
      [500, 450, 50],
    );
    assert(fake.mostPending >= 400, `${fake.mostPending} at once`);
    assertEquals(fake.mostThreads, Math.ceil(500 / 63));
    await settled(fake);
  });
}

Deno.test("Windows: no more are on their way than threads can wait for", async () => {
  const fake = new FakeWindows({ network: () => ({ afterMs: 400 }) });
  const addresses = Array.from(
    { length: 3000 },
    (_, i) => Uint8Array.of(198, 18, i >> 8, i),
  );
  const { counts: ended } = await pingManyOver(fake.system, addresses, {
    retries: 0,
    rate: 1e6,
    timeoutMs: 1000,
  });
  assertEquals([ended.transmitted, ended.answered], [3000, 3000]);
  assertEquals(fake.mostPending, 16 * 63);
  assertEquals(fake.mostThreads, 16);
  assertEquals(fake.open, 0);
});

for (const family of FAMILIES) {
  Deno.test(`Windows: without a reply, the buffer may have the status, IPv${family}`, async () => {
    const fake = new FakeWindows({
      network: ({ index }) =>
        index === 0 ? { afterMs: 1, failure: 11050 } : undefined,
      statusInBuffer: true,
    });
    const { counts: ended } = await pingOver(fake.system, HOST[family], {
      count: 2,
      intervalMs: 20,
      timeoutMs: 1500,
    });
    assertEquals([ended.errors, ended.lost], [1, 1]);
    await settled(fake);
  });
}

Deno.test("Windows: an error of the machine itself is told by its name", async () => {
  const fake = new FakeWindows({
    network: ({ index }) =>
      index === 0
        ? { afterMs: 1, failure: 11050 }
        : { afterMs: 1, status: 11050 },
    admit: (index) => index === 2 ? 1231 : 0,
  });
  const { counts: ended, events } = await pingOver(fake.system, HOST[4], {
    count: 3,
    intervalMs: 20,
  });
  assertEquals(ended.errors, 3);
  assertEquals(ofType(events, "error").map(({ code }) => code), [
    "IP_GENERAL_FAILURE",
    "IP_GENERAL_FAILURE",
    "ENETUNREACH",
  ]);
});

Deno.test("Windows: the routing table tells that there is no way to a target", async () => {
  // IP_GENERAL_FAILURE is all that requests without a route end with.
  const fake = new FakeWindows({
    network: ({ destination }) =>
      destination[0]! >= 240 ? { afterMs: 1, failure: 11050 } : { afterMs: 1 },
  });
  const { events } = await pingManyOver(
    fake.system,
    ["240.0.0.1", HOST[4], "240.0.0.2"].map((text) => parseAddress(text)!),
    { retries: 0 },
  );
  assertEquals(
    ofType(events, "error").map(({ address, code }) => [address, code]),
    [["240.0.0.1", "ENETUNREACH"], ["240.0.0.2", "ENETUNREACH"]],
  );
  assertEquals(fake.requests.length, 2);
  await settled(fake);
});

Deno.test("Windows: a late answer is told as late", async () => {
  const fake = new FakeWindows({
    network: ({ index }) => ({ afterMs: index === 0 ? 150 : 5 }),
  });
  const { counts: ended } = await pingOver(fake.system, HOST[4], {
    count: 3,
    intervalMs: 100,
    timeoutMs: 100,
  });
  assertEquals([ended.answered, ended.late, ended.lost], [2, 1, 0]);
});

Deno.test("Windows: a damaged and a short reply are seen as such", async () => {
  const fake = new FakeWindows({
    network: ({ index, data }) => {
      const damaged = data.slice();
      damaged[40]! ^= 1;
      return { afterMs: 3, data: index === 0 ? damaged : data.slice(0, 20) };
    },
  });
  const { counts: ended, events } = await pingOver(fake.system, HOST[4], {
    count: 2,
    intervalMs: 20,
  });
  assertEquals([ended.answered, ended.corrupt], [2, 1]);
  const [first, second] = ofType(events, "reply");
  assertEquals(first!.corrupt?.offset, 40);
  assertEquals([second!.bytes, second!.truncated], [28, true]);
});

Deno.test("Windows: options go into IP_OPTION_INFORMATION, sources and zones into their places", async () => {
  const fake = new FakeWindows({ network: answering });
  await pingOver(fake.system, HOST[4], { count: 1, pathMtu: "do" });
  await pingOver(fake.system, HOST[4], { count: 1, pathMtu: "dont" });
  assertEquals(fake.requests.map(({ ttl, flags }) => [ttl, flags]), [
    [128, 2],
    [0, 0],
  ]);
  using loop = fake.system.openEventLoop();
  using icmp = fake.system.openIcmp(loop, {
    family: 6,
    messageBytes: 16,
    batch: 1,
    ttl: 255,
    sourceAddress: { bytes: parseAddress("fe80::1")!, scopeId: 3 },
  });
  icmp.outgoing[0]!.address.set(parseAddress("fe80::2")!);
  icmp.outgoing[0]!.scopeId = 3;
  assertEquals(icmp.send(0, 1), 1);
  const { source, destination, scopeId, ttl } = fake.requests.at(-1)!;
  assertEquals(
    [formatAddress(source), formatAddress(destination), scopeId, ttl],
    ["fe80::1", "fe80::2", 3, 255],
  );
});

Deno.test("Windows: what cannot be had is refused in one line", () => {
  const fake = new FakeWindows();
  using loop = fake.system.openEventLoop();
  const open = (options: object) => () =>
    fake.system.openIcmp(loop, {
      family: 4,
      messageBytes: 64,
      batch: 1,
      ...options,
    });
  assertThrows(open({ tos: 16 }), SystemError, "type of service");
  assertThrows(open({ sourceInterface: "x" }), SystemError, '"x"');
  assertThrows(open({ pathMtu: "want" }), SystemError, '"want"');
  assertThrows(
    open({ family: 6, pathMtu: "do" }),
    SystemError,
    "for IPv6 (ENOTSUP)",
  );
  const refusing = new FakeWindows({ refusal: 5 });
  using otherLoop = refusing.system.openEventLoop();
  const options = { family: 4, messageBytes: 64, batch: 1 } as const;
  assertThrows(
    () => refusing.system.openIcmp(otherLoop, options),
    IcmpRefusedError,
    "Access is denied",
  );
});

Deno.test("Windows: memory is kept until the system is done with it", async () => {
  const fake = new FakeWindows({ network: () => undefined });
  {
    using loop = fake.system.openEventLoop();
    using icmp = fake.system.openIcmp(loop, {
      family: 4,
      messageBytes: 64,
      batch: 1,
      timeoutMs: 100,
    });
    icmp.outgoing[0]!.address.set(parseAddress(HOST[4])!);
    assertEquals(icmp.send(0, 1), 1);
  }
  assert(fake.open > 0);
  // The fake throws if the handle is closed while the request is under way.
  await settled(fake);
  assertEquals(fake.world.now, 2100);
});

Deno.test("Windows: a wait ends when it is woken", async () => {
  const fake = new FakeWindows();
  {
    using loop = fake.system.openEventLoop();
    const start = loop.now();
    fake.world.at(fake.world.now + 30, () => loop.wake());
    await loop.wait(start + 5000);
    assertEquals(Math.round(loop.now() - start), 30);
    assertEquals(loop.wallTime(), 1_700_000_001.03);
  }
  assertEquals(fake.open, 0);
});

Deno.test("Windows: the route, the interface and the rights of the user are known", async () => {
  const fake = new FakeWindows();
  const { system } = fake;
  const routeTo = async (text: string) => {
    const bytes = parseAddress(text)!;
    return await system.route({
      family: bytes.length === 4 ? 4 : 6,
      destination: { bytes, scopeId: 0 },
    });
  };
  assertEquals(formatAddress((await routeTo(HOST[4])).source), "192.0.2.1");
  assertEquals(formatAddress((await routeTo(HOST[6])).source), "2001:db8::1");
  await assertRejects(
    () => routeTo("240.0.0.1"),
    Error,
    "Cannot connect: Network is unreachable (ENETUNREACH)",
  );
  assertEquals(
    ["ethernet_0", "12", "x"].map((name) => system.interfaceIndex(name)),
    [7, 12, 0],
  );
  assertEquals(system.isPrivileged(), true);
  assertEquals(fake.open, 0);
});

/** Waits until what was still under way at the end of a run is over, and checks that all is closed. */
async function settled(fake: FakeWindows): Promise<void> {
  await fake.world.wait(60_000, () => fake.open === 0);
  assertEquals(fake.open, 0);
}

Deno.test("Windows: names are looked up, and addresses", async () => {
  const fake = new FakeWindows();
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
  const nameOf = async (text: string) => {
    const bytes = parseAddress(text)!;
    return await system.reverseLookup(4, { bytes, scopeId: 0 });
  };
  assertEquals(await nameOf(HOST[4]), "host.example");
  assertEquals(await nameOf(ROUTER[4]), undefined);
});
