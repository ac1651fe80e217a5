import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { BodyPipe } from "../../lib/http/body_pipe.ts";
import { HttpError } from "../../lib/http/errors.ts";
import { httpGet } from "../../lib/http/get.ts";
import { BODY_BYTES } from "../../lib/http/limits.ts";
import { HttpSession } from "../../lib/http/session.ts";
import { OptionError } from "../../lib/socket/options.ts";
import { HttpRequestError } from "../../lib/wire/http1/errors.ts";
import { ask } from "./_ask.ts";
import { serve, serveBytes } from "./_server.ts";

const HELLO =
  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";

Deno.test("httpGet() resolves with the head, streams the body, and then knows the rest", async () => {
  await using server = serveBytes(HELLO);
  await using response = await httpGet(server.origin);
  assertEquals([response.status, response.reason], [200, "OK"]);
  assertEquals(await new Response(response.body).text(), "hello");
  const { phases, findings, error } = await response.done;
  assertEquals([findings, error], [[], undefined]);
  const parts = [
    phases.lookupMs,
    phases.connectMs,
    phases.tlsMs,
    phases.requestMs,
    phases.firstByteMs,
    phases.transferMs,
  ];
  const sum = parts.reduce<number>((sum, ms) => sum + ms!, 0);
  assert(Math.abs(sum - phases.totalMs) < 1e-6, `${sum} ${phases.totalMs}`);
});

Deno.test("httpGet() lets the server wait for whoever reads the body", async () => {
  const total = 64 * 2 ** 20;
  let sent = 0;
  await using server = serve(async (peer) => {
    await peer.request();
    await peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
    const chunk = new Uint8Array(2 ** 20);
    for (; sent < total; sent += chunk.length) await peer.send(chunk);
  });
  await using response = await httpGet(server.origin);
  const reader = response.body.getReader();
  await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 200)); // what could come has come
  assert(sent < total / 2, `${sent} of ${total} bytes were taken unread`);
  let bytes = 0;
  reader.releaseLock();
  for await (const chunk of response.body) bytes += chunk.length;
  assertEquals((await response.done).response?.bodyBytes, total);
  assert(bytes > total / 2);
});

Deno.test("httpGet() fails with what is known, and its body with the same", async () => {
  await using server = serve(async (peer) => {
    await peer.request();
    await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  });
  const response = await httpGet(server.origin);
  const error = await assertRejects(
    () => new Response(response.body).text(),
    HttpError,
    "Connection was closed after 3 of 10 bytes of the body",
  );
  assertEquals([error.code, error.phase], ["truncated-body", "transfer"]);
  assertEquals(error.exchange?.response?.bodyBytes, 3);
});

Deno.test("httpGet() ends when its response is disposed of, or its signal aborts", async () => {
  await using server = serve(async (peer) => {
    await peer.request();
    await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    await peer.closed();
  });
  const response = await httpGet(server.origin);
  await response[Symbol.asyncDispose]();
  await using silent = serve((peer) => peer.closed());
  const signal = AbortSignal.timeout(50);
  const error = await assertRejects(
    () => httpGet(silent.origin, { signal }),
    HttpError,
  );
  assertEquals(error.code, "interrupted");
});

Deno.test("httpGet() ends in time even when nobody reads the body", async () => {
  await using server = serve(async (peer) => {
    await peer.request();
    await peer.send("HTTP/1.1 200 OK\r\n\r\n");
    for (;;) await peer.send(new Uint8Array(65_536));
  });
  const response = await httpGet(server.origin, { timeouts: { total: 100 } });
  assertEquals((await response.done).error?.code, "timeout");
});

Deno.test("httpGet() knows the rest of a short response that nobody reads", async () => {
  await using server = serveBytes(HELLO);
  const response = await httpGet(server.origin);
  assertEquals((await response.done).response?.bodyBytes, 5);
  assertEquals(await new Response(response.body).text(), "hello");
});

