/** What {@linkcode Network} promises of UDP, over every engine. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Network } from "../../lib/os/network.ts";
import { forEachEngine } from "../engines.ts";
import { DatagramEnd, LOOPBACK, openNetwork } from "./_networks.ts";

/** A server that sends everything back. */
async function echo(network: Network): Promise<DatagramEnd> {
  const server = await DatagramEnd.at(network, LOOPBACK);
  const { datagram } = server;
  server.datagram = (bytes, from, length) => {
    datagram.call(server, bytes, from, length);
    server.socket.send(bytes, from);
  };
  return server;
}

forEachEngine(
  "Network.bind() and associate() carry datagrams, and tell who sent them",
  async (engine) => {
    using network = await openNetwork(engine);
    using server = await echo(network);
    using client = await DatagramEnd.to(network, server.name);
    const texts = ["one", "", "three"];
    for (const [i, text] of texts.entries()) {
      assert(client.send(text));
      assertEquals((await client.datagramNumber(i + 1)).text, text);
    }
    assertEquals(server.received.map(({ text }) => text), texts);
    const { port } = client.name as { port: number };
    for (const { from } of server.received) {
      assertEquals([from.name, from.port], [{ host: "127.0.0.1", port }, port]);
    }
    assertEquals(client.received[0]!.from.name, server.name);
  },
);

forEachEngine(
  "Network.associate() hears nobody but its peer",
  async (engine) => {
    using network = await openNetwork(engine);
    using server = await echo(network);
    using client = await DatagramEnd.to(network, server.name);
    client.send("who am I");
    await client.datagramNumber(1);
    using stranger = await DatagramEnd.at(network, LOOPBACK);
    // It knows the client from the server's word for it, and sends first.
    const { from } = await server.datagramNumber(1);
    stranger.send("let me in", from);
    await settled(network, stranger);
    client.send("and now");
    await client.datagramNumber(2);
    assertEquals(client.received.map(({ text }) => text), [
      "who am I",
      "and now",
    ]);
  },
);

/** Deno lets go of a socket that it waits for only when control is back at its loop. */
function aTurnOf(network: Network): Promise<void> {
  return new Promise((resolve) => network.schedule(0, resolve));
}

/** Waits until what a socket sent before has arrived: it sends to itself, which is later. */
async function settled(network: Network, end: DatagramEnd): Promise<void> {
  using witness = await DatagramEnd.to(network, end.name);
  witness.send("where are you");
  const { from } = await end.datagramNumber(end.received.length + 1);
  end.send("there", from);
  await witness.datagramNumber(1);
}

forEachEngine(
  "DatagramHandler.datagram() gets a datagram that is too long cut, with its length",
  async (engine) => {
    using network = await openNetwork(engine);
    using server = await DatagramEnd.at(network, LOOPBACK, { maxDatagram: 4 });
    using client = await DatagramEnd.to(network, server.name);
    for (const text of ["12345", "1234"]) client.send(text);
    await server.datagramNumber(2);
    assertEquals(
      server.received.map(({ text, length }) => [text, length]),
      [["1234", 5], ["1234", 4]],
    );
  },
);

forEachEngine(
  "DatagramSocket.send() carries the longest datagram that there is",
  async (engine) => {
    using network = await openNetwork(engine);
    using server = await echo(network);
    using client = await DatagramEnd.to(network, server.name);
    // 65,535 without the headers of IPv4 and UDP.
    const longest = "x".repeat(65_507);
    client.send(longest);
    const { text, length } = await client.datagramNumber(1);
    assertEquals(length, 65_507);
    assert(text === longest);
    client.send(longest + "x");
    await client.until(() => client.errors.length === 1);
    assertEquals(client.errors[0]!.code, "EMSGSIZE");
    // It goes on.
    client.send("short");
    assertEquals((await client.datagramNumber(2)).text, "short");
  },
);

