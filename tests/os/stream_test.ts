/** What {@linkcode Network} promises of streams, over every engine. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { makeSelfSigned } from "../../commands/echo/self_signed.ts";
import type { Libc } from "../../lib/os/linux/libc.ts";
import { engineTest, forEachEngine } from "../engines.ts";
import {
  Accepting,
  connect,
  connected,
  decode,
  LOOPBACK,
  openNetwork,
  pattern,
  type StreamEnd,
} from "./_networks.ts";

forEachEngine(
  "Network.connect() and listen() carry bytes both ways, and tell who is where",
  async (engine) => {
    using network = await openNetwork(engine);
    using accepting = await Accepting.at(network, LOOPBACK);
    const { client, server } = await connected(network, accepting);
    assertEquals(server.connection.local, accepting.name);
    assertEquals(client.connection.peer, accepting.name);
    assertEquals(server.connection.peer, client.connection.local);
    client.write("question");
    await server.until((end) => end.receivedBytes === 8);
    server.write("answer");
    await client.until((end) => end.receivedBytes === 6);
    assertEquals(decode(server.received), "question");
    assertEquals(decode(client.received), "answer");
  },
);

forEachEngine(
  "StreamConnection.end() ends one direction; both ends close when both have",
  async (engine) => {
    using network = await openNetwork(engine);
    using accepting = await Accepting.at(network, LOOPBACK);
    const { client, server } = await connected(network, accepting);
    client.write("last");
    client.finish();
    await server.until((end) => end.hasPeerEnded);
    assertEquals(decode(server.received), "last");
    assert(!server.isClosed && !client.isClosed);
    server.write("still here");
    await client.until((end) => end.receivedBytes === 10);
    server.finish();
    await client.until((end) => end.isClosed);
    await server.until((end) => end.isClosed);
    assert(client.hasPeerEnded);
    assertEquals([client.error, server.error], [undefined, undefined]);
  },
);

forEachEngine(
  "StreamConnection.write() before the connection is made sends in order, and end() after it",
  async (engine) => {
    using network = await openNetwork(engine);
    using accepting = await Accepting.at(network, LOOPBACK);
    const client = connect(network, accepting.name);
    client.write("one ");
    client.write("two");
    assertEquals(client.connection.queued, 7);
    client.finish();
    const server = await accepting.accepted();
    await server.until((end) => end.hasPeerEnded);
    assertEquals(decode(server.received), "one two");
    server.finish();
    await client.until((end) => end.isClosed);
    assertEquals(client.error, undefined);
  },
);

forEachEngine(
  "StreamConnection.end() with nothing written ends a connection that is still to be made",
  async (engine) => {
    using network = await openNetwork(engine);
    using accepting = await Accepting.at(network, LOOPBACK);
    const client = connect(network, accepting.name);
    client.finish();
    const server = await accepting.accepted();
    await server.until((end) => end.hasPeerEnded);
    assertEquals(server.receivedBytes, 0);
    server.finish();
    await client.until((end) => end.isClosed);
  },
);

forEachEngine(
  "StreamConnection.pause() makes the peer wait, and resume() loses nothing",
  async (engine) => {
    using network = await openNetwork(engine);
    using accepting = await Accepting.at(network, LOOPBACK);
    const { client, server } = await connected(network, accepting);
    server.pause();
    const bytes = pattern(16 << 20);
    client.write(bytes);
    client.finish();
    assert(client.connection.queued > 0);
    // What is seen to arrive here cannot have overtaken the rest.
    server.write("I read nothing");
    await client.until((end) => end.receivedBytes > 0);
    assertEquals(server.receivedBytes, 0);
    assert(client.connection.queued > 0, "the system took 16 MiB");
    assertEquals(client.drains, 0);
    server.resume();
    await server.until((end) => end.hasPeerEnded);
    const { received } = server;
    assertEquals(received.length, bytes.length);
    assert(received.every((byte, i) => byte === bytes[i]));
    await client.until((end) => end.drains > 0);
    assertEquals(client.connection.queued, 0);
  },
);

forEachEngine(
  "StreamConnection.pause() holds back the end of the stream, too",
  async (engine) => {
    using network = await openNetwork(engine);
    using accepting = await Accepting.at(network, LOOPBACK);
    const { client, server } = await connected(network, accepting);
    server.pause();
    client.write("x");
    client.finish();
    server.write("y");
    await client.until((end) => end.receivedBytes === 1);
    assertEquals([server.receivedBytes, server.hasPeerEnded], [0, false]);
    server.resume();
    await server.until((end) => end.hasPeerEnded);
    assertEquals(server.receivedBytes, 1);
  },
);

forEachEngine(
  "StreamConnection.close() calls nobody back, and the peer learns of it",
  async (engine) => {
    using network = await openNetwork(engine);
    using accepting = await Accepting.at(network, LOOPBACK);
    const { client, server } = await connected(network, accepting);
    client.write("bye");
    await server.until((end) => end.receivedBytes === 3);
    client.close();
    client.close();
    client.write("into the void");
    client.finish();
    await server.until((end) => end.hasPeerEnded);
    server.finish();
    await server.until((end) => end.isClosed);
    assertEquals([client.hasPeerEnded, client.isClosed], [false, false]);
  },
);

forEachEngine(
  "StreamConnection.close() with unread bytes breaks the peer's connection, with the system's code",
  async (engine) => {
    using network = await openNetwork(engine);
    using accepting = await Accepting.at(network, LOOPBACK);
    const { client, server } = await connected(network, accepting);
    client.pause();
    server.write(pattern(1 << 20));
    client.close();
    await server.until((end) => end.isClosed);
    assert(/^(ECONNRESET|EPIPE)$/.test(server.error?.code ?? ""));
  },
);

forEachEngine(
  "ListenHandler.accept() may turn a connection away, and listening goes on",
  async (engine) => {
    using network = await openNetwork(engine);
    using accepting = await Accepting.at(network, LOOPBACK);
    accepting.turnAway = 1;
    const first = connect(network, accepting.name);
    await first.until((end) => end.hasPeerEnded || end.isClosed);
    const { client, server } = await connected(network, accepting);
    client.write("x");
    await server.until((end) => end.receivedBytes === 1);
  },
);

engineTest(
  "native",
  "Listener rests where the system has no memory for a connection, and accepts it later",
  async (engine) => {
    const { libc } = await import("../../lib/os/linux/libc.ts");
    for (const [code, number] of [["ENOMEM", 12], ["ENOBUFS", 105]] as const) {
      using network = await openNetwork(engine);
      using accepting = await Accepting.at(network, LOOPBACK);
      const times: number[] = [];
      const { refused } = accepting;
      accepting.refused = (error) => {
        times.push(network.now());
        refused.call(accepting, error);
      };
      let client: StreamEnd;
      {
        using _shortage = failing(libc(), "accept4", number);
        client = connect(network, accepting.name);
        assertEquals((await accepting.refusal(2)).code, code);
      }
      assert(times[1]! - times[0]! >= 99, `${times[1]! - times[0]!} ms`);
      const server = await accepting.accepted();
      client.write("patient");
      await server.until((end) => end.receivedBytes === 7);
    }
  },
);

/** Has a function of the C library fail, with this errno, until that is disposed of. */
function failing(
  libc: Libc,
  name: keyof Libc,
  number: number,
): Disposable {
  const { [name]: call, memcpy } = libc;
  let errno = 0;
  const replace = (name: keyof Libc, value: unknown) =>
    Object.defineProperty(libc, name, { value });
  replace(name, () => {
    errno = number;
    return -1;
  });
  // This is how it is read, by the next call.
  replace("memcpy", (...args: Parameters<typeof memcpy>) => {
    if (errno === 0) return memcpy(...args);
    new DataView((args[0] as Uint8Array<ArrayBuffer>).buffer)
      .setInt32(0, errno, true);
    errno = 0;
    return 0n;
  });
  return {
    [Symbol.dispose]() {
      replace(name, call);
      replace("memcpy", memcpy);
    },
  };
}

