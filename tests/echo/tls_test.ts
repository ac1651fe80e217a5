/** TLS, which both engines leave to Deno's own sockets. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { makeSelfSigned } from "../../commands/echo/self_signed.ts";
import type { TlsCredentials } from "../../lib/echo/server_types.ts";
import { openNetwork } from "../../lib/socket/network.ts";
import { parseEndpoint } from "../../lib/socket/endpoint.ts";
import {
  decode,
  encode,
  forEachEngine,
  readToEnd,
  Serving,
  writeAll,
} from "./_serving.ts";

const TLS = ["tls://127.0.0.1:0"];
const credentials: TlsCredentials = await makeSelfSigned([]);

async function connectTls(port: number): Promise<Deno.TlsConn> {
  return await Deno.connectTls({
    hostname: "localhost",
    port,
    caCerts: [credentials.certificate],
  });
}

async function ask(port: number, text: string): Promise<string> {
  using conn = await connectTls(port);
  await writeAll(conn, encode(text));
  await conn.closeWrite();
  return decode(await readToEnd(conn));
}

forEachEngine("serveEcho() speaks TLS", async (engine) => {
  await using serving = await Serving.start(TLS, { engine, tls: credentials });
  assertMatch(serving.server.endpoints[0]!, /^tls:\/\/127\.0\.0\.1:\d+$/);
  assertEquals(serving.all("listening")[0]!.engine, "deno");
  const text = "secret ".repeat(100_000);
  assertEquals(await ask(serving.port(), text), text);
  assertEquals((await serving.event("closed")).reason, "end");
});

forEachEngine(
  "serveEcho() refuses who speaks no TLS, and waits for nobody's handshake",
  async (engine) => {
    await using serving = await Serving.start(TLS, {
      engine,
      tls: credentials,
    });
    using _silent = await serving.connect();
    using rude = await serving.connect();
    await writeAll(rude, encode("GET / HTTP/1.1\r\n\r\n"));
    const refused = await serving.event("refused");
    assertEquals(refused.reason, "tls");
    assert(refused.message.length > 0);
    assertEquals(await ask(serving.port(), "me, too"), "me, too");
    assertEquals(serving.all("opened").length, 1);
  },
);

forEachEngine(
  "ScopedNetwork.connect() trusts a certificate that it is given, and no other",
  async (engine) => {
    await using serving = await Serving.start(TLS, {
      engine,
      tls: credentials,
    });
    using network = await openNetwork(engine);
    const outcome = async (certificates?: string[]) => {
      const endpoint = parseEndpoint(`tls://localhost:${serving.port()}`);
      const place = await network.resolve(endpoint);
      return await new Promise<string>((resolve) => {
        const connection = network.connect(place, { tls: { certificates } }, {
          opened: () => connection.write(encode("hello")),
          data(bytes) {
            resolve(decode(bytes));
            connection.close();
          },
          end() {},
          drained() {},
          closed: (error) => resolve(String(error)),
        });
      });
    };
    assertEquals(await outcome([credentials.certificate]), "hello");
    assertMatch(await outcome(), /certificate/i);
  },
);
