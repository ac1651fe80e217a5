import { assert, assertEquals } from "@std/assert";
import { OptionError } from "../../lib/socket/options.ts";
import { planLoad } from "../../lib/echo/load_options.ts";
import type { EchoLoadOptions } from "../../lib/echo/load_types.ts";
import { parseEndpoint } from "../../lib/socket/endpoint.ts";
import { BRIEF, isNear, load } from "./_loading.ts";
import { echoDatagrams, FakeNetwork, type Script } from "./fake_network.ts";

const UDP = "udp://192.0.2.7:7";

async function loadDatagrams(script: Script, options: EchoLoadOptions) {
  const network = new FakeNetwork(script);
  await echoDatagrams(network, UDP);
  return await load(network, UDP, options);
}

Deno.test("echoLoad() keeps so many datagrams in flight on each socket", async () => {
  for (const inFlight of [1, 5, 200]) {
    const options = { ...BRIEF, connections: 2, inFlight };
    const summary = await loadDatagrams({}, options);
    assertEquals(summary.sent, 2 * inFlight * 500);
    assertEquals(summary.answered, summary.sent);
    assertEquals(summary.errors, {});
    assert(isNear(summary.latency?.maxMs, 2));
  }
});

Deno.test("echoLoad() holds up no planned datagram for one that is lost", async () => {
  const script: Script = {
    datagram: (bytes, index, direction) =>
      direction === "to-server" && index % 10 === 3 ? [] : [{ bytes }],
  };
  const options = { ...BRIEF, rate: 1000 };
  const summary = await loadDatagrams(script, options);
  assertEquals(summary.sent, 1000);
  assertEquals(summary.unsent, 0);
  assertEquals(summary.unanswered, 100);
  assertEquals(summary.errors, { timeout: 100 });
  assert(isNear(summary.latency?.maxMs, 2));
});

Deno.test("echoLoad() goes on after a lost datagram in a closed loop, when its time is over", async () => {
  const script: Script = {
    datagram: (bytes, index, direction) =>
      direction === "to-server" && index === 3 ? [] : [{ bytes }],
  };
  const summary = await loadDatagrams(script, { ...BRIEF, timeoutMs: 200 });
  assertEquals(summary.unanswered, 1);
  assertEquals(summary.errors, { timeout: 1 });
  assert(summary.answered > 350 && summary.answered < 400);
});

Deno.test("echoLoad() tells what is late, doubled and reordered", async () => {
  const script: Script = {
    datagram(bytes, index, direction) {
      if (direction === "to-server") return [{ bytes }];
      if (index === 10) return [{ bytes, afterMs: 250 }];
      if (index === 20) return [{ bytes }, { bytes }, { bytes, afterMs: 5 }];
      if (index === 30) return [{ bytes, afterMs: 15 }];
      return [{ bytes }];
    },
  };
  const options = { ...BRIEF, rate: 100, timeoutMs: 200 };
  const summary = await loadDatagrams(script, options);
  const { sent, answered, late, duplicates, reordered } = summary;
  assertEquals({ sent, answered, late, duplicates, reordered }, {
    sent: 100,
    answered: 99,
    late: 1,
    duplicates: 2,
    reordered: 1,
  });
});

Deno.test("echoLoad() finds datagrams that were changed, cut, extended or made up", async () => {
  const cases: [
    string,
    (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>,
    { offset: number; expected: number; actual: number },
    unanswered: number,
  ][] = [
    ["changed", (bytes) => bytes.with(40, 0), {
      offset: 40,
      expected: 24,
      actual: 0,
    }, 0],
    ["cut", (bytes) => bytes.slice(0, 63), {
      offset: 63,
      expected: 25,
      actual: -1,
    }, 0],
    ["extended", (bytes) => Uint8Array.of(...bytes, 9), {
      offset: 64,
      expected: -1,
      actual: 9,
    }, 0],
    ["made up", (bytes) => bytes.with(0, 255), {
      offset: 0,
      expected: 0,
      actual: 255,
    }, 1],
    ["too short for a number", (bytes) => bytes.slice(0, 3), {
      offset: 3,
      expected: 1,
      actual: -1,
    }, 1],
  ];
  for (const [name, change, expected, unanswered] of cases) {
    let count = 0;
    const script: Script = {
      datagram: (bytes, _index, direction) => [{
        bytes: direction === "to-client" && count++ === 0
          ? change(bytes) as Uint8Array<ArrayBuffer>
          : bytes,
      }],
    };
    const summary = await loadDatagrams(script, { ...BRIEF, rate: 100 });
    assertEquals(summary.mismatched, 1, name);
    assertEquals(summary.firstMismatch, expected, name);
    assertEquals(summary.unanswered, unanswered, name);
    assertEquals(summary.answered, 99, name);
  }
});

Deno.test("echoLoad() ends when nobody receives its datagrams any more", async () => {
  const network = new FakeNetwork();
  await echoDatagrams(network, UDP);
  network.after(300, () => network.sockets.delete("192.0.2.7:7"));
  const summary = await load(network, UDP, { ...BRIEF, connections: 3 });
  assertEquals(summary.ended, "no-connections");
  assertEquals(summary.errors, { ECONNREFUSED: 3 });
  assertEquals(summary.connections.broken, 3);
  assert(summary.durationMs > 290 && summary.durationMs < 310);
  assert(summary.answered > 400);
});

Deno.test("planLoad() refuses what has no meaning", () => {
  const cases: [string, EchoLoadOptions, option: string][] = [
    [UDP, { reconnect: true }, "reconnect"],
    [UDP, { size: 3 }, "size"],
    [UDP, { size: 65_508 }, "size"],
    [UDP, { inFlight: 2, rate: 10 }, "inFlight"],
    ["tcp://a:7", { inFlight: 2 }, "inFlight"],
    ["tcp://a:7", { connections: 0 }, "connections"],
    ["tcp://a:7", { rate: 0 }, "rate"],
    ["tcp://a:7", { durationMs: 0 }, "durationMs"],
    ["tcp://a:7", { warmupMs: -1 }, "warmupMs"],
    ["tcp://a:7", { timeoutMs: NaN }, "timeoutMs"],
  ];
  for (const [endpoint, options, option] of cases) {
    let error: unknown;
    try {
      planLoad(parseEndpoint(endpoint), options);
    } catch (thrown) {
      error = thrown;
    }
    assert(error instanceof OptionError, option);
    assertEquals(error.option, option);
  }
});