forEachEngine(
  "Network.connect() tells whom nobody listens for",
  async (engine) => {
    using network = await openNetwork(engine);
    const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = free.addr;
    free.close();
    const client = connect(network, { host: "127.0.0.1", port });
    client.write("lost");
    await client.until((end) => end.isClosed);
    assertEquals(client.isOpened, false);
    assertEquals(client.error?.code, "ECONNREFUSED");
    assertEquals(client.connection.queued, 4);
    const nowhere = connect(network, { path: "/nowhere/at/all" });
    await nowhere.until((end) => end.isClosed);
    assertEquals(nowhere.error?.code, "ENOENT");
  },
);

forEachEngine(
  "StreamConnection.close() while it connects calls nobody back",
  async (engine) => {
    using network = await openNetwork(engine);
    using accepting = await Accepting.at(network, LOOPBACK);
    const given = connect(network, accepting.name);
    given.close();
    const { client } = await connected(network, accepting);
    assert(client.isOpened);
    assertEquals([given.isOpened, given.isClosed], [false, false]);
  },
);

forEachEngine(
  "Network.connect() takes what became of a closed connection for no answer",
  async (engine) => {
    using outside = await openNetwork(engine);
    using accepting = await Accepting.at(outside, LOOPBACK);
    // It accepts nothing: the system has room for one connection, and answers no other.
    using full = Deno.listen({
      hostname: "127.0.0.1",
      port: 0,
      tcpBacklog: 0,
    });
    const name = { host: "127.0.0.1", port: full.addr.port };
    using network = await openNetwork(engine);
    await connect(network, name).until((end) => end.isOpened);
    const clients: StreamEnd[] = [];
    for (let i = 0; i < 4; i++) {
      clients.push((await connected(network, accepting)).client);
    }
    let late: StreamEnd[] = [];
    // All are told at once. The first one gives the places of the others, and their numbers, to new connections.
    const told = new Promise<void>((resolve) => {
      for (const client of clients) {
        client.data = () => {
          if (late.length > 0) return;
          for (const other of clients) if (other !== client) other.close();
          late = clients.map(() => connect(network, name));
          network.schedule(network.now(), resolve);
        };
      }
    });
    for (const server of accepting.ends) server.write("x");
    await told;
    assertEquals(late.filter((end) => end.isOpened), []);
  },
);

