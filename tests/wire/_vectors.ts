/**
 * Packets that this project did not make: captured from Linux 6.18 between
 * network namespaces, or built with scapy 2.5 where Linux sends none. tcpdump
 * reads all of them as the tests do, checksums included.
 */

import { formatAddress } from "../../lib/wire/address.ts";

/** Bytes from hexadecimal digits, in which white space is ignored. */
export function hex(digits: string): Uint8Array {
  const compact = digits.replace(/\s/g, "");
  return Uint8Array.from(
    { length: compact.length / 2 },
    (_, i) => parseInt(compact.slice(2 * i, 2 * i + 2), 16),
  );
}

/** The pieces one after another. */
export function concat(...pieces: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** A numbers generator that gives the same sequence for the same seed, each from 0 to `below - 1`. */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    // The full-period generator of Numerical Recipes; its upper bits are good enough.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

/** Text of an address, or undefined. */
export function text(address: Uint8Array | undefined): string | undefined {
  return address && formatAddress(address);
}

// An echo request of ping -s 16 that a router dropped, and one that was answered; whole IPv4 packets.
export const ECHO_REQUEST_4 = hex(`
  4500002c290f40004001faae0a0901010a090201
  0800ddf71d010001bae7006b0000000035b30c0000000000`);
export const ECHO_REPLY_4 = hex(`
  4500002cf81300003f016caa0a0902010a090101
  0000e5f71d010001bae7006b0000000035b30c0000000000`);
export const TIME_EXCEEDED_4 = hex(`
  45c00048937b00004001d0650a0901020a090101 0b00f4ff00000000
  4500002c29104000010139ae0a0901010a090201
  080026f11d020001bae7006b00000000ecb80c0000000000`);
export const HOST_UNREACHABLE_4 = hex(`
  45c00048958b00004001ce550a0901020a090101 0301fcfe00000000
  4500002c909a40003f0193d70a0901010a09024d
  0800bdd31d0e0001bce7006b0000000053ca0c0000000000`);
export const PORT_UNREACHABLE_4 = hex(`
  45c0003bfe1400003f0165da0a0902010a090101 0303979c00000000
  4500001f8d0040003f1197ba0a0901010a090201 b4ac270f000b173068690a`);
export const REDIRECT_4 = hex(`
  45c0004898b100004001cb2f0a0901020a090101 0501efa80a09014d
  4500002c92cb40003f013bf20a0901010a095801
  08002b681d380001c3e7006b00000000dc0b0f0000000000`);

// Whole IPv6 packets.
export const ECHO_REQUEST_6 = hex(`
  6008bde900183a40
  fd090001000000000000000000000001 fd090002000000000000000000000001
  800051191d2d0001c0e7006b0000000048fa0d0000000000`);
export const ECHO_REPLY_6 = hex(`
  6004df6200183a3f
  fd090002000000000000000000000001 fd090001000000000000000000000001
  810050191d2d0001c0e7006b0000000048fa0d0000000000`);
export const TIME_EXCEEDED_6 = hex(`
  600f322200483a40
  fd090001000000000000000000000002 fd090001000000000000000000000001
  0300aaab00000000 6008bde900183a01
  fd090001000000000000000000000001 fd090002000000000000000000000001
  80003b131d2e0001c0e7006b000000005eff0d0000000000`);
export const ADDRESS_UNREACHABLE_6 = hex(`
  600cecb300483a40
  fd090001000000000000000000000002 fd090001000000000000000000000001
  010322db00000000 600a477700183a3f
  fd090001000000000000000000000001 fd090002000000000000000000000077
  8000498d1d310001c0e7006b000000004f0c0e0000000000`);
export const PORT_UNREACHABLE_6 = hex(`
  600fbd2b003b3a3f
  fd090002000000000000000000000001 fd090001000000000000000000000001
  0104e0bc00000000 60089251000b113f
  fd090001000000000000000000000001 fd090002000000000000000000000001
  923b270f000bfa3468690a`);

// The following are built; ICMP messages and quoted packets alone.
/** 10.9.1.1 > 10.9.2.1, echo request 1 of 0x1d01, payload ab cd ... */
export const QUOTE_4 = hex(`
  4500002c123400000101908a0a0901010a090201
  08007c901d010001abcdabcdabcdabcdabcdabcdabcdabcd`);
/** fd09:1::1 > fd09:2::1, echo request 2 of 0x1d2d, payload ab cd ... */
export const QUOTE_6 = hex(`
  6000000000183a01
  fd090001000000000000000000000001 fd090002000000000000000000000001
  800009f81d2d0002abcdabcdabcdabcdabcdabcdabcdabcd`);
/** The same behind hop-by-hop options, destination options and a first fragment header. */
export const QUOTE_6_EXTENDED = hex(`
  6000000000300001
  fd090001000000000000000000000001 fd090002000000000000000000000001
  3c00010400000000 2c00010400000000 3a00000100000007
  800009f81d2d0002abcdabcdabcdabcdabcdabcdabcdabcd`);
/** DSCP EF, don't fragment, ttl 63, record route of two; echo request 3 of 0x1d01, payload "xy". */
export const RECORD_ROUTE_4 = hex(`
  48b8002abeef40003f0140f60a0901010a090201
  070b040a0901020a09020200 080062821d0100037879`);
/** Traffic class 0xb8, flow label 0xabcde, hop limit 3. */
export const LABELLED_6 = hex(`
  6b8abcde00083a03
  fd090001000000000000000000000001 fd090002000000000000000000000001
  800085a100010002`);
export const FRAGMENTATION_NEEDED_4 = concat(hex("0304f78300000578"), QUOTE_4);
export const PARAMETER_PROBLEM_4 = concat(hex("0c00dfff14000000"), QUOTE_4);
export const PACKET_TOO_BIG_6 = concat(hex("0200642500000578"), QUOTE_6);
export const PARAMETER_PROBLEM_6 = concat(hex("0401677400000028"), QUOTE_6);
/** With a target link-layer address option and a redirected header option. */
export const REDIRECT_6 = concat(
  hex(`8900dbea00000000
    fe800000000000000000000000000077 fd090088000000000000000000000001
    0201020000000077 0409000000000000`),
  QUOTE_6,
);

/** MPLS label stack (24001/0/0/1, 74565/5/1/254) and an interface information object. */
export const EXTENSIONS = hex(
  "200058cb 000c0101 05dc1001 12345bfe 00080209 00000007",
);
export const PADDED_QUOTE_4 = concat(
  QUOTE_4,
  new Uint8Array(128 - QUOTE_4.length),
);
export const PADDED_QUOTE_6 = concat(
  QUOTE_6,
  new Uint8Array(128 - QUOTE_6.length),
);
/** Length 32 words of 32 bits: the form of RFC 4884. */
export const EXTENDED_4 = concat(
  hex("0b00f4df00200000"),
  PADDED_QUOTE_4,
  EXTENSIONS,
);
/** No length: the form that came before it. */
export const EXTENDED_WITHOUT_LENGTH_4 = concat(
  hex("0b00f4ff00000000"),
  PADDED_QUOTE_4,
  EXTENSIONS,
);
/** Length 16 words of 64 bits; from fd09:1::2 to fd09:1::1. */
export const EXTENDED_6 = concat(
  hex("0300584510000000"),
  PADDED_QUOTE_6,
  EXTENSIONS,
);

/** Every ICMP message above, by family. */
export const ICMP_MESSAGES: readonly (readonly [4 | 6, Uint8Array])[] = [
  [4, ECHO_REQUEST_4.subarray(20)],
  [4, ECHO_REPLY_4.subarray(20)],
  [4, TIME_EXCEEDED_4.subarray(20)],
  [4, HOST_UNREACHABLE_4.subarray(20)],
  [4, PORT_UNREACHABLE_4.subarray(20)],
  [4, REDIRECT_4.subarray(20)],
  [4, FRAGMENTATION_NEEDED_4],
  [4, PARAMETER_PROBLEM_4],
  [4, EXTENDED_4],
  [4, EXTENDED_WITHOUT_LENGTH_4],
  [6, ECHO_REQUEST_6.subarray(40)],
  [6, ECHO_REPLY_6.subarray(40)],
  [6, TIME_EXCEEDED_6.subarray(40)],
  [6, ADDRESS_UNREACHABLE_6.subarray(40)],
  [6, PORT_UNREACHABLE_6.subarray(40)],
  [6, REDIRECT_6],
  [6, PACKET_TOO_BIG_6],
  [6, PARAMETER_PROBLEM_6],
  [6, EXTENDED_6],
];
