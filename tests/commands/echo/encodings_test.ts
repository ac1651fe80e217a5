import { assertEquals, assertRejects } from "@std/assert";
import {
  type EncodingName,
  openEncoding,
} from "../../../commands/echo/encodings.ts";
import { UsageError } from "../../../commands/cli/errors.ts";

/** Each with its bytes in hexadecimal, as iconv(1) and base64(1) have them. */
const TEXTS: readonly [EncodingName, string, string][] = [
  ["utf-8", "Grüße, 你好", "4772c3bcc39f652c20e4bda0e5a5bd"],
  ["gbk", "你好 hello", "c4e3bac32068656c6c6f"],
  ["gbk", "€", "80"],
  ["gb18030", "你好€😀", "c4e3bac3a2e39439fc36"],
  ["hex", "00ff0a", "00ff0a"],
  ["base64", "aGVsbG8=", "68656c6c6f"],
];

for (const [name, text, hex] of TEXTS) {
  Deno.test(`openEncoding("${name}") writes and reads ${text}`, async () => {
    const encoding = await openEncoding(name);
    assertEquals(encoding.encode(text).toHex(), hex);
    assertEquals(encoding.decode(Uint8Array.fromHex(hex)), text);
  });
}

Deno.test("openEncoding() takes hex as people write it", async () => {
  const { encode } = await openEncoding("hex");
  for (const text of ["DEADBEEF", "de ad be ef", "de:ad:be:ef", "dead\nbeef"]) {
    assertEquals(encode(text).toHex(), "deadbeef");
  }
});

Deno.test("openEncoding() says which text has no bytes", async () => {
  for (
    const [name, text, reason] of [
      ["hex", "abc", 'Cannot read "abc" as hex'],
      ["hex", "xy", 'Cannot read "xy" as hex'],
      ["base64", "a", 'Cannot read "a" as base64'],
      ["gbk", "hi 😀", 'Cannot write "😀" in gbk: gb18030 has every character'],
      ["gb18030", "a\ud800", 'Cannot write "\\ud800" in gb18030'],
    ] as const
  ) {
    await assertRejects(
      async () => (await openEncoding(name)).encode(text),
      UsageError,
      reason,
    );
  }
});

Deno.test("openEncoding() shows bytes that mean nothing as U+FFFD", async () => {
  for (const name of ["utf-8", "gbk", "gb18030"] as const) {
    const { decode } = await openEncoding(name);
    assertEquals(decode(Uint8Array.of(0x61, 0xff)), "a\ufffd", name);
  }
});
