import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { HttpParseError } from "../../../lib/wire/http1/errors.ts";
import { DEFAULT_LIMITS } from "../../../lib/wire/http1/parser.ts";
import { parseHttpResponse } from "../../../lib/wire/http1/response.ts";
import { octets } from "./_outcome.ts";

Deno.test("parseHttpResponse() returns the final response", () => {
  const bytes = octets(
    "HTTP/1.1 103 Early\r\nA: 1\r\n\r\nHTTP/1.1 200 OK\r\nB: 2\r\n" +
      "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\nT: 3\r\n\r\nrest",
  );
  assertEquals(parseHttpResponse(bytes), {
    version: { major: 1, minor: 1 },
    status: 200,
    reason: "OK",
    headers: [
      { name: "B", value: "2" },
      { name: "Transfer-Encoding", value: "chunked" },
    ],
    trailers: [{ name: "T", value: "3" }],
    body: octets("abc"),
    deviations: [],
    keepAlive: true,
    consumed: bytes.length - 4,
  });
});

Deno.test("parseHttpResponse() takes the end of the input for that of the connection", () => {
  const bytes = octets("HTTP/1.0 200 OK\r\n\r\nhello");
  const { body, keepAlive } = parseHttpResponse(bytes);
  assertEquals(body, octets("hello"));
  assertStrictEquals(body.buffer, bytes.buffer);
  assertEquals(keepAlive, false);
  assertThrows(
    () => parseHttpResponse(octets("HTTP/1.1 200 OK\r\n")),
    HttpParseError,
    "Connection was closed in the header section",
  );
});

Deno.test("parseHttpResponse() collects what a lenient parser accepts", () => {
  const bytes = octets("HTTP/1.1 200\nA : b\n\n");
  const { deviations, body } = parseHttpResponse(bytes, { lenient: true });
  assertEquals(deviations.map(({ code, offset }) => [code, offset]), [
    ["bare-lf", 12],
    ["status-whitespace", 12],
    ["bare-lf", 18],
    ["whitespace-before-colon", 14],
    ["bare-lf", 19],
  ]);
  assertEquals(body.length, 0);
  assertThrows(() => parseHttpResponse(bytes), HttpParseError, "without CR");
});

Deno.test("parseHttpResponse() reads fields of any length that the limits allow", () => {
  const long = "x".repeat(6_000_000);
  const options = { maxHeaderBytes: 2 ** 24, maxChunkLine: 2 ** 24 };
  const end = "0\r\n\r\n";
  const responses = [
    `Transfer-Encoding: a;b="${long}", chunked\r\n\r\n${end}`,
    `Transfer-Encoding: ${"a,".repeat(1_000_000)}chunked\r\n\r\n${end}`,
    `Transfer-Encoding: chunked\r\n\r\n1;a="${long}"\r\na\r\n${end}`,
  ];
  for (const response of responses) {
    const bytes = octets(`HTTP/1.1 200 OK\r\n${response}`);
    const { consumed, deviations } = parseHttpResponse(bytes, options);
    assertEquals([consumed, deviations], [bytes.length, []]);
  }
});

Deno.test("parseHttpResponse() refuses limits that are none", () => {
  const bytes = octets("HTTP/1.0 200 OK\r\n\r\nhello");
  for (const name of Object.keys(DEFAULT_LIMITS)) {
    for (const limit of [NaN, -1, "10"]) {
      assertThrows(
        () => parseHttpResponse(bytes, { [name]: limit }),
        RangeError,
        `Cannot use ${limit} as ${name}: not a number from 0`,
      );
    }
    // As it comes from options that are left out.
    parseHttpResponse(bytes, { [name]: undefined });
  }
  assertThrows(
    () => parseHttpResponse(bytes, { maxBody: 4 }),
    HttpParseError,
    "Body is longer than 4 bytes",
  );
});
