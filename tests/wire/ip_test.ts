import { assert, assertEquals, assertThrows } from "@std/assert";
import { PacketError } from "../../lib/wire/errors.ts";
import {
  decodeIpv4Header,
  decodeIpv6Header,
  quotedEcho,
} from "../../lib/wire/ip.ts";
import * as vectors from "./_vectors.ts";
import { concat, hex, text } from "./_vectors.ts";

Deno.test("decodeIpv4Header() reads every field", () => {
  assertEquals(decodeIpv4Header(vectors.RECORD_ROUTE_4), {
    headerBytes: 32,
    totalBytes: 42,
    tos: 0xb8,
    identification: 0xbeef,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    ttl: 63,
    protocol: 1,
    checksumValid: true,
    source: hex("0a090101"),
    destination: hex("0a090201"),
    options: hex("070b040a0901020a09020200"),
  });
  const fragment = vectors.QUOTE_4.slice();
  fragment.set(hex("3fff"), 6);
  const header = decodeIpv4Header(fragment);
  assertEquals(
    [header.dontFragment, header.moreFragments, header.fragmentOffset],
    [false, true, 65528],
  );
  assertEquals(header.options.length, 0);
});

Deno.test("decodeIpv4Header() notices every single bit that is flipped in a header", () => {
  for (let bit = 0; bit < 32 * 8; bit++) {
    const flipped = vectors.RECORD_ROUTE_4.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    // The version and the header length decide what is read at all.
    if (bit >> 3 !== 0) assert(!decodeIpv4Header(flipped).checksumValid);
  }
});

Deno.test("decodeIpv4Header() refuses what is no IPv4 header", () => {
  const packet = vectors.RECORD_ROUTE_4;
  for (let length = 0; length < 32; length++) {
    const error = assertThrows(
      () => decodeIpv4Header(packet.subarray(0, length)),
      PacketError,
      `Cannot decode IPv4 header: ${length} bytes of ${length < 20 ? 20 : 32}`,
    );
    assertEquals(error.offset, length);
  }
  assertThrows(
    () => decodeIpv4Header(vectors.LABELLED_6),
    PacketError,
    "Cannot decode IPv4 header: version is 6",
  );
  const short = vectors.QUOTE_4.slice();
  short[0] = 0x44;
  assertThrows(
    () => decodeIpv4Header(short),
    PacketError,
    "Cannot decode IPv4 header: length field says 16 bytes",
  );
});

Deno.test("decodeIpv6Header() reads every field", () => {
  assertEquals(decodeIpv6Header(vectors.LABELLED_6), {
    headerBytes: 40,
    totalBytes: 48,
    trafficClass: 0xb8,
    flowLabel: 0xabcde,
    nextHeader: 58,
    hopLimit: 3,
    source: hex("fd090001000000000000000000000001"),
    destination: hex("fd090002000000000000000000000001"),
  });
});

Deno.test("decodeIpv6Header() refuses what is no IPv6 header", () => {
  for (let length = 0; length < 40; length++) {
    assertThrows(
      () => decodeIpv6Header(vectors.LABELLED_6.subarray(0, length)),
      PacketError,
      `Cannot decode IPv6 header: ${length} bytes of 40`,
    );
  }
  assertThrows(
    () => decodeIpv6Header(vectors.TIME_EXCEEDED_4),
    PacketError,
    "Cannot decode IPv6 header: version is 4",
  );
});

Deno.test("quotedEcho() finds the request", () => {
  const payload = hex("abcdabcdabcdabcdabcdabcdabcdabcd");
  for (
    const [family, packet, destination, identifier, sequence, rest] of [
      [4, vectors.QUOTE_4, "10.9.2.1", 0x1d01, 1, payload],
      [4, vectors.RECORD_ROUTE_4, "10.9.2.1", 0x1d01, 3, hex("7879")],
      [6, vectors.QUOTE_6, "fd09:2::1", 0x1d2d, 2, payload],
      [6, vectors.QUOTE_6_EXTENDED, "fd09:2::1", 0x1d2d, 2, payload],
      [6, vectors.LABELLED_6, "fd09:2::1", 1, 2, new Uint8Array()],
    ] as const
  ) {
    const echo = quotedEcho(family, packet);
    assertEquals(text(echo?.destination), destination);
    assertEquals([echo?.identifier, echo?.sequence], [identifier, sequence]);
    assertEquals(echo?.payload, rest);
  }
});

Deno.test("quotedEcho() makes do with the eight bytes that RFC 792 grants", () => {
  const echo = quotedEcho(4, vectors.QUOTE_4.subarray(0, 28));
  assertEquals([echo?.identifier, echo?.sequence], [0x1d01, 1]);
  assertEquals(echo?.payload.length, 0);
});

Deno.test("quotedEcho() ignores the lengths and checksums that routers rewrite", () => {
  const packet = vectors.QUOTE_4.slice();
  packet.set(hex("0000"), 2);
  packet.set(hex("0000"), 10);
  assertEquals(quotedEcho(4, packet)?.sequence, 1);
});

Deno.test("quotedEcho() is undefined for every cut before the end of the echo header", () => {
  for (
    const [family, packet, end] of [
      [4, vectors.QUOTE_4, 28],
      [4, vectors.RECORD_ROUTE_4, 40],
      [6, vectors.QUOTE_6, 48],
      [6, vectors.QUOTE_6_EXTENDED, 72],
    ] as const
  ) {
    for (let length = 0; length < end; length++) {
      assertEquals(quotedEcho(family, packet.subarray(0, length)), undefined);
    }
    assert(quotedEcho(family, packet.subarray(0, end)) !== undefined);
  }
});

Deno.test("quotedEcho() is undefined for what is no echo request", () => {
  const notFirst4 = vectors.QUOTE_4.slice();
  notFirst4[7] = 1;
  const notFirst6 = vectors.QUOTE_6_EXTENDED.slice();
  notFirst6[59] = 8;
  const noNextHeader = vectors.QUOTE_6.slice();
  noNextHeader[6] = 59;
  for (
    const [family, packet] of [
      [4, vectors.QUOTE_6],
      [6, vectors.QUOTE_4],
      [4, vectors.ECHO_REPLY_4],
      [6, vectors.ECHO_REPLY_6],
      [4, vectors.PORT_UNREACHABLE_4.subarray(28)],
      [6, vectors.PORT_UNREACHABLE_6.subarray(48)],
      [4, notFirst4],
      [6, notFirst6],
      [6, noNextHeader],
    ] as const
  ) {
    assertEquals(quotedEcho(family, packet), undefined);
  }
});

Deno.test("quotedEcho() walks an authentication header", () => {
  const header = vectors.QUOTE_6.slice(0, 40);
  header[6] = 51;
  const authentication = hex(
    "3a040000 00000001 00000002 000000000000000000000000",
  );
  const packet = concat(header, authentication, vectors.QUOTE_6.subarray(40));
  assertEquals(quotedEcho(6, packet)?.sequence, 2);
});

Deno.test("quotedEcho() gives up on an endless chain of extension headers", () => {
  const header = vectors.QUOTE_6.slice(0, 40);
  header[6] = 60;
  const options = hex("3c00010400000000");
  const chain = Array.from({ length: 100 }, () => options);
  assertEquals(quotedEcho(6, concat(header, ...chain)), undefined);
});
