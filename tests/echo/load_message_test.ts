import { assert, assertEquals } from "@std/assert";
import { LoadMessage } from "../../lib/echo/load_message.ts";

Deno.test("LoadMessage finds any byte that differs, however an answer is split", () => {
  for (const size of [1, 3, 64, 255, 256, 1001]) {
    const message = new LoadMessage(size, 7);
    message.advance();
    for (const step of [1, 5, 256, 300, size]) {
      for (const wrong of [-1, 0, size >> 1, size - 1]) {
        const answer = message.bytes.slice();
        if (wrong >= 0) answer[wrong]! ^= 0x80;
        const found: (number | undefined)[] = [];
        for (let at = 0; at < size; at += step) {
          // Where it lies in memory varies, too.
          const piece = answer.subarray(at, at + step);
          found.push(message.compare(piece, at)?.offset);
        }
        assertEquals(
          found.filter((offset) => offset !== undefined),
          wrong >= 0 ? [wrong] : [],
          `${size} ${step} ${wrong}`,
        );
      }
    }
  }
});

Deno.test("LoadMessage takes bytes beyond its end for a difference", () => {
  for (const size of [8, 300, 512]) {
    const message = new LoadMessage(size, 0);
    const answer = new Uint8Array(size + 400);
    answer.set(message.bytes);
    assertEquals(message.compare(answer, 0), {
      offset: size,
      expected: -1,
      actual: 0,
    });
    assertEquals(message.compare(answer.subarray(0, 300), size)?.offset, size);
  }
});

Deno.test("LoadMessage is another one each time, and on each connection", () => {
  const texts = new Set<string>();
  for (const seed of [0, 1, 2]) {
    const message = new LoadMessage(16, seed);
    for (let i = 0; i < 300; i++) {
      message.advance();
      texts.add(message.bytes.toString());
    }
  }
  assertEquals(texts.size, 900);
});

Deno.test("LoadMessage has bytes of every sort, for servers that change only some", () => {
  const sorts = {
    "control characters": (byte: number) => byte < 0x20,
    "capitals": (byte: number) => byte >= 0x41 && byte <= 0x5a,
    "small letters": (byte: number) => byte >= 0x61 && byte <= 0x7a,
    "high bits": (byte: number) => byte >= 0x80,
  };
  for (let seed = 0; seed < 256; seed++) {
    const { bytes } = new LoadMessage(64, seed);
    for (const [name, isSort] of Object.entries(sorts)) {
      assert(bytes.subarray(4).some(isSort), `${name} in message ${seed}`);
    }
  }
});

Deno.test("LoadMessage.numberOf() reads what number() wrote, 32 bits of it", () => {
  const message = new LoadMessage(8, 0);
  for (const number of [1, 0x80000000, 0xffffffff, 2 ** 32 + 5]) {
    message.number(number);
    assertEquals(message.numberOf(message.bytes), number % 2 ** 32);
  }
  assertEquals(message.numberOf(new Uint8Array(3)), 0);
});
