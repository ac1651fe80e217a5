/** What {@linkcode Network} promises of Unix sockets, over every engine. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { UnsupportedError } from "../../lib/os/library.ts";
import { engineTest, forEachEngine } from "../engines.ts";
import {
  Accepting,
  connected,
  DatagramEnd,
  decode,
  openNetwork,
  StreamEnd,
} from "./_networks.ts";

/** Calls back with a path in a folder that is removed afterwards. */
async function withPath(run: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(`${folder}/socket`);
    assertEquals([...Deno.readDirSync(folder)], [], "what is left over");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Leaves the file of a socket behind, as a server does that was killed. */
async function abandon(path: string): Promise<void> {
  const listener = Deno.listen({ transport: "unix", path });
  await Deno.rename(path, `${path}.moved`);
  // Deno removes what is at the path then: nothing.
  listener.close();
  await Deno.rename(`${path}.moved`, path);
}

forEachEngine(
  "Network.listen() at a path carries bytes, sets the file's mode, and removes it",
  async (engine) => {
    using network = await openNetwork(engine);
    await withPath(async (path) => {
      using accepting = await Accepting.at(network, { path }, { mode: 0o620 });
      assertEquals(accepting.name, { path });
      assertEquals((await Deno.lstat(path)).mode! & 0o777, 0o620);
      const { client, server } = await connected(network, accepting);
      assertEquals(server.connection.peer, { path: "" });
      assertEquals(client.connection.peer, { path });
      client.write("over a path");
      client.finish();
      await server.until((end) => end.hasPeerEnded);
      assertEquals(decode(server.received), "over a path");
      server.finish();
      await client.until((end) => end.isClosed);
      assertEquals(client.error, undefined);
    });
  },
);

forEachEngine(
  "Network.listen() takes the place of a socket's file that nobody listens on",
  async (engine) => {
    using network = await openNetwork(engine);
    await withPath(async (path) => {
      await abandon(path);
      using accepting = await Accepting.at(network, { path });
      await connected(network, accepting);
    });
  },
);

forEachEngine(
  "Network.listen() leaves what is in use, and what is no socket",
  async (engine) => {
    using network = await openNetwork(engine);
    await withPath(async (path) => {
      using accepting = await Accepting.at(network, { path });
      const { client, server } = await connected(network, accepting);
      const used = await assertRejects(() => Accepting.at(network, { path }));
      assertEquals((used as { code?: string }).code, "EADDRINUSE");
      client.write("still");
      await server.until((end) => end.receivedBytes === 5);
      const file = `${path}.txt`;
      await Deno.writeTextFile(file, "words");
      const other = await assertRejects(() =>
        Accepting.at(network, { path: file })
      );
      assertEquals((other as { code?: string }).code, "EADDRINUSE");
      assertEquals(await Deno.readTextFile(file), "words");
      await Deno.remove(file);
    });
  },
);

forEachEngine(
  "Network.listen() can begin again at once where a listener was",
  async (engine) => {
    using network = await openNetwork(engine);
    await withPath(async (path) => {
      const first = await Accepting.at(network, { path });
      const { client } = await connected(network, first);
      first[Symbol.dispose]();
      using second = await Accepting.at(network, { path });
      client.close();
      // Some turns of Deno's loop later, the file is still there.
      await connected(network, second);
      await connected(network, second);
      assert((await Deno.lstat(path)).isSocket);
    });
  },
);

forEachEngine(
  "Network.listen() and bind() leave no file where their network is disposed of meanwhile",
  async (engine) => {
    await withPath(async (path) => {
      for (const socket of [Accepting, DatagramEnd]) {
        const network = await openNetwork(engine);
        const opening = socket.at(network, { path });
        network[Symbol.dispose]();
        await assertRejects(() => opening, Error, "The network is closed");
      }
    });
  },
);

forEachEngine(
  "Network.listen() and bind() leave nothing open, and no file, where its mode cannot be set",
  async (engine) => {
    using network = await openNetwork(engine);
    // Nothing but a number is a mode, and chmod says so.
    const options = { mode: "0600" as unknown as number };
    const hasDatagrams = engine === "native" || "listenDatagram" in Deno;
    const sockets = hasDatagrams ? [Accepting, DatagramEnd] : [Accepting];
    await withPath(async (path) => {
      for (const socket of sockets) {
        const open = () => socket.at(network, { path }, options);
        await assertRejects(open, TypeError);
      }
    });
  },
);

// Deno removes whatever is at the path.
engineTest(
  "native",
  "Listener removes no file that has taken the place of its own",
  async (engine) => {
    using network = await openNetwork(engine);
    await withPath(async (path) => {
      const accepting = await Accepting.at(network, { path });
      await Deno.remove(path);
      using next = await Accepting.at(network, { path });
      accepting[Symbol.dispose]();
      await connected(network, next);
    });
  },
);

forEachEngine(
  "Network.listen() at an abstract name carries bytes",
  async (engine) => {
    using network = await openNetwork(engine);
    const path = `@netdiag-test-${engine}-${Deno.pid}`;
    using accepting = await Accepting.at(network, { path });
    assertEquals(accepting.name, { path });
    const { client, server } = await connected(network, accepting);
    assertEquals(client.connection.peer, { path });
    server.write("hello");
    await client.until((end) => end.receivedBytes === 5);
  },
);

engineTest(
  "native",
  "Network.bind() at a path carries datagrams, and removes its file",
  async (engine) => {
    using network = await openNetwork(engine);
    await withPath(async (path) => {
      using server = await DatagramEnd.at(network, { path }, { mode: 0o600 });
      assertEquals((await Deno.lstat(path)).mode! & 0o777, 0o600);
      using client = await DatagramEnd.to(network, { path });
      for (const text of ["one", "", "three"]) client.send(text);
      const { from } = await server.datagramNumber(3);
      assertEquals(server.received.map(({ text }) => text), [
        "one",
        "",
        "three",
      ]);
      assertEquals(from.port, 0);
      server.send("answer", from);
      assertEquals((await client.datagramNumber(1)).text, "answer");
      const used = await assertRejects(() => DatagramEnd.at(network, { path }));
      assertEquals((used as { code?: string }).code, "EADDRINUSE");
    });
  },
);

engineTest(
  "native",
  "Network.bind() takes the place of a datagram socket that is gone",
  async (engine) => {
    using network = await openNetwork(engine);
    await withPath(async (path) => {
      const first = await DatagramEnd.at(network, { path: `${path}.first` });
      await Deno.rename(`${path}.first`, path);
      first[Symbol.dispose]();
      using server = await DatagramEnd.at(network, { path });
      using client = await DatagramEnd.to(network, { path });
      client.send("x");
      await server.datagramNumber(1);
    });
  },
);

engineTest(
  "deno",
  "Network refuses what Deno's own sockets cannot do, and says what can",
  async (engine) => {
    using network = await openNetwork(engine);
    const at = { host: "127.0.0.1", port: 0 };
    const wrong = [
      () => Accepting.at(network, at, { reusePort: true }),
      () => Accepting.at(network, at, { sendBuffer: 4096 }),
      () => Accepting.at(network, at, { receiveBuffer: 4096 }),
      () => Accepting.at(network, at, { ipv6Only: true }),
      () => DatagramEnd.at(network, at, { reusePort: true }),
      () => DatagramEnd.at(network, at, { sendBuffer: 4096 }),
      () => DatagramEnd.to(network, { path: "/tmp/x" }),
    ];
    for (const open of wrong) {
      const error = await assertRejects(open, UnsupportedError);
      assert(/native engine/.test(error.message), error.message);
    }
    if (!("listenDatagram" in Deno)) {
      await withPath(async (path) => {
        const error = await assertRejects(
          () => DatagramEnd.at(network, { path }),
          UnsupportedError,
        );
        assert(/--unstable-net/.test(error.message), error.message);
      });
    }
    const end = new StreamEnd();
    let thrown: unknown;
    try {
      network.connect(at, { receiveBuffer: 4096 }, end);
    } catch (error) {
      thrown = error;
    }
    assert(thrown instanceof UnsupportedError);
  },
);