forEachEngine(
  "Listener accepts no more when it is disposed of; its connections live on",
  async (engine) => {
    using network = await openNetwork(engine);
    const accepting = await Accepting.at(network, LOOPBACK);
    const { client, server } = await connected(network, accepting);
    accepting[Symbol.dispose]();
    accepting[Symbol.dispose]();
    const late = connect(network, accepting.name);
    await late.until((end) => end.isClosed);
    // Deno lets go of a socket that it waits for only when control is back at its loop.
    assert(/^ECONN(REFUSED|RESET)$/.test(late.error?.code ?? ""));
    assertEquals(accepting.ends.length, 1);
    client.write("alive");
    await server.until((end) => end.receivedBytes === 5);
  },
);

forEachEngine(
  "Network closes everything when it is disposed of, and calls nobody back",
  async (engine) => {
    using outside = await openNetwork(engine);
    using accepting = await Accepting.at(outside, LOOPBACK);
    const network = await openNetwork(engine);
    const inner = await Accepting.at(network, LOOPBACK);
    const { client, server } = await connected(network, accepting);
    const connecting = connect(network, accepting.name);
    let isLate = false;
    network.schedule(network.now(), () => isLate = true);
    network[Symbol.dispose]();
    network[Symbol.dispose]();
    await server.until((end) => end.hasPeerEnded || end.isClosed);
    assert(!client.isClosed && !connecting.isClosed && !isLate);
    const late = connect(outside, inner.name);
    await late.until((end) => end.isClosed);
    assertEquals(late.error?.code, "ECONNREFUSED");
  },
);

forEachEngine(
  "Network opens nothing after it is disposed of",
  async (engine) => {
    using outside = await openNetwork(engine);
    using accepting = await Accepting.at(outside, LOOPBACK);
    const network = await openNetwork(engine);
    network[Symbol.dispose]();
    const message = "The network is closed";
    assertThrows(() => connect(network, accepting.name), Error, message);
    await assertRejects(() => Accepting.at(network, LOOPBACK), Error, message);
    await connected(outside, accepting);
    assertEquals(accepting.ends.length, 1);
  },
);