forEachEngine(
  "DatagramSocket.send() takes no more than may wait, and says when there is room again",
  async (engine) => {
    using network = await openNetwork(engine);
    using server = await DatagramEnd.at(network, LOOPBACK);
    using client = await DatagramEnd.to(network, server.name);
    let taken = 0;
    // The native engine may send in between, Deno's cannot.
    while (taken < 10_000 && client.send(`${taken}`)) taken++;
    assert(taken >= 16, `${taken} were taken`);
    if (engine === "deno") assert(taken < 10_000, "it queues without a bound");
    if (taken < 10_000) await client.until(() => client.drains === 1);
    assert(client.send("more"));
  },
);

forEachEngine(
  "DatagramPeer.keep() outlives the call, and answers reach everyone",
  async (engine) => {
    using network = await openNetwork(engine);
    using server = await DatagramEnd.at(network, LOOPBACK);
    const clients: DatagramEnd[] = [];
    for (const i of [0, 1, 2]) {
      clients.push(await DatagramEnd.to(network, server.name));
      clients[i]!.send(`from ${i}`);
    }
    await server.datagramNumber(3);
    for (const { text, from } of server.received) {
      server.send(`to ${text}`, from);
    }
    for (const [i, client] of clients.entries()) {
      assertEquals((await client.datagramNumber(1)).text, `to from ${i}`);
      client[Symbol.dispose]();
    }
  },
);

forEachEngine(
  "Network.bind() takes IPv4 on an IPv6 socket, and answers both",
  async (engine) => {
    using network = await openNetwork(engine);
    using server = await DatagramEnd.at(network, { host: "::", port: 0 });
    const { port } = server.name as { port: number };
    for (const [i, host] of ["127.0.0.1", "::1"].entries()) {
      using client = await DatagramEnd.to(network, { host, port });
      client.send("x");
      const { from } = await server.datagramNumber(i + 1);
      const { host: seen } = from.name as { host: string };
      assertEquals(seen.replace(/^::ffff:/, ""), host);
      server.send("y", from);
      assertEquals((await client.datagramNumber(1)).text, "y");
    }
  },
);

forEachEngine(
  "Network.bind() throws what the system says, with its code",
  async (engine) => {
    using network = await openNetwork(engine);
    using taken = await DatagramEnd.at(network, LOOPBACK);
    for (
      const [at, code] of [
        [taken.name, "EADDRINUSE"],
        [{ host: "192.0.2.77", port: 0 }, "EADDRNOTAVAIL"],
      ] as const
    ) {
      const error = await assertRejects(() => DatagramEnd.at(network, at));
      assertEquals((error as { code?: string }).code, code);
    }
  },
);

forEachEngine(
  "DatagramSocket tells nothing after it is disposed of",
  async (engine) => {
    using network = await openNetwork(engine);
    const server = await DatagramEnd.at(network, LOOPBACK);
    using client = await DatagramEnd.to(network, server.name);
    const { name } = server;
    server[Symbol.dispose]();
    server[Symbol.dispose]();
    assert(server.send("nobody hears it"));
    client.send("nobody is there");
    await aTurnOf(network);
    using next = await DatagramEnd.at(network, name);
    client.send("hello");
    await next.datagramNumber(1);
    assertEquals(server.received.length, 0);
  },
);

forEachEngine(
  "Network opens no datagram socket after it is disposed of, nor meanwhile",
  async (engine) => {
    using outside = await openNetwork(engine);
    using server = await DatagramEnd.at(outside, LOOPBACK);
    const free = await DatagramEnd.at(outside, LOOPBACK);
    const { name } = free;
    free[Symbol.dispose]();
    await aTurnOf(outside);
    const network = await openNetwork(engine);
    const opening = DatagramEnd.at(network, name);
    network[Symbol.dispose]();
    for (
      const open of [
        () => opening,
        () => DatagramEnd.at(network, LOOPBACK),
        () => DatagramEnd.to(network, server.name),
      ]
    ) await assertRejects(open, Error, "The network is closed");
    await aTurnOf(outside);
    using _next = await DatagramEnd.at(outside, name);
  },
);
