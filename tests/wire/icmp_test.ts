import { assert, assertEquals, assertThrows } from "@std/assert";
import { foldChecksum, sum16 } from "../../lib/wire/checksum.ts";
import { PacketError } from "../../lib/wire/errors.ts";
import {
  decodeIcmp,
  describeIcmpError,
  ICMP4,
  ICMP6,
  type IcmpError,
  type IcmpRedirect,
  verifyIcmp6Checksum,
  writeEchoHeader,
} from "../../lib/wire/icmp.ts";
import { quotedEcho } from "../../lib/wire/ip.ts";
import * as vectors from "./_vectors.ts";
import { concat, hex, text } from "./_vectors.ts";

function decodeError(family: 4 | 6, packet: Uint8Array): IcmpError {
  const message = decodeIcmp(family, packet);
  assert(message.kind === "error");
  return message;
}

function decodeRedirect(family: 4 | 6, packet: Uint8Array): IcmpRedirect {
  const message = decodeIcmp(family, packet);
  assert(message.kind === "redirect");
  return message;
}

Deno.test("decodeIcmp() reads echo requests and replies", () => {
  assertEquals(decodeIcmp(4, vectors.ECHO_REQUEST_4.subarray(20)), {
    kind: "echo-request",
    type: 8,
    code: 0,
    checksumValid: true,
    identifier: 0x1d01,
    sequence: 1,
  });
  assertEquals(decodeIcmp(4, vectors.ECHO_REPLY_4.subarray(20)), {
    kind: "echo-reply",
    type: 0,
    code: 0,
    checksumValid: true,
    identifier: 0x1d01,
    sequence: 1,
  });
  assertEquals(decodeIcmp(6, vectors.ECHO_REQUEST_6.subarray(40)), {
    kind: "echo-request",
    type: 128,
    code: 0,
    checksumValid: true,
    identifier: 0x1d2d,
    sequence: 1,
  });
  assertEquals(decodeIcmp(6, vectors.ECHO_REPLY_6.subarray(40)), {
    kind: "echo-reply",
    type: 129,
    code: 0,
    checksumValid: true,
    identifier: 0x1d2d,
    sequence: 1,
  });
});

Deno.test("decodeIcmp() notices every single bit that is flipped in an ICMPv4 message", () => {
  for (const [family, packet] of vectors.ICMP_MESSAGES) {
    if (family !== 4) continue;
    assert(decodeIcmp(4, packet).checksumValid);
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const flipped = packet.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      assert(!decodeIcmp(4, flipped).checksumValid, `bit ${bit}`);
    }
  }
});

Deno.test("decodeIcmp() finds a message of zeros damaged", () => {
  assert(!decodeIcmp(4, new Uint8Array(64)).checksumValid);
});

Deno.test("decodeIcmp() reads what routers and hosts report", () => {
  for (
    const [packet, from, type, code, destination, sequence] of [
      [vectors.TIME_EXCEEDED_4, 20, 11, 0, "10.9.2.1", 1],
      [vectors.HOST_UNREACHABLE_4, 20, 3, 1, "10.9.2.77", 1],
      [vectors.TIME_EXCEEDED_6, 40, 3, 0, "fd09:2::1", 1],
      [vectors.ADDRESS_UNREACHABLE_6, 40, 1, 3, "fd09:2::77", 1],
    ] as const
  ) {
    const family = from === 20 ? 4 : 6;
    const error = decodeError(family, packet.subarray(from));
    assertEquals([error.type, error.code], [type, code]);
    assertEquals([error.mtu, error.pointer, error.extensions], [0, 0, []]);
    assert(error.checksumValid);
    const echo = quotedEcho(family, error.quoted);
    assertEquals(text(echo?.destination), destination);
    assertEquals(echo?.sequence, sequence);
  }
});

Deno.test("decodeIcmp() reads the MTU of fragmentation needed and packet too big", () => {
  const error4 = decodeError(4, vectors.FRAGMENTATION_NEEDED_4);
  assertEquals([error4.type, error4.code, error4.mtu], [3, 4, 1400]);
  assertEquals(error4.quoted, vectors.QUOTE_4);
  const error6 = decodeError(6, vectors.PACKET_TOO_BIG_6);
  assertEquals([error6.type, error6.code, error6.mtu], [2, 0, 1400]);
  assertEquals(error6.quoted, vectors.QUOTE_6);
  const huge = decodeError(6, hex("02000000ffffffff"));
  assertEquals(huge.mtu, 0xffff_ffff);
});

