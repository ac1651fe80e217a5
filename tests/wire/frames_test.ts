import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  encodeFrame,
  FrameError,
  FrameSplitter,
  type Framing,
} from "../../lib/wire/frames.ts";
import { Random } from "../netlab/internet/random.ts";
import { concat } from "./_vectors.ts";

const MAX_FRAME = 8;

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** What comes out of a splitter for pieces of a stream, and what is left in it. */
function split(
  framing: Framing,
  pieces: readonly Uint8Array<ArrayBuffer>[],
  maxFrame = MAX_FRAME,
): { messages: Uint8Array[]; pending: Uint8Array } {
  const splitter = new FrameSplitter(framing, maxFrame);
  const messages: Uint8Array[] = [];
  for (const piece of pieces) {
    splitter.push(piece, (message) => messages.push(message.slice()));
  }
  return { messages, pending: splitter.takePending().slice() };
}

const STREAMS: readonly [Framing, string[]][] = [
  ["line", ["a\n", "\n", "bc\r\n", "12345678\n", "end"]],
  ["length", [
    "\0\0\0\x01a",
    "\0\0\0\0",
    "\0\0\0\x0812345678",
    "\0\0\0\x02\n\n",
    "\0\0\0\x03ab",
  ]],
];

for (const [framing, parts] of STREAMS) {
  const stream = concat(...parts.map(bytes)) as Uint8Array<ArrayBuffer>;
  const expected = {
    messages: parts.slice(0, -1).map(bytes),
    pending: bytes(parts.at(-1)!),
  };

  Deno.test(`FrameSplitter finds the messages of a ${framing} stream, wherever it is cut`, () => {
    assertEquals<unknown>(split(framing, [stream]), expected);
    const single = Array.from(stream, (byte) => Uint8Array.of(byte));
    assertEquals<unknown>(split(framing, single), expected);
    for (let first = 0; first <= stream.length; first++) {
      for (let second = first; second <= stream.length; second++) {
        const pieces = [
          stream.slice(0, first),
          stream.slice(first, second),
          stream.slice(second),
        ];
        assertEquals<unknown>(split(framing, pieces), expected);
      }
    }
  });
}

Deno.test("FrameSplitter without framing hands over what was read, as it was read", () => {
  const pieces = ["ab\n", "c", ""].map(bytes);
  assertEquals<unknown>(split("none", pieces), {
    messages: [bytes("ab\n"), bytes("c")],
    pending: bytes(""),
  });
});

Deno.test("FrameSplitter copies nothing of a message that lies whole in a read", () => {
  const splitter = new FrameSplitter("line", MAX_FRAME);
  const read = bytes("ab\ncd\ne");
  splitter.push(read, (message) => {
    assertStrictEquals(message.buffer, read.buffer);
  });
  assertEquals(splitter.pendingBytes, 1);
});

Deno.test("FrameSplitter hands over what comes before a message that is too long", () => {
  for (
    const [framing, stream, length] of [
      ["line", "ab\n123456789\n", "9 bytes"],
      ["line", "ab\n123456789", "at least 9 bytes"],
      ["length", "\0\0\0\x02ab\0\0\0\x09", "9 bytes"],
      ["length", "\0\0\0\x02ab\xff\xff\xff\xff", "4294967295 bytes"],
    ] as const
  ) {
    const read = Uint8Array.from(stream, (letter) => letter.charCodeAt(0));
    const splitter = new FrameSplitter(framing, MAX_FRAME);
    const messages: number[] = [];
    assertThrows(
      () => splitter.push(read, (message) => messages.push(message.length)),
      FrameError,
      `Message of ${length}: 8 at most`,
    );
    assertEquals(messages, [framing === "line" ? 3 : 6]);
  }
});

Deno.test("FrameSplitter tells that a line is too long before its end has come", () => {
  const splitter = new FrameSplitter("line", MAX_FRAME);
  splitter.push(bytes("12345678"), () => {});
  assertEquals(splitter.pendingBytes, 8);
  assertThrows(() => splitter.push(bytes("9"), () => {}), FrameError);
});

Deno.test("encodeFrame() writes what FrameSplitter reads", () => {
  assertEquals(encodeFrame("none", bytes("ab")), bytes("ab"));
  assertEquals(encodeFrame("line", bytes("ab")), bytes("ab\n"));
  assertEquals(encodeFrame("length", bytes("ab")), bytes("\0\0\0\x02ab"));
  const random = new Random(1);
  for (const framing of ["line", "length"] as const) {
    const frames = Array.from({ length: 200 }, () => {
      const payload = random.fill(new Uint8Array(random.below(600)));
      return encodeFrame(framing, payload.map((byte) => byte | 0x80));
    });
    const stream = concat(...frames) as Uint8Array<ArrayBuffer>;
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for (let at = 0; at < stream.length;) {
      const end = at + 1 + random.below(900);
      pieces.push(stream.slice(at, end));
      at = end;
    }
    const { messages, pending } = split(framing, pieces, 600);
    assertEquals<unknown>(messages, frames);
    assertEquals(pending.length, 0);
  }
});
