import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { HttpParseError } from "../../../lib/wire/http1/errors.ts";
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
