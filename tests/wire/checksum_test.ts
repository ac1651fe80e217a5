import { assertEquals } from "@std/assert";
import { foldChecksum, sum16 } from "../../lib/wire/checksum.ts";
import { concat, ECHO_REPLY_4, hex, seeded } from "./_vectors.ts";

function randomBytes(length: number, seed: number): Uint8Array {
  const random = seeded(seed);
  return Uint8Array.from({ length }, () => random(256));
}

/** RFC 1071 section 1 word by word, with exact integers. */
function reference(bytes: Uint8Array): number {
  let sum = 0n;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += BigInt(bytes[i]! * 256 + (bytes[i + 1] ?? 0));
  }
  while (sum > 0xffffn) sum = (sum >> 16n) + (sum & 0xffffn);
  return Number(sum);
}

Deno.test("sum16() adds the example of RFC 1071 section 3", () => {
  const bytes = hex("0001 f203 f4f5 f6f7");
  assertEquals(sum16(bytes), 0xddf2);
  assertEquals(foldChecksum(sum16(bytes)), 0x220d);
});

Deno.test("sum16() finds real packets intact", () => {
  assertEquals(foldChecksum(sum16(ECHO_REPLY_4, 0, 20)), 0);
  assertEquals(foldChecksum(sum16(ECHO_REPLY_4, 20)), 0);
});

Deno.test("sum16() gives what a packet carries when its checksum is zeroed", () => {
  const message = ECHO_REPLY_4.slice(20);
  message.fill(0, 2, 4);
  assertEquals(foldChecksum(sum16(message)), 0xe5f7);
});

Deno.test("sum16() is right for every length and alignment", () => {
  const bytes = randomBytes(700, 1);
  for (let start = 0; start < 9; start++) {
    for (let end = start; end < bytes.length; end++) {
      const part = bytes.slice(start, end);
      assertEquals(sum16(bytes, start, end), reference(part));
      if (end % 50 === 0) {
        assertEquals(sum16(bytes.subarray(start, end)), reference(part));
      }
    }
  }
});

Deno.test("sum16() keeps every carry of the largest packet", () => {
  assertEquals(sum16(new Uint8Array(65_535).fill(0xff)), 0xff00);
  assertEquals(sum16(new Uint8Array(65_534).fill(0xff)), 0xffff);
  const bytes = randomBytes(65_535, 2);
  assertEquals(sum16(bytes), reference(bytes));
});

Deno.test("sum16() continues a sum over several pieces", () => {
  const pieces = [
    randomBytes(40, 3),
    randomBytes(1000, 4),
    randomBytes(7, 5),
  ];
  const sum = pieces.reduce((sum, p) => sum16(p, 0, p.length, sum), 0);
  assertEquals(sum, reference(concat(...pieces)));
});

Deno.test("sum16() takes an initial sum that was not folded", () => {
  assertEquals(sum16(hex("0001"), 0, 2, 0x3_fffe), 3);
});

Deno.test("sum16() is zero for nothing but zeros", () => {
  assertEquals(sum16(new Uint8Array(0)), 0);
  assertEquals(sum16(new Uint8Array(600)), 0);
  assertEquals(sum16(hex("ffff")), 0xffff);
});

Deno.test("foldChecksum() adds carries in before it complements", () => {
  assertEquals(foldChecksum(0), 0xffff);
  assertEquals(foldChecksum(0xffff), 0);
  assertEquals(foldChecksum(0x1_ffff), 0xfffe);
  assertEquals(foldChecksum(2 ** 40 + 5), 0xfefa);
});
