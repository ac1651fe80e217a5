/** The probe over real sockets, with both engines, against our server and against bad ones. */

import {
  assert,
  assertEquals,
  assertObjectMatch,
  assertRejects,
} from "@std/assert";
import { echoProbe } from "../../lib/echo/probe.ts";
import type {
  EchoProbeEvent,
  EchoProbeOptions,
} from "../../lib/echo/probe_types.ts";
import { UnsupportedError } from "../../lib/os/library.ts";
import { ResolutionError } from "../../lib/socket/resolve.ts";
import { encode, ENGINES, forEachEngine, Serving } from "./_serving.ts";

async function probe(
  endpoint: string,
  options: EchoProbeOptions,
): Promise<EchoProbeEvent[]> {
  return await Array.fromAsync(echoProbe(endpoint, options));
}

/** A TCP server of a test's own making, which serves one connection after another. */
class BadServer implements AsyncDisposable {
  readonly endpoint: string;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #serving: Promise<void>;

  constructor(serve: (conn: Deno.Conn) => Promise<void>) {
    this.endpoint = `tcp://127.0.0.1:${
      (this.#listener.addr as Deno.NetAddr).port
    }`;
    this.#serving = (async () => {
      for await (const conn of this.#listener) {
        try {
          await serve(conn);
        } finally {
          conn.close();
        }
      }
    })();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
  }
}

forEachEngine(
  "echoProbe() has its messages back, over every transport",
  async (engine) => {
    const path = await Deno.makeTempDir();
    try {
      const endpoints = [
        "tcp://127.0.0.1:0",
        "tcp://[::1]:0",
        "udp://127.0.0.1:0",
        `unix:${path}/stream`,
        // Deno's own sockets have no clients of the other kinds.
        ...(engine === "native"
          ? [`unixgram:${path}/datagram`, "unix:@netdiag-probe"]
          : []),
      ];
      await using serving = await Serving.start(endpoints, { engine });
      for (const endpoint of serving.server.endpoints) {
        const events = await probe(endpoint, {
          engine,
          count: 3,
          intervalMs: 5,
        });
        const types = events.map(({ type }) => type).join(" ");
        assertEquals(types, "start reply reply reply summary", endpoint);
        assertObjectMatch(events[0]!, { endpoint, engine, size: 56 });
        assertObjectMatch(events.at(-1)!, {
          mismatched: 0,
          bytesReceived: 168,
        });
      }
    } finally {
      await Deno.remove(path, { recursive: true });
    }
  },
);

forEachEngine(
  "echoProbe() closes its connection however it is left",
  async (engine) => {
    await using serving = await Serving.start(["tcp://127.0.0.1:0"], {
      engine,
    });
    const [endpoint] = serving.server.endpoints;
    for await (const event of echoProbe(endpoint!, { engine })) {
      if (event.type === "reply") break;
    }
    assertEquals((await serving.event("closed", 1)).bytesSent, 56);

    const controller = new AbortController();
    const { signal } = controller;
    for await (const event of echoProbe(endpoint!, { engine, signal })) {
      if (event.type === "reply") controller.abort();
    }
    await serving.event("closed", 2);
  },
);

forEachEngine(
  "echoProbe() shows what a server in capitals changed",
  async (engine) => {
    await using serving = await Serving.start(
      ["tcp://127.0.0.1:0", "udp://127.0.0.1:0"],
      { mode: "upper", engine },
    );
    for (const endpoint of serving.server.endpoints) {
      const events = await probe(endpoint, {
        engine,
        message: encode("12 Abc"),
      });
      assertObjectMatch(events[1]!, {
        type: "reply",
        mismatch: { offset: 4, expected: 0x62, actual: 0x42, differing: 2 },
      });
    }
  },
);

forEachEngine(
  "echoProbe() has an input back through a connection, as large as it is",
  async (engine) => {
    const CHUNKS = 256;
    const CHUNK_BYTES = 1 << 16;
    await using serving = await Serving.start(["tcp://127.0.0.1:0"], {
      engine,
    });
    let left = CHUNKS;
    const input = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        if (left-- === 0) return controller.close();
        controller.enqueue(
          crypto.getRandomValues(new Uint8Array(CHUNK_BYTES)),
        );
      },
    });
    const events = await probe(serving.server.endpoints[0]!, { engine, input });
    assertObjectMatch(events[1]!, {
      type: "reply",
      bytes: CHUNKS * CHUNK_BYTES,
    });
    assert(!("mismatch" in events[1]!));
  },
);

forEachEngine(
  "echoProbe() tells of a server that closes, or says nothing",
  async (engine) => {
    const cases: [
      (conn: Deno.Conn) => Promise<void>,
      Record<string, unknown>,
    ][] = [
      [
        async (conn) => {
          await conn.read(new Uint8Array(100));
          await conn.write(encode("hel"));
        },
        { type: "closed", sequence: 1, replyBytes: 3, expectedBytes: 5 },
      ],
      [
        async (conn) => {
          while (await conn.read(new Uint8Array(100)) !== null);
        },
        { type: "lost", sequence: 1 },
      ],
    ];
    for (const [serve, expected] of cases) {
      await using server = new BadServer(serve);
      const events = await probe(server.endpoint, {
        engine,
        message: encode("hello"),
        timeoutMs: 200,
      });
      assertObjectMatch(events[1]!, expected);
      assertObjectMatch(events[2]!, { type: "summary", lost: 1 });
    }
  },
);

forEachEngine("echoProbe() tells that nobody is there", async (engine) => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const refused = { message: "Connection refused", code: "ECONNREFUSED" };
  const [connecting] = await probe(`tcp://127.0.0.1:${port}`, { engine });
  assertObjectMatch(connecting!, { type: "error", ...refused });
  // Deno's own UDP sockets are not told.
  if (engine === "native") {
    const [, sending] = await probe(`udp://127.0.0.1:${port}`, {
      engine,
      count: 1,
    });
    assertObjectMatch(sending!, { type: "error", sequence: 1, ...refused });
  }
  const [finding] = await probe("unix:/nonexistent/echo.sock", { engine });
  assertObjectMatch(finding!, {
    type: "error",
    message: "No such file or directory",
    code: "ENOENT",
  });
});

Deno.test("echoProbe() refuses a family that it cannot have", async () => {
  for (const engine of ENGINES) {
    await assertRejects(
      () => probe("tcp://127.0.0.1:7", { engine, family: 6 }),
      ResolutionError,
      "is an IPv4 address, and IPv6 was asked for",
    );
  }
  await assertRejects(
    () => probe("tcp://localhost:7", { engine: "deno", family: 6 }),
    UnsupportedError,
    `Deno's own sockets cannot choose the IPv6 address of "localhost"`,
  );
});
