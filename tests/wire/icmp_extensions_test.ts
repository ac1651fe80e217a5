import { assert, assertEquals } from "@std/assert";
import { foldChecksum, sum16 } from "../../lib/wire/checksum.ts";
import { decodeIcmp, type IcmpError } from "../../lib/wire/icmp.ts";
import {
  concat,
  EXTENDED_4,
  EXTENDED_6,
  EXTENDED_WITHOUT_LENGTH_4,
  EXTENSIONS,
  hex,
  PADDED_QUOTE_4,
  PADDED_QUOTE_6,
  TIME_EXCEEDED_4,
} from "./_vectors.ts";

function decodeError(family: 4 | 6, packet: Uint8Array): IcmpError {
  const message = decodeIcmp(family, packet);
  assert(message.kind === "error");
  return message;
}

/** A time exceeded whose length field counts `words`. */
function timeExceeded(words: number, ...body: Uint8Array[]): IcmpError {
  return decodeError(
    4,
    concat(hex("0b000000"), Uint8Array.of(0, words, 0, 0), ...body),
  );
}

/** An extension structure with its checksum around objects. */
function structure(objects: string): Uint8Array {
  const bytes = concat(hex("20000000"), hex(objects));
  const checksum = foldChecksum(sum16(bytes));
  bytes[2] = checksum >> 8;
  bytes[3] = checksum;
  return bytes;
}

const DECODED = [
  {
    kind: "mpls" as const,
    labels: [
      { label: 24001, trafficClass: 0, bottomOfStack: false, ttl: 1 },
      { label: 74565, trafficClass: 5, bottomOfStack: true, ttl: 254 },
    ],
  },
  { kind: "other" as const, class: 2, type: 9, data: hex("00000007") },
];

Deno.test("decodeIcmp() finds extensions by the length field", () => {
  const error4 = decodeError(4, EXTENDED_4);
  assert(error4.checksumValid);
  assertEquals(error4.quoted, PADDED_QUOTE_4);
  assertEquals(error4.extensions, DECODED);
  const error6 = decodeError(6, EXTENDED_6);
  assertEquals(error6.quoted, PADDED_QUOTE_6);
  assertEquals(error6.extensions, DECODED);
});

Deno.test("decodeIcmp() finds extensions behind 128 bytes when there is no length", () => {
  const error = decodeError(4, EXTENDED_WITHOUT_LENGTH_4);
  assertEquals(error.quoted, PADDED_QUOTE_4);
  assertEquals(error.extensions, DECODED);
  const withoutLength6 = EXTENDED_6.slice();
  withoutLength6[4] = 0;
  assertEquals(decodeError(6, withoutLength6).extensions, DECODED);
});

Deno.test("decodeIcmp() finds extensions behind a quote longer than 128 bytes", () => {
  const quoted = concat(PADDED_QUOTE_4, new Uint8Array(72).fill(0x20));
  const error = timeExceeded(50, quoted, EXTENSIONS);
  assertEquals(error.quoted, quoted);
  assertEquals(error.extensions, DECODED);
  const header6 = hex("0300000019000000");
  const error6 = decodeError(6, concat(header6, quoted, EXTENSIONS));
  assertEquals(error6.quoted, quoted);
  assertEquals(error6.extensions, DECODED);
});

Deno.test("decodeIcmp() falls back to 128 bytes when the length cannot be", () => {
  for (const words of [1, 31, 255]) {
    const error = timeExceeded(words, PADDED_QUOTE_4, EXTENSIONS);
    assertEquals(error.quoted, PADDED_QUOTE_4);
    assertEquals(error.extensions, DECODED);
  }
  const short = timeExceeded(255, TIME_EXCEEDED_4.subarray(28));
  assertEquals(short.quoted, TIME_EXCEEDED_4.subarray(28));
  assertEquals(short.extensions, []);
});

Deno.test("decodeIcmp() leaves out extensions with a wrong checksum or version", () => {
  for (let bit = 0; bit < EXTENSIONS.length * 8; bit++) {
    const flipped = EXTENSIONS.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    const withLength = timeExceeded(32, PADDED_QUOTE_4, flipped);
    assertEquals(withLength.quoted, PADDED_QUOTE_4);
    assertEquals(withLength.extensions, []);
    const withoutLength = timeExceeded(0, PADDED_QUOTE_4, flipped);
    assertEquals(withoutLength.quoted, concat(PADDED_QUOTE_4, flipped));
    assertEquals(withoutLength.extensions, []);
  }
  const version1 = EXTENSIONS.slice();
  version1[0] = 0x10;
  version1[2]! += 0x10;
  assertEquals(foldChecksum(sum16(version1)), 0);
  assertEquals(timeExceeded(32, PADDED_QUOTE_4, version1).extensions, []);
});

Deno.test("decodeIcmp() accepts extensions without a checksum only behind a length", () => {
  const unsummed = EXTENSIONS.slice();
  unsummed.fill(0, 2, 4);
  assertEquals(
    timeExceeded(32, PADDED_QUOTE_4, unsummed).extensions,
    DECODED,
  );
  assertEquals(timeExceeded(0, PADDED_QUOTE_4, unsummed).extensions, []);
});

Deno.test("decodeIcmp() ends the list at an object whose length cannot be", () => {
  const first = "0008010105dc1101";
  const decoded = [{
    kind: "mpls" as const,
    labels: [{ label: 24001, trafficClass: 0, bottomOfStack: true, ttl: 1 }],
  }];
  for (
    const [objects, expected] of [
      ["", []],
      [first, decoded],
      [first + "00000101", decoded],
      [first + "0003010105dc1101", decoded],
      [first + "0006010105dc1101", decoded],
      [first + "000c010105dc1101", decoded],
      [first + "ffff010105dc1101", decoded],
      [first + "0004", decoded],
      ["00040101", [{ kind: "mpls" as const, labels: [] }]],
      ["0008010205dc1101", [
        { kind: "other" as const, class: 1, type: 2, data: hex("05dc1101") },
      ]],
      ["00040203" + first, [
        { kind: "other" as const, class: 2, type: 3, data: new Uint8Array() },
        ...decoded,
      ]],
    ] as const
  ) {
    const error = timeExceeded(32, PADDED_QUOTE_4, structure(objects));
    assertEquals(error.extensions, expected, objects);
  }
});

Deno.test("decodeIcmp() reads the limits of an MPLS label stack entry", () => {
  const [extension] =
    timeExceeded(32, PADDED_QUOTE_4, structure("000c0101ffffffff00000000"))
      .extensions;
  assertEquals(extension, {
    kind: "mpls",
    labels: [
      { label: 0xfffff, trafficClass: 7, bottomOfStack: true, ttl: 255 },
      { label: 0, trafficClass: 0, bottomOfStack: false, ttl: 0 },
    ],
  });
});

Deno.test("decodeIcmp() looks for extensions only in the types that have them", () => {
  for (
    const [family, header] of [
      [4, "0400000000200000"],
      [6, "0200000010000000"],
      [6, "0400000010000000"],
      [6, "6400000010000000"],
    ] as const
  ) {
    const body = concat(PADDED_QUOTE_4, EXTENSIONS);
    const error = decodeError(family, concat(hex(header), body));
    assertEquals(error.quoted, body);
    assertEquals(error.extensions, []);
  }
});