Deno.test("BodyPipe fails when it is full and nobody reads it, and only then", async () => {
  const { signal } = new AbortController();
  const full = new Uint8Array(BODY_BYTES);
  const unread = new BodyPipe(signal, () => {}, 20);
  const error = await assertRejects(
    async () => await unread.sink(full),
    HttpError,
    "Nobody has read the body for 0.02 s",
  );
  assertEquals([error.code, error.phase], ["unread", "transfer"]);

  const slow = new BodyPipe(signal, () => {}, 20);
  const reader = slow.readable.getReader();
  let isTaken = false;
  const sent = Promise.resolve(slow.sink(full)).then(() => isTaken = true);
  await new Promise((resolve) => setTimeout(resolve, 60)); // a slow reader
  assert(!isTaken);
  await reader.read();
  await sent;
});

Deno.test("httpGet() refuses options that it would send in another way than was meant", async () => {
  const cases: readonly (readonly [object, string])[] = [
    [{ body: "text" }, "Cannot use a string as body: not a Uint8Array"],
    [
      { user: { name: "a:b", password: "c" } },
      'Cannot use "a:b" as user.name: it must not contain ":"',
    ],
  ];
  for (const [options, message] of cases) {
    await assertRejects(
      () => httpGet("http://127.0.0.1:1/", options),
      OptionError,
      message,
    );
  }
});

Deno.test("httpGet() fails with what its tap throws", async () => {
  await using server = serveBytes(HELLO);
  for (const failing of ["sent", "received"]) {
    await assertRejects(
      () =>
        httpGet(server.origin, {
          tap(direction) {
            if (direction === failing) throw new RangeError("full");
          },
        }),
      RangeError,
      "full",
    );
  }
});

Deno.test("a request has what was asked for, in its place", async () => {
  await using server = serveBytes(HELLO);
  await ask(`${server.origin}/x?y=1`, {
    headers: [
      { name: "user-agent", value: "me" },
      { name: "Accept", value: undefined },
      { name: "X-Umlaut", value: "ü" },
    ],
    body: new TextEncoder().encode("a=b"),
    user: { name: "me", password: "secret" },
  });
  assertEquals(
    server.requests[0],
    `POST /x?y=1 HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n` +
      "Authorization: Basic bWU6c2VjcmV0\r\nuser-agent: me\r\n" +
      "Content-Type: application/x-www-form-urlencoded\r\n" +
      "Content-Length: 3\r\nX-Umlaut: \xc3\xbc\r\n\r\na=b",
  );
});

Deno.test("a request tells its octets, of long fields too", async () => {
  await using server = serveBytes(HELLO);
  const value = "ü".repeat(500_000);
  const { last } = await ask(server.origin, {
    headers: [{ name: "X-Long", value }],
  });
  assertEquals(last.request?.head, server.requests[0]);
  assertStringIncludes(
    last.request!.head,
    `X-Long: ${"\xc3\xbc".repeat(500_000)}\r\n`,
  );
});

Deno.test("a response is told even when what comes with it is wrong", async () => {
  await using server = serveBytes(
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnone\r\n",
  );
  const events: string[] = [];
  using session = new HttpSession(server.origin, {}, (event) => {
    events.push(event.type);
  });
  const [exchange] = await Array.fromAsync(session.run(() => () => {}));
  assertEquals(exchange!.error?.code, "chunk-size-invalid");
  assertEquals(events, ["connected", "request", "response"]);
});

Deno.test("a request that would be two is refused before anything is opened", async () => {
  const at = "http://127.0.0.1:1/";
  for (
    const options of [
      { headers: [{ name: "X", value: "a\r\nEvil: b" }] },
      { headers: [{ name: "X\r\nEvil", value: "b" }] },
      { method: "GET / HTTP/1.1\r\nX:" },
    ]
  ) {
    await assertRejects(() => httpGet(at, options), HttpRequestError);
  }
  for (
    const [name, value] of [["Content-Length", "4"], [
      "Transfer-Encoding",
      "chunked",
    ]] as const
  ) {
    await assertRejects(
      () => httpGet(at, { headers: [{ name, value }] }),
      OptionError,
    );
  }
});

