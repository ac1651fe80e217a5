import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  HTTP_ERROR_CODES,
  HttpParseError,
  sectionOf,
} from "../../../lib/wire/http1/errors.ts";
import type { ResponseEvent } from "../../../lib/wire/http1/events.ts";
import {
  type ParserOptions,
  ResponseParser,
} from "../../../lib/wire/http1/parser.ts";
import { cuts, octets, outcome, singly } from "./_outcome.ts";
import { FAULTY_BODIES } from "./_faulty_bodies.ts";
import { FAULTY_HEADS } from "./_faulty_heads.ts";
import { GOOD } from "./_good.ts";
import { type FaultVector, MARK } from "./_vectors.ts";

const FAULTS = [...FAULTY_HEADS, ...FAULTY_BODIES];

/** What comes out, however the bytes are cut. */
function outcomeOfAnyPieces(
  bytes: Uint8Array,
  options: ParserOptions,
): string[] {
  const whole = outcome([bytes], options);
  assertEquals(outcome(singly(bytes), options), whole, "octet by octet");
  for (const pieces of cuts(bytes)) {
    assertEquals(
      outcome(pieces, options),
      whole,
      `cut at ${pieces[0]!.length}`,
    );
  }
  return whole;
}

for (const { name, response, options, lines, rest = 0 } of GOOD) {
  Deno.test(`ResponseParser parses ${name}, wherever it is cut`, () => {
    const bytes = octets(response);
    const expected = [...lines, `consumed ${bytes.length - rest}`];
    for (const lenient of [false, true]) {
      assertEquals(
        outcomeOfAnyPieces(bytes, { ...options, lenient }),
        expected,
      );
    }
  });
}

const isDeviation = (line: string) => /^[a-z-]+ at \d+$/.test(line);

/** The parser stops where the fault is. */
function assertRejected(
  lines: readonly string[],
  { code, response, message }: FaultVector,
): void {
  const start = `${code} at ${response.indexOf(MARK)}: `;
  const last = lines.at(-1)!;
  assert(last.startsWith(start), `${last} is not ${start}`);
  if (message !== undefined) assertEquals(last, start + message);
  assert(!last.includes("\n"));
}

/** The parser tells of the fault and goes on. */
function assertAccepted(
  lines: readonly string[],
  { code, response, lenient }: FaultVector,
): void {
  const deviation = `${code} at ${response.indexOf(MARK)}`;
  assert(lines.includes(deviation), lines.join("\n"));
  const rest = lines.filter((line) => !isDeviation(line)).slice(0, -1);
  assertEquals(rest.slice(-lenient!.length), lenient);
  assertEquals(lines.at(-1), `consumed ${response.length - MARK.length}`);
}

for (const vector of FAULTS) {
  const { code, response } = vector;
  const shown = JSON.stringify(
    response.length > 70 ? `...${response.slice(-70)}` : response,
  );
  Deno.test(`ResponseParser finds ${code} in ${shown}`, () => {
    const bytes = octets(response.replace(MARK, ""));
    for (const lenient of [false, true]) {
      const lines = outcomeOfAnyPieces(bytes, { ...vector.options, lenient });
      const isAccepted = vector.always ?? (lenient && vector.lenient);
      if (isAccepted) assertAccepted(lines, vector);
      else assertRejected(lines, vector);
    }
  });
}

Deno.test("every error code has a vector, and a section of its RFC", () => {
  const tested = new Set(FAULTS.map(({ code }) => code));
  assertEquals(HTTP_ERROR_CODES.filter((code) => !tested.has(code)), []);
  for (const code of HTTP_ERROR_CODES) {
    assert(/^RFC 911[02], section \d+(\.\d+)*$/.test(sectionOf(code)), code);
  }
});

Deno.test("HttpParseError carries code, offset and section", () => {
  const parser = new ResponseParser();
  const bytes = octets("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n");
  const feed = () => parser.feed(bytes, () => {});
  const error = assertThrows(feed, HttpParseError);
  assertEquals(
    [error.code, error.offset, error.section],
    ["content-length-negative", 33, "RFC 9112, section 6.3"],
  );
  assertEquals(parser.state, "failed");
  assertStrictEquals(assertThrows(feed), error, "it stays failed");
  assertStrictEquals(assertThrows(() => parser.finish(() => {})), error);
  assertThrows(() => parser.reset(), Error, "is not complete");
});

Deno.test("ResponseParser tells of a deviation with message and section, before what it is in", () => {
  const events: ResponseEvent[] = [];
  new ResponseParser().feed(
    octets("HTTP/1.1 204 \r\nA: b\r\n c\r\n\r\n"),
    (event) => events.push(event),
  );
  assertEquals(events.map(({ type }) => type), [
    "status",
    "deviation",
    "headers",
    "end",
  ]);
  assertEquals(events[1], {
    type: "deviation",
    deviation: {
      code: "obs-fold",
      message: 'Field value goes on in the next line: " c"',
      offset: 21,
      section: "RFC 9112, section 5.2",
    },
  });
});

Deno.test("ResponseParser hands a body over as views of what was fed", () => {
  for (
    const response of [
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ]
  ) {
    const bytes = octets(response);
    let data: Uint8Array | undefined;
    new ResponseParser().feed(bytes, (event) => {
      if (event.type === "data") data = event.data;
    });
    assertStrictEquals(data!.buffer, bytes.buffer);
    assertEquals(data!.byteOffset, response.indexOf("hello"));
    assertEquals(data!.length, 5);
  }
});

