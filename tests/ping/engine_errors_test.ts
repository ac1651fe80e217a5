import { assertEquals } from "@std/assert";
import { MessageTooLongError, SystemError } from "../../lib/os/errno.ts";
import type { IcmpErrorReport } from "../../lib/os/types.ts";
import { counts, ofType, pingFake } from "./fake_run.ts";
import { echo, type SentProbe } from "./fake_transport.ts";

const UNREACHABLE = new SystemError(
  "send",
  101,
  "ENETUNREACH",
  "Network is unreachable",
);
const TOO_LONG = new MessageTooLongError(
  new SystemError("send", 90, "EMSGSIZE", "Message too long"),
  1400,
);
const ROUTER = new Uint8Array([198, 51, 100, 1]);

/** What a router reports of a probe; `changes` makes it another's, or shorter. */
function report(
  probe: SentProbe,
  changes: Partial<IcmpErrorReport> = {},
): IcmpErrorReport {
  return {
    from: ROUTER,
    type: 3,
    code: 1,
    mtu: 0,
    destination: probe.address,
    quoted: probe.packet,
    ...changes,
  };
}

/** The message of a probe with one byte changed. */
function changed(probe: SentProbe, offset: number): Uint8Array {
  const packet = probe.packet.slice();
  packet[offset]! ^= 0x55;
  return packet;
}

Deno.test("engine ends a probe with the error that a router reports", async () => {
  const { counts: actual, events } = await pingFake(
    (probe) => [{ afterMs: 5, error: report(probe) }],
    { count: 3, intervalMs: 10 },
  );
  assertEquals(
    actual,
    counts({ transmitted: 3, errors: 3, lossPercent: 100 }),
  );
  const [first] = ofType(events, "error");
  assertEquals(first, {
    type: "error",
    host: "192.0.2.7",
    address: "192.0.2.7",
    sequence: 1,
    from: "198.51.100.1",
    icmpType: 3,
    icmpCode: 1,
    message: "Destination Host Unreachable",
    time: first!.time,
  });
});

Deno.test("engine tells the MTU that a router announces", async () => {
  const { events } = await pingFake(
    (probe) => [{ afterMs: 5, error: report(probe, { code: 4, mtu: 1400 }) }],
    { count: 1 },
  );
  assertEquals(ofType(events, "error")[0]!.mtu, 1400);
});

Deno.test("engine finds the probe when no more than its ICMP header is quoted", async () => {
  const { counts: actual, events } = await pingFake(
    (probe) => [{
      afterMs: 25,
      error: report(probe, { quoted: probe.packet.slice(0, 8) }),
    }],
    { count: 3, intervalMs: 10 },
  );
  assertEquals(actual.errors, 3);
  assertEquals(ofType(events, "error").map((event) => event.sequence), [
    1,
    2,
    3,
  ]);
});

Deno.test("engine ignores errors about other programs' packets", async () => {
  const elsewhere = new Uint8Array([192, 0, 2, 9]);
  const { counts: actual } = await pingFake((probe) => [
    { afterMs: 1, error: report(probe, { destination: elsewhere }) },
    { afterMs: 1, error: report(probe, { quoted: changed(probe, 4) }) },
    {
      afterMs: 1,
      error: report(probe, { quoted: probe.packet.slice().fill(7, 8) }),
    },
    { afterMs: 5, packet: echo(probe) },
  ], { count: 10, intervalMs: 10 });
  assertEquals(actual, counts({ transmitted: 10, answered: 10 }));
});

Deno.test("engine counts one error for a probe, however many come", async () => {
  const { counts: actual } = await pingFake((probe) => [
    { afterMs: 5, error: report(probe) },
    { afterMs: 6, error: report(probe) },
    { afterMs: 7, error: report(probe, { code: 13 }) },
  ], { count: 5, intervalMs: 10 });
  assertEquals(
    actual,
    counts({ transmitted: 5, errors: 5, lossPercent: 100 }),
  );
});

Deno.test("engine leaves an answered probe answered when an error follows", async () => {
  const { counts: actual } = await pingFake((probe) => [
    { afterMs: 5, packet: echo(probe) },
    { afterMs: 6, error: report(probe) },
  ], { count: 5, intervalMs: 10 });
  assertEquals(actual, counts({ transmitted: 5, answered: 5 }));
});

Deno.test("engine takes the answer that comes after an error", async () => {
  const { counts: actual } = await pingFake((probe) => [
    { afterMs: 5, error: report(probe) },
    { afterMs: 6, packet: echo(probe) },
  ], { count: 5, intervalMs: 10 });
  // The last error ends the run before the last answer.
  assertEquals(
    actual,
    counts({ transmitted: 5, answered: 4, errors: 1, lossPercent: 20 }),
  );
});

Deno.test("engine reports a redirect, and the probe goes on", async () => {
  const { counts: actual, events } = await pingFake((probe) => [
    {
      afterMs: 1,
      error: report(probe, {
        type: 5,
        gateway: new Uint8Array([198, 51, 100, 9]),
      }),
    },
    { afterMs: 5, packet: echo(probe) },
  ], { count: 3, intervalMs: 10 });
  assertEquals(actual, counts({ transmitted: 3, answered: 3 }));
  const redirects = ofType(events, "redirect");
  assertEquals(redirects.length, 3);
  assertEquals(redirects[0]!.gateway, "198.51.100.9");
});

Deno.test("engine counts what this machine refuses to send as errors, and goes on", async () => {
  const { counts: actual, events, transport } = await pingFake(
    (probe) => [{ afterMs: 5, packet: echo(probe) }],
    {
      count: 10,
      intervalMs: 10,
      fake: {
        admit(index) {
          if (index < 3 || index > 6) return true;
          throw UNREACHABLE;
        },
      },
    },
  );
  assertEquals(
    actual,
    counts({ transmitted: 10, answered: 6, errors: 4, lossPercent: 40 }),
  );
  assertEquals(transport.transmitted, 6);
  const errors = ofType(events, "error");
  assertEquals(errors.map((event) => event.sequence), [4, 5, 6, 7]);
  for (const { code, from, message } of errors) {
    assertEquals([code, from], ["ENETUNREACH", undefined]);
    assertEquals(message, "Network is unreachable");
  }
});

Deno.test("engine tells the MTU that is too small for a probe", async () => {
  const { counts: actual, events } = await pingFake(() => [], {
    count: 2,
    intervalMs: 10,
    size: 1472,
    fake: {
      admit() {
        throw TOO_LONG;
      },
    },
  });
  assertEquals(
    actual,
    counts({ transmitted: 2, errors: 2, lossPercent: 100 }),
  );
  const { code, mtu } = ofType(events, "error")[0]!;
  assertEquals([code, mtu], ["EMSGSIZE", 1400]);
});
