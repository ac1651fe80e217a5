import { assertEquals, assertThrows } from "@std/assert";
import { HttpRequestError } from "../../../lib/wire/http1/errors.ts";
import {
  type RequestHead,
  writeRequestHead,
} from "../../../lib/wire/http1/request.ts";
import { octets } from "./_outcome.ts";

const HEAD: RequestHead = {
  method: "GET",
  target: "/a?b",
  version: "1.1",
  headers: [],
};

function assertRefused(
  head: Partial<RequestHead>,
  part: string,
  message: string,
): void {
  const error = assertThrows(
    () => writeRequestHead({ ...HEAD, ...head }),
    HttpRequestError,
  );
  assertEquals(
    [error.part, error.message],
    [part, `Cannot send request: ${message}`],
  );
}

Deno.test("writeRequestHead() writes each field as it was given", () => {
  const headers = [
    { name: "Host", value: "localhost:80" },
    { name: "x-EMPTY", value: "" },
    { name: "X", value: "a\tb \xe9\xff" },
    { name: "X", value: "again" },
  ];
  assertEquals(
    writeRequestHead({
      method: "M-SEARCH",
      target: "*",
      version: "1.0",
      headers,
    }),
    octets(
      "M-SEARCH * HTTP/1.0\r\nHost: localhost:80\r\nx-EMPTY: \r\nX: a\tb \xe9\xff\r\nX: again\r\n\r\n",
    ),
  );
  assertEquals(writeRequestHead(HEAD), octets("GET /a?b HTTP/1.1\r\n\r\n"));
});

Deno.test("writeRequestHead() refuses what could end a line, in every part", () => {
  for (const [octet, name] of [["\r", "CR"], ["\n", "LF"], ["\0", "NUL"]]) {
    const bad = `a${octet}b`;
    const end = `contains ${name} at position 1: ${JSON.stringify(bad)}`;
    assertRefused({ method: bad }, "method", `method ${end}`);
    assertRefused({ target: bad }, "request target", `request target ${end}`);
    assertRefused(
      { headers: [{ name: bad, value: "" }] },
      "field name",
      `field name ${end}`,
    );
    assertRefused(
      { headers: [{ name: "X", value: bad }] },
      'value of "X"',
      `value of "X" ${end}`,
    );
  }
});

Deno.test("writeRequestHead() refuses other octets that are not allowed", () => {
  assertRefused({ method: "" }, "method", "method is empty");
  assertRefused({ target: "" }, "request target", "request target is empty");
  assertRefused(
    { method: "GE T" },
    "method",
    'method contains a space at position 2: "GE T"',
  );
  assertRefused(
    { target: "/a b" },
    "request target",
    'request target contains a space at position 2: "/a b"',
  );
  assertRefused(
    { target: "/\xe9" },
    "request target",
    'request target contains 0xe9 at position 1: "/\xe9"',
  );
  assertRefused(
    { headers: [{ name: "", value: "x" }] },
    "field name",
    "field name is empty",
  );
  assertRefused(
    { headers: [{ name: "A:", value: "x" }] },
    "field name",
    'field name contains ":" at position 1: "A:"',
  );
  assertRefused(
    { headers: [{ name: "X", value: "\x7f" }] },
    'value of "X"',
    'value of "X" contains 0x7f at position 0: "\\u007f"',
  );
  assertRefused(
    { headers: [{ name: "X", value: "\u010a" }] },
    'value of "X"',
    'value of "X" contains U+010A at position 0: "\u010a"',
  );
});

Deno.test("writeRequestHead() lets no string out of the line that it is for", () => {
  for (let code = 0; code < 0x10000; code += code < 0x400 ? 1 : 251) {
    const character = String.fromCharCode(code);
    const value = `a${character}b`;
    let bytes: Uint8Array;
    try {
      bytes = writeRequestHead({
        ...HEAD,
        headers: [{ name: "X", value }],
      });
    } catch (error) {
      if (error instanceof HttpRequestError) continue;
      throw error;
    }
    assertEquals(bytes, octets(`GET /a?b HTTP/1.1\r\nX: ${value}\r\n\r\n`));
    assertEquals(
      bytes.filter((octet) => octet === 10 || octet === 13).length,
      6,
    );
  }
});
