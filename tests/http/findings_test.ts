import { assertEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import { ask } from "./_ask.ts";
import { serve, serveBytes } from "./_server.ts";

const HELLO =
  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";

Deno.test("findings name what is unusual, and nothing else", async () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    [HELLO, []],
    [
      "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 3\r\n\r\nabcdef",
      ["body-longer"],
    ],
    [
      "HTTP/1.1 200 OK\r\nServer: a\r\nServer: b\r\nContent-Length: 0\r\n\r\n",
      ["duplicate-field"],
    ],
    [
      "HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
      [],
    ],
    [
      "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\nContent-Type: a/b\r\n\r\nhello",
      ["content-length-repeated"],
    ],
    ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", ["type-missing"]],
  ];
  for (const [response, codes] of cases) {
    await using server = serveBytes(response);
    const { last } = await ask(server.origin);
    assertEquals(last.findings.map(({ code }) => code), codes, response);
  }
});

Deno.test("a body without a length, and text that could be compressed, are findings", async () => {
  await using server = serve(async (peer) => {
    await peer.request();
    await peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n");
    await peer.send("words ".repeat(5000));
  });
  const { last } = await ask(server.origin, { compressed: true });
  assertEquals(last.findings.map(({ code }) => code), [
    "length-missing",
    "not-compressed",
  ]);
});

Deno.test("a coding that --compressed cannot undo is a finding", async () => {
  const body = "not really zstd";
  await using server = serveBytes(
    "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Encoding: zstd\r\n" +
      `Content-Length: ${body.length}\r\n\r\n${body}`,
  );
  const { last, body: received } = await ask(server.origin, {
    compressed: true,
  });
  assertEquals(received, body);
  assertEquals(last.findings.map(({ code }) => code), ["coding-not-undone"]);
  const { last: plain } = await ask(server.origin);
  assertEquals(plain.findings, []);
});

Deno.test("what follows the end of a compressed body is a finding, and left out", async () => {
  const body = [...gzipSync("hello"), ...new Uint8Array(9)];
  const head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n" +
    `Content-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`;
  await using server = serveBytes(
    Uint8Array.from([...new TextEncoder().encode(head), ...body]),
  );
  const { last, body: text } = await ask(server.origin, { compressed: true });
  assertEquals(text, "hello");
  assertEquals(last.findings.map(({ code }) => code), ["coding-longer"]);
});

Deno.test("a slow phase is a finding", async () => {
  await using server = serve(async (peer) => {
    await peer.request();
    await new Promise((resolve) => setTimeout(resolve, 60));
    await peer.send(HELLO);
    await peer.closed();
  });
  const { last } = await ask(server.origin, { slowMs: 50 });
  assertEquals(last.findings.map(({ code }) => code), ["slow-phase"]);
});

Deno.test("what another protocol says after 101 or CONNECT is no finding", async () => {
  const cases = [
    ["GET", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n\r\n"],
    ["CONNECT", "HTTP/1.1 200 OK\r\n\r\n"],
  ] as const;
  for (const [method, head] of cases) {
    for (const after of ["", "more"]) {
      await using server = serveBytes(head + after);
      const { last } = await ask(server.origin, { method });
      assertEquals([last.error, last.findings], [undefined, []], method);
    }
  }
});

Deno.test("a connection that is closed is a finding, unless that was asked for", async () => {
  const headers = (value: string) => [{ name: "Connection", value }];
  await using server = serve(async (peer) => {
    await peer.request();
    await peer.send(HELLO.replace("\r\n", "\r\nConnection: close\r\n"));
  });
  const cases = [
    [{}, ["connection-close"]],
    [{ headers: headers("TE, Close") }, []],
    [{ version: "1.0" }, []],
    [{ version: "1.0", headers: headers("keep-alive") }, ["connection-close"]],
  ] as const;
  for (const [options, codes] of cases) {
    const { last } = await ask(server.origin, options);
    assertEquals(last.findings.map(({ code }) => code), [...codes]);
  }
});

Deno.test("a space in Location is followed as %20, and is a finding", async () => {
  await using server = serve(async (peer) => {
    for (;;) {
      const request = await peer.request();
      if (request === "") return;
      await peer.send(
        request.startsWith("GET / ")
          ? "HTTP/1.1 302 Found\r\nLocation: /a b?c d\r\nContent-Length: 0\r\n\r\n"
          : HELLO,
      );
    }
  });
  const { exchanges, body } = await ask(server.origin, { maxRedirects: 1 });
  assertEquals(body, "hello");
  assertEquals(exchanges[1]?.request?.target, "/a%20b?c%20d");
  assertEquals(
    exchanges.map(({ findings }) => findings.map(({ code }) => code)),
    [["location-space"], []],
  );
});
