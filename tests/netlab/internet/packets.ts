/**
 * IP packets as the simulator reads and writes them. Nothing here comes from
 * `lib/wire`, so that a mistake there cannot hide itself.
 */

import type { Family } from "../../../lib/wire/address.ts";

export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;
export const ICMP6 = 58;

const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
/** How much of a packet comes back in an error: RFC 1812 section 4.3.2.3, RFC 4443 section 2.4 (c). */
const LARGEST_ERROR: Readonly<Record<Family, number>> = { 4: 576, 6: 1280 };

/** A packet and where its parts are. */
export interface Packet {
  readonly family: Family;
  /** The whole packet. */
  readonly bytes: Uint8Array;
  readonly protocol: number;
  readonly hopLimit: number;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** What the IP header carries. */
  readonly body: Uint8Array;
  /** May not be fragmented. */
  readonly whole: boolean;
  readonly fragment: boolean;
}

export function get16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = (value >> 8) & 0xff;
  bytes[at + 1] = value & 0xff;
}

/** The one's complement sum of 16-bit words, not yet complemented. */
function sum(bytes: Uint8Array, initial: number): number {
  let total = initial;
  const even = bytes.length & ~1;
  for (let i = 0; i < even; i += 2) total += (bytes[i]! << 8) | bytes[i + 1]!;
  if (even < bytes.length) total += bytes[even]! << 8;
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
  return total;
}

/** Reads a packet; undefined where it is no sound IP packet. */
export function readPacket(bytes: Uint8Array): Packet | undefined {
  const version = bytes[0]! >> 4;
  if (version === 4) return readIpv4(bytes);
  if (version === 6) return readIpv6(bytes);
  return undefined;
}

function readIpv4(bytes: Uint8Array): Packet | undefined {
  const header = (bytes[0]! & 15) * 4;
  if (header < IPV4_HEADER || bytes.length < header) return undefined;
  if (get16(bytes, 2) !== bytes.length) return undefined;
  if (sum(bytes.subarray(0, header), 0) !== 0xffff) return undefined;
  const flags = get16(bytes, 6);
  return {
    family: 4,
    bytes,
    protocol: bytes[9]!,
    hopLimit: bytes[8]!,
    source: bytes.subarray(12, 16),
    destination: bytes.subarray(16, 20),
    body: bytes.subarray(header),
    whole: (flags & 0x4000) !== 0,
    fragment: (flags & 0x3fff) !== 0,
  };
}

function readIpv6(bytes: Uint8Array): Packet | undefined {
  if (bytes.length < IPV6_HEADER) return undefined;
  if (get16(bytes, 4) + IPV6_HEADER !== bytes.length) return undefined;
  return {
    family: 6,
    bytes,
    protocol: bytes[6]!,
    hopLimit: bytes[7]!,
    source: bytes.subarray(8, 24),
    destination: bytes.subarray(24, 40),
    body: bytes.subarray(IPV6_HEADER),
    whole: true,
    fragment: bytes[6] === 44,
  };
}

/** Where a protocol's header has its checksum; undefined for one without. */
function checksumOffset(protocol: number): number | undefined {
  switch (protocol) {
    case ICMP:
    case ICMP6:
      return 2;
    case TCP:
      return 16;
    case UDP:
      return 6;
    default:
      return undefined;
  }
}

function bodySum(packet: Packet): number {
  if (packet.protocol === ICMP) return sum(packet.body, 0);
  let initial = packet.protocol + packet.body.length;
  initial = sum(packet.source, initial);
  initial = sum(packet.destination, initial);
  return sum(packet.body, initial);
}

/** Whether the checksum of what the packet carries is right. */
export function isBodySound(packet: Packet): boolean {
  const offset = checksumOffset(packet.protocol);
  if (offset === undefined) return true;
  return packet.body.length >= offset + 2 && bodySum(packet) === 0xffff;
}

/** Makes the checksum of what the packet carries right. */
export function sealBody(packet: Packet): void {
  const offset = checksumOffset(packet.protocol);
  if (offset === undefined || packet.body.length < offset + 2) return;
  put16(packet.body, offset, 0);
  put16(packet.body, offset, 0xffff - bodySum(packet));
}

/** Makes the checksum of the IP header right. */
function sealHeader(packet: Packet): void {
  if (packet.family === 6) return;
  const header = packet.bytes.subarray(
    0,
    packet.bytes.length - packet.body.length,
  );
  put16(header, 10, 0);
  put16(header, 10, 0xffff - sum(header, 0));
}

