import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { serveEcho } from "../../lib/echo/server.ts";
import { SystemError } from "../../lib/os/errno.ts";
import { OptionError } from "../../lib/socket/options.ts";
import {
  decode,
  encode,
  forEachEngine,
  read,
  readToEnd,
  resetAfterEcho,
  Serving,
  UdpClient,
  writeAll,
} from "./_serving.ts";

const TCP = ["tcp://127.0.0.1:0"];
const UDP = ["udp://127.0.0.1:0"];

forEachEngine(
  "serveEcho() sends back what comes, and ends when the client does",
  async (engine) => {
    await using serving = await Serving.start(TCP, { engine });
    assertEquals(serving.all("listening"), [{
      type: "listening",
      endpoint: serving.server.endpoints[0]!,
      engine,
      time: serving.all("listening")[0]!.time,
    }]);
    using conn = await serving.connect();
    await writeAll(conn, encode("hello "));
    await writeAll(conn, encode("world"));
    await conn.closeWrite();
    assertEquals(decode(await readToEnd(conn)), "hello world");
    const closed = await serving.event("closed");
    assertEquals(closed.reason, "end");
    assertEquals([closed.bytesReceived, closed.bytesSent], [11, 11]);
    assertEquals(closed.peer, (await serving.event("opened")).peer);
    assert(closed.durationMs >= 0);
  },
);

forEachEngine(
  "serveEcho() sends a megabyte back in order, whatever the pieces",
  async (engine) => {
    await using serving = await Serving.start(TCP, { engine });
    const bytes = new Uint8Array(1 << 20);
    for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7 + (i >> 8)) & 0xff;
    using conn = await serving.connect();
    const [, echoed] = await Promise.all([
      writeAll(conn, bytes).then(() => conn.closeWrite()),
      readToEnd(conn),
    ]);
    assertEquals(echoed.length, bytes.length);
    assert(echoed.every((byte, i) => byte === bytes[i]));
  },
);