Deno.test("ResponseParser counts the bytes of header sections and of content", () => {
  const head =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n c\r\n\r\n";
  const counts: number[] = [];
  new ResponseParser().feed(
    octets(
      `HTTP/1.1 100 \r\n\r\n${head}3;x\r\nabc\r\n1\r\nd\r\n0\r\nT: 1\r\n\r\n`,
    ),
    (event) => {
      if (event.type === "headers") counts.push(event.bytes);
      if (event.type === "end") counts.push(event.bodyBytes);
    },
  );
  assertEquals(counts, [17, head.length, 4]);
});

Deno.test("ResponseParser goes on with the next response after reset()", () => {
  const parser = new ResponseParser({ method: "HEAD" });
  const head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
  const bytes = octets(`${head}${head}hi${head}A`);
  const types: string[] = [];
  const feed = (from: number) =>
    from + parser.feed(bytes.subarray(from), ({ type }) => types.push(type));
  let at = feed(0);
  assertEquals([at, parser.state], [head.length, "done"]);
  assertEquals(feed(at), at, "a response that has ended takes no more");
  parser.finish(() => types.push("never"));
  parser.reset("GET");
  assertEquals(parser.state, "head");
  at = feed(at);
  parser.reset();
  assertEquals(feed(at), bytes.length);
  assertEquals(parser.state, "body");
  assertThrows(() => parser.reset(), Error, "is not complete");
  assertEquals(types, [
    ...["status", "headers", "end"],
    ...["status", "headers", "data", "end"],
    ...["status", "headers", "data"],
  ]);
});

Deno.test("ResponseParser counts offsets from the start of each response", () => {
  const parser = new ResponseParser();
  parser.feed(octets("HTTP/1.1 204 \r\n\r\n"), () => {});
  parser.reset();
  const error = assertThrows(
    () => parser.feed(octets("HTTP/2.0 200 OK\r\n\r\n"), () => {}),
    HttpParseError,
  );
  assertEquals(error.offset, 5);
});

Deno.test("ResponseParser takes a header section larger than any of its buffers", () => {
  const fields = Array.from(
    { length: 900 },
    (_, index) => `X-${index}: ${"v".repeat(60)}`,
  );
  const response = `HTTP/1.1 204 \r\n${fields.join("\r\n")}\r\n\r\n`;
  const bytes = octets(response);
  const expected = [
    "HTTP/1.1 204 ",
    ...fields,
    "framing: none",
    "end, keep-alive",
    `consumed ${bytes.length}`,
  ];
  assertEquals(outcome([bytes]), expected);
  assertEquals(outcome(singly(bytes)), expected);
});

Deno.test("ResponseParser gives up on headers without end, after 64 KiB or 1000 fields", () => {
  const feed = (start: string, piece: string) => {
    const parser = new ResponseParser();
    parser.feed(octets(start), () => {});
    const more = octets(piece);
    return assertThrows(() => {
      for (let fed = 0; fed < 2 ** 20; fed += more.length) {
        parser.feed(more, () => {});
      }
    }, HttpParseError);
  };
  assertEquals(feed("HTTP/1.1 200 OK\r\nA: ", "x").code, "header-bytes");
  assertEquals(feed("HTTP/1.1 200 ", "x").offset, 64 * 1024);
  const long = `A: ${"b".repeat(95)}\r\n`;
  assertEquals(feed("HTTP/1.1 200 OK\r\n", long).code, "header-bytes");
  assertEquals(feed("HTTP/1.1 200 OK\r\n", "A: b\r\n").code, "header-count");
});

Deno.test("ResponseParser reports the same deviation 100 times in a response, and not more", () => {
  const parser = new ResponseParser({ lenient: true });
  const counts: number[] = [];
  const chunks = "1 \r\nx\r\n".repeat(200);
  for (let response = 0; response < 2; response++) {
    let count = 0;
    parser.feed(
      octets(
        `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`,
      ),
      ({ type }) => count += Number(type === "deviation"),
    );
    counts.push(count);
    assertEquals(parser.state, "done");
    parser.reset();
  }
  assertEquals(counts, [100, 100]);
});

Deno.test("ResponseParser takes time in proportion to the longest of lines, whatever is in them", () => {
  const longest = 60_000;
  for (
    const field of [
      `A: ${"\0".repeat(longest)}`,
      `A: b${"\r\n ".repeat(longest / 3)}`,
      `A: b${"\r\n c".repeat(longest / 4)}`,
      `A${" ".repeat(longest)}: b`,
      `Transfer-Encoding: ${'"a'.repeat(longest / 2)}`,
      `Transfer-Encoding: ${"a,".repeat(longest / 2)}chunked`,
      `Transfer-Encoding: a;${" ".repeat(longest)}`,
      `Content-Length: ${"0,".repeat(longest / 2)}0`,
      `Content-Length: ${" ,".repeat(longest / 2)}0`,
    ]
  ) {
    const bytes = octets(`HTTP/1.1 200 OK\r\n${field}\r\n\r\n`);
    const types = new Set<string>();
    const parser = new ResponseParser({ lenient: true });
    const start = performance.now();
    for (let at = 0; at < bytes.length; at += 100) {
      parser.feed(bytes.subarray(at, at + 100), ({ type }) => types.add(type));
    }
    const ms = performance.now() - start;
    const shown = JSON.stringify(field.slice(0, 24));
    assert(types.has("headers"), shown);
    assert(ms < 2000, `${shown} took ${ms} ms`); // none takes 50; in proportion to the square, it would be many seconds
  }
});
