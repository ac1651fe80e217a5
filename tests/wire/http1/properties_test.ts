/** Random responses that are as they should be, and what has to come of them. */

import { assert, assertEquals } from "@std/assert";
import { HttpParseError } from "../../../lib/wire/http1/errors.ts";
import type {
  HeaderField,
  ResponseEvent,
} from "../../../lib/wire/http1/events.ts";
import { ResponseParser } from "../../../lib/wire/http1/parser.ts";
import { parseHttpResponse } from "../../../lib/wire/http1/response.ts";
import { writeRequestHead } from "../../../lib/wire/http1/request.ts";
import { Random } from "../../netlab/internet/random.ts";
import { octets, outcome } from "./_outcome.ts";
import { FAULTY_BODIES } from "./_faulty_bodies.ts";
import { FAULTY_HEADS } from "./_faulty_heads.ts";
import { MARK } from "./_vectors.ts";

const FAULTS = [...FAULTY_HEADS, ...FAULTY_BODIES];

const CASES = 500;
const NAME = "abcXYZ019!#$%&'*+-.^_`|~";
const VALUE = 'abc XYZ\t019:;,"\\\x80\x9f\xe9\xff';

function word(random: Random, letters: string, longest: number): string {
  return Array.from(
    { length: random.below(longest + 1) },
    () => letters[random.below(letters.length)],
  ).join("");
}

function fields(random: Random): HeaderField[] {
  return Array.from({ length: random.below(8) }, () => ({
    name: `X-${word(random, NAME, 30)}`,
    value: word(random, VALUE, 80).replaceAll(/^[ \t]+|[ \t]+$/g, ""),
  }));
}

function blanks(random: Random): string {
  return word(random, " \t", 3);
}

function section(random: Random, headers: readonly HeaderField[]): string {
  return headers.map(({ name, value }) =>
    `${name}:${blanks(random)}${value}${blanks(random)}\r\n`
  ).join("") + "\r\n";
}

function chunks(random: Random, body: string): string {
  let coded = "";
  for (let at = 0; at < body.length;) {
    const size = 1 + random.below(body.length - at);
    const zeros = "0".repeat(random.below(4));
    const hex = size.toString(16);
    const extension = ["", ";a", " ; a = b", ';a="\xff\\""'][random.below(4)];
    coded += `${zeros}${random.below(2) === 0 ? hex : hex.toUpperCase()}` +
      `${extension}\r\n${body.slice(at, at + size)}\r\n`;
    at += size;
  }
  return `${coded}0\r\n`;
}

/** A response on the wire, and what is to come out. */
function randomResponse(random: Random) {
  const headers = fields(random);
  const isChunked = random.below(2) === 0;
  const trailers = isChunked ? fields(random) : [];
  const body = word(random, "\0\r\n0a;:\xff", 300);
  headers.splice(
    random.below(headers.length + 1),
    0,
    isChunked
      ? { name: "transfer-Encoding", value: "Chunked" }
      : { name: "CONTENT-length", value: String(body.length) },
  );
  const status = 200 + random.below(4); // of these, all have a body
  const reason = word(random, VALUE, 20);
  const wire = `HTTP/1.1 ${status} ${reason}\r\n${section(random, headers)}` +
    (isChunked ? chunks(random, body) + section(random, trailers) : body);
  return { status, reason, headers, trailers, body, wire };
}

/** Pieces of random length. */
function* pieces(random: Random, bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + random.below(random.below(2) === 0 ? 3 : 200);
    yield bytes.subarray(at, end);
    at = end;
  }
}

Deno.test("parseHttpResponse() gives back what random responses were made of", () => {
  const random = new Random(1);
  for (let index = 0; index < CASES; index++) {
    const { status, reason, headers, trailers, body, wire } = randomResponse(
      random,
    );
    const bytes = octets(wire);
    assertEquals(parseHttpResponse(bytes), {
      version: { major: 1, minor: 1 },
      ...{ status, reason, headers, trailers, body: octets(body) },
      ...{ deviations: [], keepAlive: true, consumed: bytes.length },
    });
  }
});

Deno.test("ResponseParser separates random responses on one connection, wherever it is cut", () => {
  const random = new Random(2);
  for (let index = 0; index < 50; index++) {
    const responses = Array.from({ length: 5 }, () => randomResponse(random));
    const bytes = octets(responses.map(({ wire }) => wire).join(""));
    const parser = new ResponseParser();
    const found: { status: number; body: string }[] = [];
    const handler = (event: ResponseEvent) => {
      if (event.type === "status") {
        found.push({ status: event.status, body: "" });
      } else if (event.type === "data") {
        found.at(-1)!.body += String.fromCharCode(...event.data);
      }
    };
    for (const piece of pieces(random, bytes)) {
      for (let at = 0; at < piece.length;) {
        at += parser.feed(piece.subarray(at), handler);
        if (parser.state === "done") parser.reset();
      }
    }
    assertEquals(
      found,
      responses.map(({ status, body }) => ({ status, body })),
    );
    assertEquals(parser.state, "head");
  }
});

Deno.test("ResponseParser finds the same in mixtures of faults, wherever they are cut", () => {
  const random = new Random(3);
  const faults = FAULTS.map(({ response }) => response.replace(MARK, ""));
  const pick = () => faults[random.below(faults.length)]!;
  for (let index = 0; index < CASES; index++) {
    const head = pick();
    const tail = pick();
    const bytes = octets(
      head.slice(0, random.below(head.length + 1)) +
        tail.slice(random.below(tail.length + 1)),
    );
    for (const lenient of [false, true]) {
      const options = { lenient, maxHeaderBytes: 200, maxHeaders: 3 };
      assertEquals(
        outcome(pieces(random, bytes), options),
        outcome([bytes], options),
        JSON.stringify(String.fromCharCode(...bytes)),
      );
    }
  }
});

Deno.test("a strict parser accepts nothing that a lenient one does not accept, too", () => {
  const random = new Random(4);
  for (const { response } of FAULTS) {
    const bytes = octets(response.replace(MARK, ""));
    for (let index = 0; index < 20; index++) {
      const changed = bytes.slice();
      if (changed.length > 0) {
        changed[random.below(changed.length)] = random.below(256);
      }
      try {
        parseHttpResponse(changed);
      } catch (error) {
        assert(error instanceof HttpParseError);
        continue;
      }
      const strict = outcome([changed]);
      assertEquals(outcome([changed], { lenient: true }), strict);
    }
  }
});

Deno.test("what writeRequestHead() writes has exactly the fields that it was given", () => {
  const random = new Random(5);
  for (let index = 0; index < CASES; index++) {
    const headers = fields(random);
    const bytes = writeRequestHead({
      ...{ method: "GET", target: "/", version: "1.1", headers },
    });
    const response = octets("HTTP/1.1 204 \r\n");
    const start = "GET / HTTP/1.1\r\n".length;
    const wire = new Uint8Array([...response, ...bytes.subarray(start)]);
    assertEquals(parseHttpResponse(wire).headers, headers);
  }
});