forEachEngine(
  "serveEcho() reads no further while nobody reads its answers",
  async (engine) => {
    await using serving = await Serving.start(TCP, { engine });
    using conn = await serving.connect();
    const chunk = new Uint8Array(65_536).fill(7);
    let written = 0;
    let isEnough = false;
    const writing = (async () => {
      while (!isEnough) written += await conn.write(chunk);
    })();
    // Until neither the server nor the kernel between takes any more.
    for (let last = -1; written !== last;) {
      last = written;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const { bytesReceived, bytesSent } = serving.server.summary();
    assert(bytesReceived > bytesSent, "something waits to be sent");
    const buffered = bytesReceived - bytesSent;
    assert(buffered <= 65_536, `${buffered} bytes are buffered`);
    // It goes on where it left off.
    isEnough = true;
    const [echoed] = await Promise.all([
      readToEnd(conn),
      writing.then(() => conn.closeWrite()),
    ]);
    assertEquals(echoed.length, written);
  },
);

forEachEngine(
  "serveEcho() discards, and counts what it discards",
  async (engine) => {
    await using serving = await Serving.start(TCP, { engine, mode: "discard" });
    using conn = await serving.connect();
    await writeAll(conn, encode("into the void"));
    await conn.closeWrite();
    assertEquals((await readToEnd(conn)).length, 0);
    const { bytesReceived, bytesSent } = await serving.event("closed");
    assertEquals([bytesReceived, bytesSent], [13, 0]);
  },
);

forEachEngine(
  "serveEcho() generates characters until the client goes",
  async (engine) => {
    await using serving = await Serving.start(TCP, { engine, mode: "chargen" });
    const conn = await serving.connect();
    await conn.closeWrite();
    const text = decode(await read(conn, 74 * 200));
    const lines = text.split("\r\n");
    assertEquals(
      lines[0],
      " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg",
    );
    assertEquals(lines[1]!.slice(0, 71), lines[0]!.slice(1));
    assertEquals(lines[95], lines[0]);
    conn.close();
    assertEquals((await serving.event("closed")).reason, "reset");
  },
);

forEachEngine(
  "serveEcho() tells the time, or greets, and closes",
  async (engine) => {
    await using clock = await Serving.start(TCP, { engine, mode: "daytime" });
    using timeConn = await clock.connect();
    assertMatch(
      decode(await readToEnd(timeConn)),
      /^\w+day, \w+ \d+, \d{4} \d\d:\d\d:\d\d-UTC\r\n$/,
    );
    await using greeter = await Serving.start(TCP, {
      engine,
      mode: "greet",
      message: "grüß Gott",
    });
    using conn = await greeter.connect();
    assertEquals(decode(await readToEnd(conn)), "grüß Gott\n");
    conn.close();
    assertEquals((await greeter.event("closed")).reason, "done");
  },
);

forEachEngine(
  "serveEcho() closes by itself when whoever was greeted stays",
  async (engine) => {
    await using greeter = await Serving.start(TCP, {
      engine,
      mode: "greet",
      message: "hi",
      graceMs: 50,
    });
    using _conn = await greeter.connect();
    assertEquals((await greeter.event("closed")).reason, "done");
  },
);

forEachEngine(
  "serveEcho() answers in capitals, a length prefix as it is",
  async (engine) => {
    await using serving = await Serving.start(TCP, {
      engine,
      mode: "upper",
      framing: "length",
    });
    using conn = await serving.connect();
    // A length of 97 (0x61, "a") must not become 65 ("A").
    const message = new Uint8Array(101).fill(0x62);
    message.set([0, 0, 0, 97]);
    await writeAll(conn, message);
    const echoed = await read(conn, 101);
    assertEquals([...echoed.subarray(0, 4)], [0, 0, 0, 97]);
    assertEquals(decode(echoed.subarray(4)), "B".repeat(97));
  },
);

forEachEngine(
  "serveEcho() delays every message, and loses none at the end",
  async (engine) => {
    await using serving = await Serving.start(TCP, {
      engine,
      mode: "delay",
      delayMs: 60,
    });
    using conn = await serving.connect();
    const sentAt = performance.now();
    await writeAll(conn, encode("late"));
    await conn.closeWrite();
    assertEquals(decode(await readToEnd(conn)), "late");
    assert(performance.now() - sentAt >= 59);
  },
);

forEachEngine("serveEcho() shows reads against lines", async (engine) => {
  await using serving = await Serving.start(TCP, {
    engine,
    framing: "line",
    reads: true,
  });
  using conn = await serving.connect();
  await writeAll(conn, encode("one\ntwo\nthr"));
  assertEquals(decode(await read(conn, 8)), "one\ntwo\n");
  const first = await serving.event("read");
  assertEquals([first.bytes, first.frames, first.incompleteBytes], [11, 2, 3]);
  await writeAll(conn, encode("ee\nrest"));
  await conn.closeWrite();
  assertEquals(decode(await readToEnd(conn)), "three\nrest");
  const second = await serving.event("read", 2);
  assertEquals([second.frames, second.incompleteBytes], [1, 4]);
  assertEquals((await serving.event("closed")).frames, 3);
});

forEachEngine(
  "serveEcho() closes a connection whose frame is too long, after answering the ones before",
  async (engine) => {
    await using serving = await Serving.start(TCP, {
      engine,
      framing: "line",
      maxFrame: 8,
    });
    using conn = await serving.connect();
    await writeAll(conn, encode("short\n123456789\nnever\n"));
    assertEquals(decode(await readToEnd(conn)), "short\n");
    conn.close();
    const closed = await serving.event("closed");
    assertEquals(closed.reason, "frame");
    assertEquals(closed.message, "Message of 9 bytes: 8 at most");
  },
);

forEachEngine("serveEcho() tells every byte with hexdump", async (engine) => {
  await using serving = await Serving.start([...TCP, ...UDP], {
    engine,
    mode: "hexdump",
  });
  using conn = await serving.connect();
  await writeAll(conn, encode("bytes"));
  assertEquals(decode(await read(conn, 5)), "bytes");
  assertEquals(decode((await serving.event("data")).data), "bytes");
  await using client = await UdpClient.bind();
  client.send("datagram", serving.port(1));
  assertEquals(await client.receive(), "datagram");
  assertEquals(decode((await serving.event("data", 2)).data), "datagram");
});

forEachEngine(
  "serveEcho() refuses connections beyond its limit, and accepts again when one closes",
  async (engine) => {
    await using serving = await Serving.start(TCP, {
      engine,
      maxConnections: 1,
    });
    const first = await serving.connect();
    await serving.event("opened");
    using second = await serving.connect();
    assertEquals(await second.read(new Uint8Array(1)).catch(() => null), null);
    assertEquals((await serving.event("refused")).reason, "max-connections");
    first.close();
    await serving.event("closed");
    using third = await serving.connect();
    await writeAll(third, encode("x"));
    assertEquals(decode(await read(third, 1)), "x");
  },
);

forEachEngine(
  "serveEcho() closes a silent connection, and none that is used",
  async (engine) => {
    await using serving = await Serving.start(TCP, {
      engine,
      idleTimeoutMs: 300,
    });
    using silent = await serving.connect();
    await serving.event("opened");
    using busy = await serving.connect();
    const opened = await serving.event("opened", 2);
    let isClosed = false;
    const closing = serving.event("closed").then((event) => {
      isClosed = true;
      return event;
    });
    while (!isClosed) {
      await writeAll(busy, encode("."));
      await read(busy, 1);
    }
    const closed = await closing;
    assertEquals([closed.connection, closed.reason], [1, "idle"]);
    assert(closed.durationMs >= 299 && closed.durationMs < 1000);
    assertEquals(await silent.read(new Uint8Array(1)).catch(() => null), null);
    assertEquals(opened.connection, 2);
    await writeAll(busy, encode("still"));
    assertEquals(decode(await read(busy, 5)), "still");
  },
);

forEachEngine("serveEcho() tells of a reset, and goes on", async (engine) => {
  await using serving = await Serving.start(TCP, { engine });
  await resetAfterEcho(serving.port());
  const closed = await serving.event("closed");
  assertEquals([closed.reason, closed.code], ["reset", "ECONNRESET"]);
  using next = await serving.connect();
  await writeAll(next, encode("on"));
  assertEquals(decode(await read(next, 2)), "on");
});

forEachEngine(
  "EchoServer.stop() sends what is queued, closes, and sums up",
  async (engine) => {
    const serving = await Serving.start(TCP, { engine, graceMs: 2000 });
    const { server } = serving;
    using conn = await serving.connect();
    await writeAll(conn, encode("last words"));
    assertEquals(decode(await read(conn, 10)), "last words");
    const stopping = server.stop();
    assertEquals(await conn.read(new Uint8Array(1)), null);
    await assertRejects(() => serving.connect());
    conn.close();
    const summary = await stopping;
    assertEquals((await serving.event("closed")).reason, "stopped");
    assertEquals(summary.connections.closed, { stopped: 1 });
    assertEquals([summary.bytesReceived, summary.bytesSent], [10, 10]);
    assertEquals(serving.events.at(-1), summary);
    assertEquals(await server.stopped, summary);
  },
);

forEachEngine(
  "EchoServer.stop() waits no longer than it may",
  async (engine) => {
    const serving = await Serving.start(TCP, { engine, graceMs: 100 });
    using _conn = await serving.connect();
    await serving.event("opened");
    const from = performance.now();
    await serving.server.stop();
    const took = performance.now() - from;
    assert(took >= 95 && took < 1500, `${took} ms`);
  },
);

forEachEngine("serveEcho() stops when its signal aborts", async (engine) => {
  const controller = new AbortController();
  await using serving = await Serving.start(TCP, {
    engine,
    signal: controller.signal,
  });
  controller.abort();
  assertEquals((await serving.server.stopped).connections.open, 0);
});

forEachEngine(
  "serveEcho() answers datagrams, empty ones, too",
  async (engine) => {
    await using serving = await Serving.start(UDP, { engine });
    await using client = await UdpClient.bind();
    for (const text of ["one", "", "three"]) {
      client.send(text, serving.port());
      assertEquals(await client.receive(), text);
    }
    const { received, sent } = serving.server.summary().datagrams;
    assertEquals([received, sent], [3, 3]);
  },
);

forEachEngine(
  "serveEcho() answers no datagram that is longer than allowed",
  async (engine) => {
    await using serving = await Serving.start(UDP, { engine, maxDatagram: 4 });
    await using client = await UdpClient.bind();
    client.send("12345", serving.port());
    const ignored = await serving.event("ignored");
    assertEquals([ignored.reason, ignored.bytes, ignored.count], [
      "oversize",
      5,
      1,
    ]);
    client.send("1234", serving.port());
    assertEquals(await client.receive(), "1234");
  },
);

forEachEngine(
  "serveEcho() answers no datagram from a port that it answers on, unless it is told to",
  async (engine) => {
    await using serving = await Serving.start(UDP, { engine });
    await using twin = await UdpClient.bind("127.0.0.2", serving.port());
    twin.send("loop", serving.port());
    const ignored = await serving.event("ignored");
    assertEquals(ignored.reason, "loop");
    assertEquals(ignored.peer, `127.0.0.2:${serving.port()}`);
    assertEquals(twin.waiting, 0);
    await using trusting = await Serving.start(UDP, {
      engine,
      allowLoops: true,
    });
    await using other = await UdpClient.bind("127.0.0.2", trusting.port());
    other.send("loop", trusting.port());
    assertEquals(await other.receive(), "loop");
  },
);

forEachEngine(
  "serveEcho() serves IPv4 and IPv6 on one socket",
  async (engine) => {
    await using serving = await Serving.start(["tcp://:0"], { engine });
    for (const hostname of ["127.0.0.1", "::1"]) {
      using conn = await Deno.connect({ hostname, port: serving.port() });
      await writeAll(conn, encode(hostname));
      assertEquals(decode(await read(conn, hostname.length)), hostname);
    }
  },
);

forEachEngine(
  "serveEcho() says which endpoint the system refuses, and why",
  async (engine) => {
    await using serving = await Serving.start([...TCP, ...UDP], { engine });
    const refused = async (endpoint: string) => {
      const error = await assertRejects(
        () => serveEcho([endpoint], { engine }),
        SystemError,
      );
      return error;
    };
    for (const endpoint of serving.server.endpoints) {
      const error = await refused(endpoint);
      assertEquals(error.code, "EADDRINUSE");
      assertEquals(
        error.message,
        `Cannot listen on ${endpoint}: Address already in use (EADDRINUSE)`,
      );
    }
    assertEquals((await refused("tcp://192.0.2.77:0")).code, "EADDRNOTAVAIL");
    assertEquals((await refused("unix:/nowhere/at/all")).code, "ENOENT");
  },
);

forEachEngine(
  "serveEcho() opens nothing when one endpoint cannot be",
  async (engine) => {
    await using taken = await Serving.start(TCP, { engine });
    const path = await Deno.makeTempDir();
    await assertRejects(
      () =>
        serveEcho([`unix:${path}/echo.sock`, taken.server.endpoints[0]!], {
          engine,
        }),
      SystemError,
    );
    assertEquals([...Deno.readDirSync(path)], []);
    await Deno.remove(path);
  },
);

Deno.test("serveEcho() refuses options that make no sense", async () => {
  const wrong = [
    [[], {}],
    [["tls://127.0.0.1:0"], {}],
    [TCP, { mode: "greet" }],
    [TCP, { mode: "delay" }],
    [TCP, { mode: "drop" }],
    [TCP, { maxConnections: 0 }],
    [TCP, { framing: "words" as "line" }],
  ] as const;
  for (const [endpoints, options] of wrong) {
    await assertRejects(() => serveEcho(endpoints, options), OptionError);
  }
});
