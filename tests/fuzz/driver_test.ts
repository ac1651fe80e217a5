import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { PacketError } from "../../lib/wire/errors.ts";
import {
  challenge,
  flips,
  mutations,
  type Parser,
  prefixes,
  randomBytes,
} from "./driver.ts";
import { ReadFault } from "./guarded_bytes.ts";

function parser(parse: (bytes: Uint8Array) => unknown): Parser {
  return {
    name: "parser",
    parse,
    corpus: [new Uint8Array([1, 2, 3])],
    error: PacketError,
  };
}

const INPUT = new Uint8Array([4, 5, 6, 7]);

function causeOf(parse: (bytes: Uint8Array) => unknown): unknown {
  const error = assertThrows(
    () => challenge(parser(parse), INPUT),
    Error,
    "parser fails for 04050607",
  );
  return error.cause;
}

Deno.test("challenge() lets results and the parser's own error pass", () => {
  challenge(parser((bytes) => bytes[3]), INPUT);
  challenge(parser((bytes) => [...bytes.subarray(1)]), INPUT);
  challenge(
    parser(() => {
      throw new PacketError("Cannot", 0);
    }),
    INPUT,
  );
});

Deno.test("challenge() finds errors of another kind", () => {
  assertInstanceOf(causeOf((bytes) => new Array(bytes[0]! - 5)), RangeError);
});

Deno.test("challenge() finds reads past the end", () => {
  assertInstanceOf(causeOf((bytes) => bytes[4] ?? 0), ReadFault);
  assertInstanceOf(causeOf((bytes) => bytes.subarray(2)[2] ?? 0), ReadFault);
});

Deno.test("challenge() finds reads of the buffer around the input", () => {
  causeOf((bytes) => new DataView(bytes.buffer).getUint8(0));
  causeOf((bytes) => new DataView(bytes.buffer, bytes.byteOffset).getUint16(3));
});

Deno.test("challenge() finds loops without end", () => {
  const loop = (bytes: Uint8Array) => {
    let sum = 0;
    // The real bytes end some time; the guarded ones notice first.
    for (let turn = 0; turn < 1e4; turn++) sum += bytes[turn % bytes.length]!;
    return sum;
  };
  assertInstanceOf(causeOf(loop), ReadFault);
});

Deno.test("the driver makes every prefix and every flip, and the same mutations each time", () => {
  const three = parser(() => 0);
  assertEquals([...prefixes(three)].map((bytes) => bytes.length), [0, 1, 2, 3]);
  assertEquals(new Set([...flips(three)].map(String)).size, 24);
  assertEquals([...mutations(three, 50)], [...mutations(three, 50)]);
  assertEquals([...randomBytes(three, 50)], [...randomBytes(three, 50)]);
});
