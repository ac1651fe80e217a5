import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  answer,
  characters,
  datagramAnswer,
  daytime,
  toUpper,
} from "../../lib/echo/answers.ts";
import { planServer } from "../../lib/echo/server_options.ts";
import type { EchoServerOptions } from "../../lib/echo/server_types.ts";
import { parseEndpoint } from "../../lib/socket/endpoint.ts";

const text = (bytes: Uint8Array | undefined) =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes);
const bytes = (text: string) => new TextEncoder().encode(text);

function plan(options: EchoServerOptions) {
  return planServer([parseEndpoint("udp://127.0.0.1:7")], options);
}

Deno.test("characters() are the lines of RFC 864, and repeat without a seam", () => {
  const all = text(characters())!;
  const lines = all.split("\r\n");
  assertEquals(lines.pop(), "");
  const printable = Array.from(
    { length: 95 },
    (_, i) => String.fromCharCode(32 + i),
  ).join("");
  lines.forEach((line, i) => {
    const from = i % 95;
    assertEquals(line, (printable + printable).slice(from, from + 72));
  });
  assertEquals(lines.length % 95, 0);
});

Deno.test("daytime() is the weekday, the date and the time, and ends its line", () => {
  assertEquals(
    text(daytime(new Date("2026-11-21T06:40:05Z"))),
    "Saturday, November 21, 2026 06:40:05-UTC\r\n",
  );
});

Deno.test("toUpper() changes ASCII letters only, and nothing of a length prefix", () => {
  assertEquals(text(toUpper(bytes("aZ 1ß{é"), 0)), "AZ 1ß{é");
  assertEquals(text(toUpper(bytes("abcdefg"), 4)), "abcdEFG");
});

Deno.test("answer() drops as large a share as it is told", () => {
  const message = bytes("x");
  const count = (dropRate: number) => {
    const dropping = plan({ mode: "drop", dropRate });
    let answered = 0;
    for (let i = 0; i < 10_000; i++) {
      if (answer(dropping, message, 0) !== undefined) answered++;
    }
    return answered;
  };
  assertEquals(count(0), 10_000);
  assertEquals(count(1), 0);
  const half = count(0.5);
  // Ten standard deviations.
  assert(Math.abs(half - 5000) < 500, `${half}`);
});

Deno.test("datagramAnswer() says in one datagram what a connection would be told", () => {
  assertEquals(
    text(datagramAnswer(plan({ mode: "greet", message: "hi" }), bytes("?"))),
    "hi\n",
  );
  assertMatch(
    text(datagramAnswer(plan({ mode: "daytime" }), bytes("")))!,
    /^\w+, \w+ \d+, \d{4} \d\d:\d\d:\d\d-UTC\r\n$/,
  );
  for (let i = 0; i < 100; i++) {
    const { length } = datagramAnswer(plan({ mode: "chargen" }), bytes(""))!;
    assert(length <= 512, `${length}`);
  }
  assertEquals(
    datagramAnswer(plan({ mode: "discard" }), bytes("?")),
    undefined,
  );
});