Deno.test("decodeIcmp() reads the pointer of a parameter problem", () => {
  assertEquals(decodeError(4, vectors.PARAMETER_PROBLEM_4).pointer, 20);
  assertEquals(decodeError(6, vectors.PARAMETER_PROBLEM_6).pointer, 40);
});

Deno.test("decodeIcmp() reads a source quench", () => {
  const error = decodeError(
    4,
    concat(hex("0400000000ff0000"), vectors.QUOTE_4),
  );
  assertEquals(error.type, ICMP4.SOURCE_QUENCH);
  assertEquals(error.quoted, vectors.QUOTE_4);
  assertEquals(error.extensions, []);
});

Deno.test("decodeIcmp() takes unknown ICMPv6 types below 128 for errors", () => {
  const error = decodeError(
    6,
    concat(hex("6400000012345678"), vectors.QUOTE_6),
  );
  assertEquals([error.type, error.mtu, error.pointer], [100, 0, 0]);
  assertEquals(error.quoted, vectors.QUOTE_6);
});

Deno.test("decodeIcmp() reads redirects", () => {
  const redirect4 = decodeRedirect(4, vectors.REDIRECT_4.subarray(20));
  assertEquals([redirect4.type, redirect4.code], [5, 1]);
  assert(redirect4.checksumValid);
  assertEquals(text(redirect4.gateway), "10.9.1.77");
  assertEquals(
    text(quotedEcho(4, redirect4.quoted)?.destination),
    "10.9.88.1",
  );
  const redirect6 = decodeRedirect(6, vectors.REDIRECT_6);
  assertEquals([redirect6.type, redirect6.code], [137, 0]);
  assertEquals(text(redirect6.gateway), "fe80::77");
  assertEquals(redirect6.quoted, vectors.QUOTE_6);
});

Deno.test("decodeIcmp() reads an IPv6 redirect that quotes nothing", () => {
  const redirect = decodeRedirect(6, vectors.REDIRECT_6.subarray(0, 40));
  assertEquals(text(redirect.gateway), "fe80::77");
  assertEquals(redirect.quoted.length, 0);
});

Deno.test("decodeIcmp() names other messages by their type alone", () => {
  assertEquals(decodeIcmp(4, hex("0d00f2ff00000000")), {
    kind: "other",
    type: ICMP4.TIMESTAMP_REQUEST,
    code: 0,
    checksumValid: true,
  });
  assertEquals(decodeIcmp(6, hex("8700000000000000")), {
    kind: "other",
    type: ICMP6.NEIGHBOR_SOLICITATION,
    code: 0,
    checksumValid: true,
  });
});

Deno.test("decodeIcmp() refuses a message without a whole header", () => {
  for (const family of [4, 6] as const) {
    for (let length = 0; length < 8; length++) {
      const error = assertThrows(
        () => decodeIcmp(family, new Uint8Array(length)),
        PacketError,
        `Cannot decode ICMP message: ${length} bytes of 8`,
      );
      assertEquals(error.offset, length);
    }
  }
});

Deno.test("decodeIcmp() refuses an IPv6 redirect with impossible lengths", () => {
  assertThrows(
    () => decodeIcmp(6, vectors.REDIRECT_6.subarray(0, 39)),
    PacketError,
    "Cannot decode IPv6 redirect: 39 bytes of 40",
  );
  const zero = vectors.REDIRECT_6.slice();
  zero[41] = 0;
  const error = assertThrows(
    () => decodeIcmp(6, zero),
    PacketError,
    "Cannot decode IPv6 redirect: option of 0 bytes",
  );
  assertEquals(error.offset, 40);
  const cut = vectors.REDIRECT_6.subarray(0, vectors.REDIRECT_6.length - 1);
  assertThrows(
    () => decodeIcmp(6, cut),
    PacketError,
    "Cannot decode IPv6 redirect: option of 72 bytes",
  );
  const lone = vectors.REDIRECT_6.subarray(0, 41);
  assertThrows(() => decodeIcmp(6, lone), PacketError, "option of 0 bytes");
});