/** Builds a packet around `body`, which is copied; its checksum is made right unless `sealed` is false. */
export function buildPacket(
  source: Uint8Array,
  destination: Uint8Array,
  protocol: number,
  hopLimit: number,
  body: Uint8Array,
  sealed = true,
): Packet {
  const family = source.length === 4 ? 4 : 6;
  const header = family === 4 ? IPV4_HEADER : IPV6_HEADER;
  const bytes = new Uint8Array(header + body.length);
  if (family === 4) {
    bytes[0] = 0x45;
    put16(bytes, 2, bytes.length);
    bytes[8] = hopLimit;
    bytes[9] = protocol;
    bytes.set(source, 12);
    bytes.set(destination, 16);
  } else {
    bytes[0] = 0x60;
    put16(bytes, 4, body.length);
    bytes[6] = protocol;
    bytes[7] = hopLimit;
    bytes.set(source, 8);
    bytes.set(destination, 24);
  }
  bytes.set(body, header);
  const packet: Packet = {
    family,
    bytes,
    protocol,
    hopLimit,
    source: bytes.subarray(family === 4 ? 12 : 8, family === 4 ? 16 : 24),
    destination: bytes.subarray(family === 4 ? 16 : 24, header),
    body: bytes.subarray(header),
    whole: family === 6,
    fragment: false,
  };
  sealHeader(packet);
  if (sealed) sealBody(packet);
  return packet;
}

/** A packet of its own with the same content, its hop limit and source replaced where given. */
export function copyPacket(
  packet: Packet,
  changes: { hopLimit?: number; source?: Uint8Array } = {},
): Packet {
  const copy = readPacket(packet.bytes.slice())!;
  copy.bytes[packet.family === 4 ? 8 : 7] = changes.hopLimit ??
    packet.hopLimit;
  if (changes.source !== undefined) copy.source.set(changes.source);
  sealHeader(copy);
  return copy;
}

/** The protocol number of ICMP in a family. */
export function icmpProtocol(family: Family): number {
  return family === 4 ? ICMP : ICMP6;
}

/** What an ICMP error says; see `ErrorMessage` and `Quote` in scenario.ts for the words. */
export interface ErrorContent {
  readonly type: number;
  readonly code: number;
  /** Bytes 4 to 7 of the message. */
  readonly rest?: Uint8Array;
  readonly quote: "full" | "none" | number;
  readonly mpls: readonly {
    label: number;
    trafficClass: number;
    ttl: number;
  }[];
  readonly withoutLength: boolean;
}

/** The part of a packet that an error about it quotes. */
function quoted(about: Packet, content: ErrorContent): Uint8Array {
  const header = about.bytes.length - about.body.length;
  if (content.quote === "none") return new Uint8Array();
  if (content.quote !== "full") {
    return about.bytes.subarray(0, header + content.quote);
  }
  const ownHeaders = (about.family === 4 ? IPV4_HEADER : IPV6_HEADER) + 8;
  const room = LARGEST_ERROR[about.family] - ownHeaders -
    (content.mpls.length === 0 ? 0 : 8 + 4 * content.mpls.length);
  // RFC 4884 counts the quote in words of 4 bytes, or 8.
  return about.bytes.subarray(0, room & ~7);
}

/** An RFC 4884 extension structure with one RFC 4950 label stack. */
function labelStack(mpls: ErrorContent["mpls"]): Uint8Array {
  const bytes = new Uint8Array(8 + 4 * mpls.length);
  bytes[0] = 2 << 4;
  put16(bytes, 4, 4 + 4 * mpls.length);
  bytes[6] = 1; // class: MPLS label stack
  bytes[7] = 1; // type: incoming
  mpls.forEach(({ label, trafficClass, ttl }, index) => {
    const bottom = index === mpls.length - 1 ? 1 : 0;
    const at = 8 + 4 * index;
    put16(bytes, at, label >> 4);
    bytes[at + 2] = ((label & 15) << 4) | (trafficClass << 1) | bottom;
    bytes[at + 3] = ttl;
  });
  put16(bytes, 2, 0xffff - sum(bytes, 0));
  return bytes;
}

/** Builds the ICMP error that `from` sends about a packet, to its source or to `to`. */
export function buildError(
  from: Uint8Array,
  about: Packet,
  content: ErrorContent,
  hopLimit = 64,
  to = about.source,
): Packet {
  const quote = quoted(about, content);
  const extension = content.mpls.length === 0
    ? new Uint8Array()
    : labelStack(content.mpls);
  const word = about.family === 4 ? 4 : 8;
  const quoteBytes = extension.length === 0
    ? quote.length
    : Math.max(128, Math.ceil(quote.length / word) * word);
  const body = new Uint8Array(8 + quoteBytes + extension.length);
  body[0] = content.type;
  body[1] = content.code;
  if (content.rest !== undefined) body.set(content.rest, 4);
  if (extension.length > 0 && !content.withoutLength) {
    body[about.family === 4 ? 5 : 4] = quoteBytes / word;
  }
  body.set(quote, 8);
  body.set(extension, 8 + quoteBytes);
  return buildPacket(from, to, icmpProtocol(about.family), hopLimit, body);
}
