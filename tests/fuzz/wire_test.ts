/** Every parser of `lib/wire` under fire; `deno task fuzz` does the same for longer. */

import { assertEquals } from "@std/assert";
import {
  AddressError,
  AddressRange,
  formatAddress,
  parseAddress,
} from "../../lib/wire/address.ts";
import { PacketError } from "../../lib/wire/errors.ts";
import {
  encodeFrame,
  FrameError,
  FrameSplitter,
} from "../../lib/wire/frames.ts";
import { HttpParseError } from "../../lib/wire/http1/errors.ts";
import { decodeIcmp } from "../../lib/wire/icmp.ts";
import { splitExtensions } from "../../lib/wire/icmp_extensions.ts";
import {
  decodeIpv4Header,
  decodeIpv6Header,
  quotedEcho,
} from "../../lib/wire/ip.ts";
import { Random } from "../netlab/internet/random.ts";
import * as vectors from "../wire/_vectors.ts";
import { octets, outcome, singly } from "../wire/http1/_outcome.ts";
import { FAULTY_BODIES } from "../wire/http1/_faulty_bodies.ts";
import { FAULTY_HEADS } from "../wire/http1/_faulty_heads.ts";
import { GOOD } from "../wire/http1/_good.ts";
import { MARK } from "../wire/http1/_vectors.ts";
import { CASES, fuzzTest } from "./driver.ts";

const QUOTES_4 = [
  vectors.QUOTE_4,
  vectors.RECORD_ROUTE_4,
  vectors.ECHO_REQUEST_4,
];
const QUOTES_6 = [
  vectors.QUOTE_6,
  vectors.QUOTE_6_EXTENDED,
  vectors.LABELLED_6,
];

for (const family of [4, 6] as const) {
  const messages = vectors.ICMP_MESSAGES
    .filter(([each]) => each === family)
    .map(([, packet]) => packet);
  fuzzTest({
    name: `decodeIcmp(${family})`,
    parse: (bytes) => decodeIcmp(family, bytes),
    corpus: messages,
    error: PacketError,
  });
  fuzzTest({
    name: `quotedEcho(${family})`,
    parse: (bytes) => quotedEcho(family, bytes),
    corpus: family === 4 ? QUOTES_4 : QUOTES_6,
    error: PacketError,
  });
}

fuzzTest({
  name: "decodeIpv4Header()",
  parse: decodeIpv4Header,
  corpus: QUOTES_4,
  error: PacketError,
});

fuzzTest({
  name: "decodeIpv6Header()",
  parse: decodeIpv6Header,
  corpus: QUOTES_6,
  error: PacketError,
});

fuzzTest({
  name: "splitExtensions()",
  // The first byte stands for the length field.
  parse: (bytes) =>
    bytes.length === 0
      ? undefined
      : splitExtensions(bytes.subarray(1), 4 * bytes[0]!),
  corpus: [
    vectors.EXTENDED_4,
    vectors.EXTENDED_WITHOUT_LENGTH_4,
    vectors.EXTENDED_6,
  ].map((packet) => vectors.concat(packet.subarray(5, 6), packet.subarray(8))),
  error: PacketError,
});

for (const framing of ["line", "length"] as const) {
  fuzzTest({
    name: `FrameSplitter(${framing})`,
    parse: (bytes) => {
      const splitter = new FrameSplitter(framing, 64);
      const lengths: number[] = [];
      const half = bytes.length >> 1;
      for (const part of [bytes.subarray(0, half), bytes.subarray(half)]) {
        splitter.push(
          part as Uint8Array<ArrayBuffer>,
          (message) => lengths.push(message.length),
        );
      }
      return [lengths, splitter.pendingBytes];
    },
    corpus: [
      vectors.concat(
        ...["", "ab", "x".repeat(64)].map((text) =>
          encodeFrame(framing, new TextEncoder().encode(text))
        ),
      ),
    ],
    error: FrameError,
  });
}

/** Short ones, so that each of their bits can be flipped: some with nothing wrong, and one for most codes of errors. */
const RESPONSES = [
  ...GOOD.filter((_, index) => index % 3 === 0),
  ...new Map(
    [...FAULTY_HEADS, ...FAULTY_BODIES].map((vector) => [vector.code, vector]),
  ).values(),
]
  .map(({ response }) => octets(response.replace(MARK, "")))
  .filter(({ length }) => length < 80);

for (const lenient of [false, true]) {
  fuzzTest({
    name: `ResponseParser(${lenient ? "lenient" : "strict"})`,
    parse: (bytes) => {
      const options = { lenient, maxHeaderBytes: 100, maxChunkLine: 20 };
      const whole = outcome([bytes], options);
      // The pieces of a response must not make a difference.
      assertEquals(outcome(singly(bytes), options), whole);
      return whole;
    },
    corpus: RESPONSES,
    error: HttpParseError,
  });
}

const TEXTS = [
  "192.0.2.1",
  "255.255.255.255",
  "::",
  "::1",
  "2001:db8::1:0:0:1",
  "::ffff:192.0.2.1",
  "fe80::1%eth0",
  "10.0.0.0/8",
  "2001:db8::/112",
  "0.0.0.0/0",
];
const LETTERS = "0123456789abcdefABCDEF:./%-x \u0660\u{1f600}";

/** Addresses and networks with up to four characters changed. */
function* texts(): Generator<string> {
  const random = new Random(1);
  const letters = [...LETTERS];
  for (let index = 0; index < CASES; index++) {
    const text = [...TEXTS[random.below(TEXTS.length)]!];
    for (let edits = random.below(5); edits > 0; edits--) {
      const at = random.below(text.length + 1);
      const letter = letters[random.below(letters.length)]!;
      text.splice(
        at,
        random.below(3),
        ...random.below(2) === 0 ? [letter] : [],
      );
    }
    yield text.join("");
  }
}

Deno.test("fuzz parseAddress() with mutated addresses", () => {
  for (const text of texts()) {
    const bytes = parseAddress(text);
    if (bytes === undefined) continue;
    // What it takes for an address must survive a round trip through text.
    assertEquals(parseAddress(formatAddress(bytes)), bytes, text);
  }
});

Deno.test("fuzz AddressRange with mutated networks", () => {
  for (const text of texts()) {
    for (
      const make of [
        () => AddressRange.network(text),
        () => AddressRange.between("10.0.0.0", text),
        () => AddressRange.between(text, "2001:db8::ffff"),
      ]
    ) {
      try {
        const range = make();
        const bytes = new Uint8Array(range.family === 4 ? 4 : 16);
        range.write(0, bytes);
        range.write(range.count - 1, bytes);
      } catch (error) {
        if (!(error instanceof AddressError)) {
          throw new Error(`Fails for "${text}"`, { cause: error });
        }
      }
    }
  }
});