Deno.test("verifyIcmp6Checksum() takes the addresses into account", () => {
  for (
    const packet of [
      vectors.ECHO_REQUEST_6,
      vectors.ECHO_REPLY_6,
      vectors.TIME_EXCEEDED_6,
      vectors.ADDRESS_UNREACHABLE_6,
      vectors.PORT_UNREACHABLE_6,
    ]
  ) {
    const verify = (bytes: Uint8Array) =>
      verifyIcmp6Checksum(
        bytes.subarray(40),
        bytes.subarray(8, 24),
        bytes.subarray(24, 40),
      );
    assert(verify(packet));
    for (let bit = 8 * 8; bit < packet.length * 8; bit++) {
      const flipped = packet.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      assert(!verify(flipped), `bit ${bit}`);
    }
  }
});

Deno.test("writeEchoHeader() makes a request that reads back, with the checksum left out", () => {
  for (const family of [4, 6] as const) {
    const packet = new Uint8Array(12).fill(0xee);
    writeEchoHeader(packet, family, 0xbeef, 0x1_0203);
    const type = family === 4 ? "08" : "80";
    assertEquals(packet, hex(`${type}000000beef0203eeeeeeee`));
  }
  const request = vectors.ECHO_REQUEST_4.slice(20);
  writeEchoHeader(request, 4, 0x1d01, 1);
  assertEquals(foldChecksum(sum16(request)), 0xddf7);
});

Deno.test("describeIcmpError() speaks as ping does", () => {
  const expected4: Record<number, string[]> = {
    [ICMP4.DESTINATION_UNREACHABLE]: [
      "Destination Net Unreachable",
      "Destination Host Unreachable",
      "Destination Protocol Unreachable",
      "Destination Port Unreachable",
      "Frag needed and DF set",
      "Source Route Failed",
      "Destination Net Unknown",
      "Destination Host Unknown",
      "Source Host Isolated",
      "Destination Net Prohibited",
      "Destination Host Prohibited",
      "Destination Net Unreachable for Type of Service",
      "Destination Host Unreachable for Type of Service",
      "Packet filtered",
      "Precedence Violation",
      "Precedence Cutoff",
      "Dest Unreachable, Bad Code: 16",
    ],
    [ICMP4.SOURCE_QUENCH]: ["Source Quench"],
    [ICMP4.REDIRECT]: [
      "Redirect Network",
      "Redirect Host",
      "Redirect Type of Service and Network",
      "Redirect Type of Service and Host",
      "Redirect, Bad Code: 4",
    ],
    [ICMP4.TIME_EXCEEDED]: [
      "Time to live exceeded",
      "Frag reassembly time exceeded",
      "Time exceeded, Bad Code: 2",
    ],
    [ICMP4.PARAMETER_PROBLEM]: ["Parameter problem"],
    77: ["Bad ICMP type: 77"],
  };
  const expected6: Record<number, string[]> = {
    [ICMP6.DESTINATION_UNREACHABLE]: [
      "Destination unreachable: No route",
      "Destination unreachable: Administratively prohibited",
      "Destination unreachable: Beyond scope of source address",
      "Destination unreachable: Address unreachable",
      "Destination unreachable: Port unreachable",
      "Destination unreachable: Source address failed ingress/egress policy",
      "Destination unreachable: Reject route to destination",
      "Destination unreachable: Unknown code 7",
    ],
    [ICMP6.PACKET_TOO_BIG]: ["Packet too big"],
    [ICMP6.TIME_EXCEEDED]: [
      "Time exceeded: Hop limit",
      "Time exceeded: Defragmentation failure",
      "Time exceeded: code 2",
    ],
    [ICMP6.PARAMETER_PROBLEM]: [
      "Parameter problem: Wrong header field",
      "Parameter problem: Unknown header",
      "Parameter problem: Unknown option",
      "Parameter problem: code 3",
    ],
    [ICMP6.REDIRECT]: ["Redirect"],
    77: ["unknown icmp type: 77"],
  };
  for (const [family, table] of [[4, expected4], [6, expected6]] as const) {
    for (const [type, texts] of Object.entries(table)) {
      texts.forEach((expected, code) => {
        assertEquals(describeIcmpError(family, Number(type), code), expected);
      });
    }
  }
});