forEachEngine(
  "Network.listen() leaves nothing open where its network is disposed of meanwhile",
  async (engine) => {
    using outside = await openNetwork(engine);
    const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const name = { host: "127.0.0.1", port: free.addr.port };
    free.close();
    const network = await openNetwork(engine);
    const opening = Accepting.at(network, name);
    network[Symbol.dispose]();
    await Promise.allSettled([opening]);
    const late = connect(outside, name);
    await late.until((end) => end.isClosed);
    // Deno lets go of a socket that it waits for only when control is back at its loop.
    assert(/^ECONN(REFUSED|RESET)$/.test(late.error?.code ?? ""));
  },
);

forEachEngine(
  "Network.schedule() calls back in time and in order, unless it is cancelled",
  async (engine) => {
    using network = await openNetwork(engine);
    const from = network.now();
    const called: string[] = [];
    await new Promise<void>((resolve) => {
      network.schedule(from + 30, () => {
        called.push("last");
        resolve();
      });
      network.schedule(from + 10, () => {
        called.push("second");
        cancel();
      });
      network.schedule(from - 5, () => called.push("first"));
      const cancel = network.schedule(from + 20, () => called.push("never"));
    });
    const took = network.now() - from;
    assertEquals(called, ["first", "second", "last"]);
    assert(took >= 29.9 && took < 1000, `${took} ms`);
  },
);

forEachEngine(
  "Network.listen() takes IPv4 on an IPv6 socket",
  async (engine) => {
    using network = await openNetwork(engine);
    using accepting = await Accepting.at(
      network,
      { host: "::", port: 0 },
      { ipv6Only: false },
    );
    const { port } = accepting.name as { port: number };
    for (const [i, host] of ["127.0.0.1", "::1"].entries()) {
      const client = connect(network, { host, port });
      await client.until((end) => end.isOpened);
      const server = await accepting.accepted(i + 1);
      const { peer } = server.connection as { peer: { host: string } };
      assertEquals(peer.host.replace(/^::ffff:/, ""), host);
    }
  },
);

forEachEngine(
  "Network.listen() throws what the system says, with its code",
  async (engine) => {
    using network = await openNetwork(engine);
    using taken = await Accepting.at(network, LOOPBACK);
    const code = async (at: Parameters<typeof network.listen>[0]) => {
      const error = await assertRejects(() => Accepting.at(network, at));
      return (error as { code?: string }).code;
    };
    assertEquals(await code(taken.name), "EADDRINUSE");
    assertEquals(await code({ host: "192.0.2.77", port: 0 }), "EADDRNOTAVAIL");
    assertEquals(await code({ path: "/nowhere/at/all" }), "ENOENT");
  },
);

forEachEngine(
  "StreamConnection keeps order over many small writes in both directions at once",
  async (engine) => {
    using network = await openNetwork(engine);
    using accepting = await Accepting.at(network, LOOPBACK, { noDelay: true });
    const { client, server } = await connected(network, accepting);
    const bytes = pattern(200_000);
    for (let at = 0; at < bytes.length; at += 100) {
      client.write(bytes.subarray(at, at + 100));
      server.write(bytes.subarray(at, at + 100));
    }
    client.finish();
    server.finish();
    await client.until((end) => end.isClosed);
    await server.until((end) => end.isClosed);
    for (const end of [client, server]) {
      assertEquals(end.error, undefined);
      assertEquals(end.received, bytes);
    }
  },
);

engineTest(
  "deno",
  "Network.connect() closes the connection where TLS refuses the server's name",
  async (engine) => {
    using network = await openNetwork(engine);
    using accepting = await Accepting.at(network, LOOPBACK);
    const tls = { serverName: "no name" };
    const client = connect(network, accepting.name, { tls });
    await client.until((end) => end.isClosed);
    assert(client.error instanceof TypeError);
    const server = await accepting.accepted();
    await server.until((end) => end.hasPeerEnded);
    assertEquals(server.receivedBytes, 0);
  },
);

engineTest(
  "deno",
  "Network.connect() asks for no zone in the certificate of an address",
  async (engine) => {
    using network = await openNetwork(engine);
    const tls = await makeSelfSigned([]);
    using accepting = await Accepting.at(network, LOOPBACK, { tls });
    const client = connect(network, accepting.name, {
      tls: { serverName: "::1%lo", certificates: [tls.certificate] },
    });
    await client.until((end) => end.isOpened || end.isClosed);
    assertEquals(client.error, undefined);
  },
);
