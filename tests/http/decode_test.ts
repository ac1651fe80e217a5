import { assertEquals, assertRejects } from "@std/assert";
import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
} from "node:zlib";
import { type Coding, codingsOf, DecodeError } from "../../lib/http/coding.ts";
import { Decoder, DecoderChain } from "../../lib/http/decode.ts";
import { octets } from "../wire/http1/_outcome.ts";

const TEXT = "words ".repeat(1000);
const GZIP = new Uint8Array(gzipSync(TEXT));

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

async function decoded(coding: Coding, pieces: readonly Uint8Array[]) {
  let text = "";
  using decoder = new Decoder(coding, (bytes) => {
    text += new TextDecoder("latin1").decode(bytes);
  });
  for (const piece of pieces) await decoder.write(piece);
  await decoder.end();
  return { text, trailingBytes: decoder.trailingBytes };
}

/** In one piece, octet by octet, and at every cut. */
async function assertDecoded(
  coding: Coding,
  bytes: Uint8Array,
  expected: { readonly text: string; readonly trailingBytes: number },
): Promise<void> {
  const singly = [...bytes].map((octet) => Uint8Array.of(octet));
  assertEquals(await decoded(coding, [bytes]), expected);
  assertEquals(await decoded(coding, singly), expected);
  for (let at = 1; at < bytes.length; at++) {
    const pieces = [bytes.subarray(0, at), bytes.subarray(at)];
    assertEquals(await decoded(coding, pieces), expected, `cut at ${at}`);
  }
}

/** GZIP with every optional part of a header: RFC 1952, section 2.3. */
const LONG_HEADER = joined(
  octets("\x1f\x8b\x08\x1e\0\0\0\0\0\x03"),
  octets("\x05\0extra" + "name\0" + "comment\0" + "\x12\x34"),
  GZIP.subarray(10),
);

Deno.test("Decoder undoes each coding, wherever it is cut", async () => {
  const cases: readonly (readonly [Coding, Uint8Array])[] = [
    ["gzip", GZIP],
    ["gzip", LONG_HEADER],
    ["deflate", new Uint8Array(deflateSync(TEXT))],
    ["deflate", new Uint8Array(deflateRawSync(TEXT))],
    ["br", new Uint8Array(brotliCompressSync(TEXT))],
  ];
  for (const [coding, bytes] of cases) {
    await assertDecoded(coding, bytes, { text: TEXT, trailingBytes: 0 });
    const longer = joined(bytes, octets("garbage"));
    await assertDecoded(coding, longer, { text: TEXT, trailingBytes: 7 });
  }
});

Deno.test("Decoder undoes what is longer than it takes at a time", async () => {
  const text = Array.from({ length: 50_000 }, (_, i) => i * i).join(" ");
  const bytes = new Uint8Array(gzipSync(text));
  const expected = { text, trailingBytes: 100_000 };
  const longer = joined(bytes, new Uint8Array(100_000));
  assertEquals(await decoded("gzip", [longer]), expected);
});

Deno.test("Decoder gives its sink one piece at a time", async () => {
  const zeros = new Uint8Array(1_000_000);
  let busy = 0;
  let bytes = 0;
  using decoder = new Decoder("gzip", async (piece) => {
    assertEquals(++busy, 1);
    await new Promise((resolve) => setTimeout(resolve)); // it takes its time
    bytes += piece.length;
    busy--;
  });
  await decoder.write(new Uint8Array(gzipSync(zeros)));
  await decoder.end();
  assertEquals(bytes, zeros.length);
  using failing = new Decoder("gzip", async () => {
    await Promise.resolve();
    throw new RangeError("full");
  });
  await assertRejects(
    () => failing.write(new Uint8Array(gzipSync(zeros))),
    RangeError,
    "full",
  );
});

Deno.test("Decoder takes all members of gzip, and what follows for garbage", async () => {
  const empty = new Uint8Array(gzipSync(""));
  const members = joined(GZIP, empty, GZIP);
  const text = TEXT + TEXT;
  await assertDecoded("gzip", members, { text, trailingBytes: 0 });
  for (const garbage of ["\0\0\0", "\x1f\x8c", "\x1f\x8b\x07"]) {
    const bytes = joined(members, octets(garbage));
    const trailingBytes = garbage.length;
    await assertDecoded("gzip", bytes, { text, trailingBytes });
  }
});

Deno.test("Decoder tells what is cut from what is wrong", async () => {
  for (let length = 1; length < GZIP.length; length++) {
    const error = await assertRejects(
      () => decoded("gzip", [GZIP.subarray(0, length)]),
      DecodeError,
      `The gzip body ends in the middle, after ${length} bytes`,
    );
    assertEquals(error.code, "truncated-coding");
  }
  await assertRejects(
    () => decoded("gzip", [joined(GZIP, GZIP.subarray(0, 12))]),
    DecodeError,
    `The gzip body ends in the middle, after ${GZIP.length + 12} bytes`,
  );
  await assertRejects(
    () => decoded("gzip", [octets("hello")]),
    DecodeError,
    "The body is not gzip: it does not begin as gzip does",
  );
  for (const at of [GZIP.length - 8, GZIP.length - 1]) {
    const damaged = GZIP.slice();
    damaged[at]! ^= 1;
    await assertRejects(
      () => decoded("gzip", [damaged]),
      DecodeError,
      "The gzip body is damaged: its checksum is another one",
    );
  }
});

Deno.test("DecoderChain undoes the last coding first, and sees that all are whole", async () => {
  const bytes = new Uint8Array(
    brotliCompressSync(deflateSync(gzipSync(TEXT))),
  );
  const decode = async (bytes: Uint8Array) => {
    let text = "";
    using chain = new DecoderChain(["gzip", "deflate", "br"], (bytes) => {
      text += new TextDecoder("latin1").decode(bytes);
    });
    await chain.write(bytes);
    await chain.end();
    return [text, chain.decodedBytes, chain.trailingBytes];
  };
  assertEquals(await decode(bytes), [TEXT, TEXT.length, 0]);
  const inner = joined(GZIP, octets("more"));
  const longer = new Uint8Array(brotliCompressSync(deflateSync(inner)));
  assertEquals(await decode(longer), [TEXT, TEXT.length, 4]);
  const short = brotliCompressSync(deflateSync(GZIP.subarray(0, 20)));
  await assertRejects(
    () => decode(new Uint8Array(short)),
    DecodeError,
    "The gzip body ends in the middle, after 20 bytes",
  );
});

Deno.test("codingsOf() reads every Content-Encoding, and knows what it cannot undo", () => {
  const read = (...values: string[]) =>
    codingsOf(values.map((value) => ({ name: "Content-encoding", value })));
  assertEquals(read(), []);
  assertEquals(read("identity"), []);
  assertEquals(read("X-GZip"), ["gzip"]);
  assertEquals(read("gzip, Br", "deflate"), ["gzip", "br", "deflate"]);
  assertEquals(read("gzip, zstd"), undefined);
  assertEquals(read("br,".repeat(6)), undefined);
});
