import {
  assertEquals,
  assertObjectMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { probeOver } from "../../lib/echo/probe.ts";
import { planProbe } from "../../lib/echo/probe_options.ts";
import type { EchoProbeReply } from "../../lib/echo/probe_types.ts";
import { parseEndpoint } from "../../lib/socket/endpoint.ts";
import { ResolutionError } from "../../lib/socket/resolve.ts";
import { OptionError } from "../../lib/socket/options.ts";
import { echoing, FakeNetwork, type Script } from "./fake_network.ts";
import { bytes, probe, type Probed, TCP } from "./_probing.ts";

function echoServer(script?: Script): FakeNetwork {
  const network = new FakeNetwork(script);
  network.serve(TCP, echoing());
  return network;
}

function replies({ events }: Probed): EchoProbeReply[] {
  return events.filter((event): event is EchoProbeReply =>
    event.type === "reply"
  );
}

Deno.test("echoProbe() sends messages over one connection, at their interval", async () => {
  const network = echoServer({ delayMs: 2 });
  const probed = await probe(network, TCP, { count: 3, intervalMs: 100 });
  assertEquals(probed.story, ["start", "reply 1", "reply 2", "reply 3"]);
  assertObjectMatch(probed.events[0]!, {
    type: "start",
    endpoint: TCP,
    address: "192.0.2.7:7",
    size: 56,
    connectMs: 4,
  });
  assertEquals(replies(probed).map(({ rttMs }) => rttMs), [4, 4, 4]);
  assertObjectMatch(probed.summary, {
    transmitted: 3,
    answered: 3,
    lost: 0,
    lossPercent: 0,
    mismatched: 0,
    bytesSent: 168,
    bytesReceived: 168,
    sendingMs: 200,
    durationMs: 204,
  });
});

Deno.test("echoProbe() puts an answer together from reads of any length", async () => {
  for (const readBytes of [1, 3, 55, 56, 57]) {
    const probed = await probe(echoServer({ readBytes }), TCP, {
      count: 5,
      intervalMs: 0,
    });
    assertObjectMatch(probed.summary, { answered: 5, mismatched: 0 });
  }
});

Deno.test("echoProbe() says at which byte an answer differs, and goes on", async () => {
  const network = new FakeNetwork();
  network.serve(
    TCP,
    echoing((read) =>
      bytes(new TextDecoder().decode(read).replace("you", "YOu"))
    ),
  );
  const probed = await probe(network, TCP, {
    message: bytes("hi, you"),
    count: 2,
    intervalMs: 10,
    keepReplies: true,
  });
  const [first, second] = replies(probed);
  assertEquals(first?.mismatch, {
    offset: 4,
    expected: 0x79,
    actual: 0x59,
    differing: 2,
  });
  assertEquals(new TextDecoder().decode(first?.data), "hi, YOu");
  assertEquals(second?.sequence, 2);
  assertEquals(probed.summary.mismatched, 2);
});

Deno.test("echoProbe() finds where a framed answer is shorter or longer, and where the next begins", async () => {
  const answers = ["hello\n", "hel\n", "hello!!\n", "jello\n"];
  const network = new FakeNetwork();
  network.serve(TCP, echoing(() => bytes(answers.shift()!)));
  const probed = await probe(network, TCP, {
    message: bytes("hello"),
    framing: "line",
    count: 4,
    intervalMs: 10,
  });
  assertEquals(replies(probed).map(({ mismatch }) => mismatch), [
    undefined,
    { offset: 3, expected: 0x6c, actual: -1, differing: 2 },
    { offset: 5, expected: -1, actual: 0x21, differing: 2 },
    { offset: 0, expected: 0x68, actual: 0x6a, differing: 1 },
  ]);
});

Deno.test("echoProbe() writes in pieces, so that the server has several reads of a message", async () => {
  const reads: string[] = [];
  const network = new FakeNetwork();
  network.serve(
    TCP,
    echoing((read) => {
      reads.push(new TextDecoder().decode(read));
      return read;
    }),
  );
  const options = { message: bytes("hello"), framing: "line" } as const;
  const { summary } = await probe(network, TCP, { ...options, split: 4 });
  assertEquals(reads, ["hell", "o\n"]);
  assertEquals(summary.mismatched, 0);
});

Deno.test("echoProbe() puts messages into one write, so that the server may have one read of them", async () => {
  const reads: string[] = [];
  const network = new FakeNetwork();
  network.serve(
    TCP,
    echoing((read) => {
      reads.push(new TextDecoder().decode(read));
      return read;
    }),
  );
  const { story, summary } = await probe(network, TCP, {
    message: bytes("ab"),
    framing: "length",
    coalesce: 2,
    count: 3,
    intervalMs: 50,
  });
  assertEquals(reads, ["\0\0\0\x02ab\0\0\0\x02ab", "\0\0\0\x02ab"]);
  assertEquals(story, ["start", "reply 1", "reply 2", "reply 3"]);
  assertEquals(summary.mismatched, 0);
});

Deno.test("echoProbe() calls what is not answered in time lost, and what comes then late", async () => {
  const network = new FakeNetwork();
  network.serve(TCP, (connection) => ({
    ...echoing()(connection),
    data(read) {
      const copy = read.slice();
      network.after(250, () => connection.write(copy));
    },
  }));
  const probed = await probe(network, TCP, {
    count: 3,
    intervalMs: 100,
    timeoutMs: 200,
  });
  assertEquals(probed.story, [
    "start",
    "lost 1",
    "late 1",
    "lost 2",
    "late 2",
    "lost 3",
  ]);
  assertObjectMatch(probed.summary, { late: 2, lost: 1, answered: 0 });
});

Deno.test("echoProbe() sees by the next answer that a message was dropped", async () => {
  for (const framing of ["none", "line", "length"] as const) {
    let reads = 0;
    const network = new FakeNetwork();
    network.serve(TCP, echoing((read) => reads++ === 1 ? undefined : read));
    const { story, summary } = await probe(network, TCP, {
      count: 4,
      intervalMs: 100,
      framing,
    });
    assertEquals(
      story,
      ["start", "reply 1", "lost 2", "reply 3", "reply 4"],
      framing,
    );
    assertObjectMatch(summary, { lost: 1, mismatched: 0 });
  }
});

Deno.test("echoProbe() tells how much of an answer had come when the server closes", async () => {
  for (const how of [undefined, "reset"] as const) {
    const network = new FakeNetwork();
    network.serve(TCP, (connection) => ({
      ...echoing()(connection),
      data(read) {
        connection.write(read.slice(0, 10));
        network.after(5, () => connection.close(how));
      },
    }));
    const probed = await probe(network, TCP, { count: 3 });
    assertEquals(probed.story, ["start", "closed 1"]);
    assertObjectMatch(probed.events[1]!, {
      from: "192.0.2.7:7",
      replyBytes: 10,
      expectedBytes: 56,
      ...(how === "reset"
        ? { code: "ECONNRESET", message: "Connection reset by peer" }
        : {}),
    });
    assertObjectMatch(probed.summary, { transmitted: 1, lost: 1 });
  }
});

Deno.test("echoProbe() tells of a server that closes between two messages", async () => {
  const network = new FakeNetwork();
  network.serve(TCP, (connection) => ({
    ...echoing()(connection),
    data(read) {
      connection.write(read);
      connection.end();
    },
  }));
  const probed = await probe(network, TCP, { count: 3 });
  assertEquals(probed.story, ["start", "reply 1", "closed"]);
  assertObjectMatch(probed.summary, { transmitted: 1, answered: 1, lost: 0 });
});

Deno.test("echoProbe() tells of bytes that answer nothing, once, and counts them", async () => {
  const network = new FakeNetwork();
  network.serve(TCP, (connection) => ({
    ...echoing()(connection),
    data(read) {
      connection.write(read);
      connection.write(bytes("more"));
      network.after(1, () => connection.write(bytes("and more")));
    },
  }));
  const probed = await probe(network, TCP, { count: 2, message: bytes("x") });
  assertEquals(probed.story, ["start", "reply 1", "unexpected", "reply 2"]);
  assertEquals(probed.summary.unexpectedBytes, 12);
});

Deno.test("echoProbe() tells at once that nobody listens", async () => {
  const { events, summary } = await probe(new FakeNetwork(), TCP, {});
  assertObjectMatch(events[0]!, {
    type: "error",
    message: "Connection refused",
    code: "ECONNREFUSED",
  });
  assertEquals(events.length, 2);
  assertEquals(summary.transmitted, 0);
});

Deno.test("echoProbe() throws when a name has no address, as only a connection finds out without FFI", async () => {
  class Nameless extends FakeNetwork {
    override connect(...args: Parameters<FakeNetwork["connect"]>) {
      const [, , handler] = args;
      // In the words of Deno.connect.
      const error = new Error(
        "failed to lookup address information: Name or service not known",
      );
      this.after(1, () => handler.closed(error));
      return super.connect(...args);
    }
  }
  await assertRejects(
    () =>
      probe(new Nameless({ silent: ["a.example"] }), "tcp://a.example:7", {}),
    ResolutionError,
    'Cannot resolve "a.example": Name or service not known',
  );
});

Deno.test("echoProbe() waits for a connection no longer than its timeout, or its deadline", async () => {
  for (
    const [options, ms] of [
      [{ timeoutMs: 300 }, 300],
      [{ deadlineMs: 200 }, 200],
    ] as const
  ) {
    const network = new FakeNetwork({ silent: ["192.0.2.7"] });
    const startedAt = network.now();
    const { events } = await probe(network, TCP, options);
    assertObjectMatch(events[0]!, {
      type: "error",
      message: `No connection within ${ms} ms`,
    });
    assertEquals(network.now() - startedAt, ms);
  }
});

Deno.test("echoProbe() ends with its summary at the deadline, and when it is told to", async () => {
  const silent = () => {
    const network = new FakeNetwork();
    network.serve(TCP, echoing(() => undefined));
    return network;
  };
  const late = await probe(silent(), TCP, { deadlineMs: 2500 });
  assertObjectMatch(late.summary, { transmitted: 3, inFlight: 3, lost: 0 });
  assertEquals(late.summary.lossPercent, undefined);

  const controller = new AbortController();
  const { signal } = controller;
  const aborted = await probe(echoServer(), TCP, { signal }, (event) => {
    if (event.type === "reply" && event.sequence === 2) controller.abort();
  });
  assertEquals(aborted.story, ["start", "reply 1", "reply 2"]);
});

Deno.test("echoProbe() says nothing when it is told to stop before there is a connection", async () => {
  const network = new FakeNetwork({ silent: ["192.0.2.7"] });
  const controller = new AbortController();
  const { signal } = controller;
  network.after(50, () => controller.abort());
  const endpoint = parseEndpoint(TCP);
  const run = probeOver(network, endpoint, planProbe(endpoint, {}), { signal });
  assertEquals(await network.settle(Array.fromAsync(run)), []);
});

Deno.test("echoProbe() sends no more than a server that does not read can take", async () => {
  const network = new FakeNetwork({ capacity: 1000 });
  network.serve(TCP, (connection) => {
    connection.pause();
    return echoing()(connection);
  });
  const { summary } = await probe(network, TCP, {
    size: 600,
    intervalMs: 1,
    deadlineMs: 5000,
  });
  assertEquals(summary.transmitted, 2);
});

Deno.test("echoProbe() refuses options that have no meaning", () => {
  for (
    const [endpoint, options, reason] of [
      ["tcp://a:1", { size: 0 }, "Cannot send a message of 0 bytes"],
      [
        "tcp://a:1",
        { message: bytes("a\nb"), framing: "line" },
        "with a line feed in it as one line",
      ],
      ["tcp://a:1", { count: 0 }, "Cannot use 0 as count"],
      ["udp://a:1", { size: 65_508 }, "Cannot use 65508 as size"],
      ["udp://a:1", { split: 1 }, "Cannot use split over udp"],
      [
        "unixgram:/a",
        { message: new Uint8Array(65_508) },
        "Cannot send a message of 65508 bytes: 65507 at most",
      ],
      [
        "tcp://a:1",
        { input: new ReadableStream(), count: 1 },
        "Cannot use count with input",
      ],
    ] as const
  ) {
    assertThrows(
      () => planProbe(parseEndpoint(endpoint), options),
      OptionError,
      reason,
    );
  }
});
