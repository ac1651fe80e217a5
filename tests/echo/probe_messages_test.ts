import { assertEquals } from "@std/assert";
import { compare, openMessages } from "../../lib/echo/probe_messages.ts";
import { planProbe } from "../../lib/echo/probe_options.ts";
import { parseEndpoint } from "../../lib/socket/endpoint.ts";
import { Random } from "../netlab/internet/random.ts";
import { bytes } from "./_probing.ts";

Deno.test("compare() finds the first difference, and counts them all", () => {
  for (
    const [expected, actual, mismatch] of [
      ["", "", undefined],
      ["same", "same", undefined],
      ["abcd", "aXcY", [1, 0x62, 0x58, 2]],
      ["abc", "ab", [2, 0x63, -1, 1]],
      ["ab", "abcd", [2, -1, 0x63, 2]],
      ["abcd", "xb", [0, 0x61, 0x78, 3]],
      ["", "x", [0, -1, 0x78, 1]],
      ["x", "", [0, 0x78, -1, 1]],
    ] as const
  ) {
    const found = compare(bytes(expected), bytes(actual));
    assertEquals(
      found && Object.values(found),
      mismatch && [...mismatch],
      `${expected} ${actual}`,
    );
  }
});

Deno.test("compare() agrees with a comparison byte by byte, for random answers", () => {
  const random = new Random(1);
  for (let i = 0; i < 500; i++) {
    const expected = random.fill(new Uint8Array(random.below(200)));
    const actual = new Uint8Array(random.below(200));
    actual.set(expected.subarray(0, actual.length));
    for (let edits = random.below(4); edits > 0; edits--) {
      actual[random.below(actual.length)] = random.below(256);
    }
    const places = Array.from(
      { length: Math.max(expected.length, actual.length) },
      (_, at) => at,
    ).filter((at) => expected[at] !== actual[at]);
    const found = compare(expected, actual);
    assertEquals(found?.differing ?? 0, places.length);
    assertEquals(found?.offset, places[0]);
  }
});

Deno.test("openMessages() numbers what it makes up, and knows its numbers again", () => {
  for (
    const [endpoint, options, isNumbered] of [
      ["udp://a:1", { size: 16 }, true],
      ["udp://a:1", { size: 15 }, false],
      ["tcp://a:1", { size: 56, framing: "length" }, true],
    ] as const
  ) {
    const plan = planProbe(parseEndpoint(endpoint), options);
    const messages = openMessages(plan);
    assertEquals(messages.isNumbered, isNumbered);
    const message = messages.create();
    for (const sequence of [1, 255, 65_536, 2 ** 33]) {
      messages.write(message, sequence);
      assertEquals(
        messages.sequenceOf(message),
        isNumbered ? sequence : undefined,
      );
    }
    assertEquals(openMessages(plan).sequenceOf(message), undefined);
  }
});

Deno.test("openMessages() makes lines without a line feed in them", () => {
  for (const size of [1, 9, 10, 300]) {
    const plan = planProbe(parseEndpoint("tcp://a:1"), {
      size,
      framing: "line",
    });
    const messages = openMessages(plan);
    const message = messages.create();
    messages.write(message, 1_234);
    const text = new TextDecoder().decode(message);
    assertEquals(text.length, size);
    assertEquals(/^[\x21-\x7e]+$/.test(text), true);
    assertEquals(
      text.startsWith("0000001234".slice(-Math.min(size, 10))),
      true,
    );
    assertEquals(messages.sequenceOf(message), size < 10 ? undefined : 1_234);
  }
});