Deno.test("a redirect to another origin takes no credentials along, one to the same does", async () => {
  await using other = serveBytes(HELLO);
  await using server = serve(async (peer) => {
    for (let request; (request = await peer.request()) !== "";) {
      const to = request.startsWith("GET /first")
        ? "/second"
        : `${other.origin}/third`;
      await peer.send(
        `HTTP/1.1 302 Found\r\nLocation: ${to}\r\nContent-Length: 0\r\n\r\n`,
      );
    }
  });
  const { exchanges, body } = await ask(`${server.origin}/first`, {
    maxRedirects: 5,
    user: { name: "me", password: "secret" },
    headers: [{ name: "Cookie", value: "a=b" }, {
      name: "X-Other",
      value: "c",
    }],
  });
  assertEquals(body, "hello");
  assertEquals(exchanges.map(({ response }) => response?.status), [
    302,
    302,
    200,
  ]);
  for (const request of server.requests) {
    assertStringIncludes(request, "Authorization: Basic ");
    assertStringIncludes(request, "Cookie: a=b");
  }
  const [last = ""] = other.requests;
  assert(!/authorization|cookie/i.test(last), last);
  assertStringIncludes(last, "X-Other: c");
  assertEquals(server.connections, 1);
});

Deno.test("a redirect to a path beyond ASCII asks for its octets", async () => {
  await using server = serve(async (peer) => {
    await peer.request();
    await peer.send(
      "HTTP/1.1 302 Found\r\nLocation: /caf\xc3\xa9\r\nContent-Length: 0\r\n\r\n",
    );
    await peer.request();
    await peer.send(HELLO);
  });
  const { last, body } = await ask(server.origin, { maxRedirects: 1 });
  assertEquals(last.url, `${server.origin}/caf%C3%A9`);
  assertEquals(body, "hello");
});

Deno.test("a redirect changes the method as RFC 9110 section 15.4 says", async () => {
  const expected: readonly (readonly [number, string, boolean])[] = [
    [301, "GET", false],
    [302, "GET", false],
    [303, "GET", false],
    [307, "POST", true],
    [308, "POST", true],
  ];
  for (const [status, method, hasBody] of expected) {
    await using server = serve(async (peer) => {
      await peer.request();
      await peer.send(
        `HTTP/1.1 ${status} Moved\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n`,
      );
      await peer.request();
      await peer.send(HELLO);
    });
    const body = new TextEncoder().encode("data");
    const { last } = await ask(server.origin, { body, maxRedirects: 1 });
    assertEquals(last.response?.status, 200, String(status));
    const second = server.requests[1]!;
    assert(second.startsWith(`${method} /next `), second);
    assertEquals(second.endsWith("data"), hasBody);
    assertEquals(/^content-/im.test(second), hasBody);
  }
});

Deno.test("a kept connection that the server has closed is replaced, and that is a finding", async () => {
  await using server = serve(async (peer) => {
    await peer.request();
    await peer.send(HELLO);
  });
  using session = new HttpSession(server.origin);
  for (let i = 0; i < 3; i++) {
    for await (const exchange of session.run(() => () => {})) {
      assertEquals(exchange.error, undefined);
      assertEquals(exchange.connection?.reused, false);
      assertEquals(
        exchange.findings.map(({ code }) => code),
        i === 0 ? [] : ["kept-connection-closed"],
      );
    }
  }
  assertEquals(server.connections, 3);
});

Deno.test("interim responses are no answer, and are told", async () => {
  await using server = serveBytes(
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + HELLO,
  );
  const { last, body } = await ask(server.origin);
  assertEquals(body, "hello");
  assertEquals(last.response?.interim.map(({ status }) => status), [103]);
});
