/** IPv4 and IPv6 headers, and the echo request inside a quoted packet. */

import { readUint16, requireBytes } from "./bytes.ts";
import type { Family } from "./address.ts";
import { foldChecksum, sum16 } from "./checksum.ts";
import { PacketError } from "./errors.ts";

/** Protocol numbers of the IPv4 protocol field and the IPv6 next header field (IANA). */
export const IP_PROTOCOL = {
  HOP_BY_HOP: 0,
  ICMP: 1,
  TCP: 6,
  UDP: 17,
  ROUTING: 43,
  FRAGMENT: 44,
  AUTHENTICATION: 51,
  ICMPV6: 58,
  DESTINATION_OPTIONS: 60,
} as const;

const IPV4_MIN_HEADER_BYTES = 20;
const IPV6_HEADER_BYTES = 40;
/** Extension headers to walk at the most; real packets have one or two. */
const MAX_EXTENSION_HEADERS = 16;

/** An IPv4 header, RFC 791 section 3.1. Arrays are views of the input. */
export interface Ipv4Header {
  /** Length of the header with its options, 20 to 60. */
  readonly headerBytes: number;
  /** The total length field, as written: a quoted packet is mostly shorter. */
  readonly totalBytes: number;
  /** Type of service: DSCP and ECN. */
  readonly tos: number;
  /** The same in all fragments of a datagram. */
  readonly identification: number;
  /** The DF flag: routers may not fragment. */
  readonly dontFragment: boolean;
  /** The MF flag: this is not the last fragment. */
  readonly moreFragments: boolean;
  /** Where in the original datagram this fragment belongs, in bytes. */
  readonly fragmentOffset: number;
  /** How many more routers may forward this packet. */
  readonly ttl: number;
  /** What follows the header, see {@linkcode IP_PROTOCOL}. */
  readonly protocol: number;
  /** Whether the header checksum is right. */
  readonly checksumValid: boolean;
  /** 4 bytes. */
  readonly source: Uint8Array;
  /** 4 bytes. */
  readonly destination: Uint8Array;
  /** 0 to 40 bytes, undecoded. */
  readonly options: Uint8Array;
}

/** An IPv6 header, RFC 8200 section 3. Arrays are views of the input. */
export interface Ipv6Header {
  /** Always 40: extension headers are not part of it. */
  readonly headerBytes: number;
  /** The header and the payload length field, as written. */
  readonly totalBytes: number;
  /** DSCP and ECN. */
  readonly trafficClass: number;
  /** 0 to 2^20 - 1; the same for all packets of a flow (RFC 6437). */
  readonly flowLabel: number;
  /** What follows the header, see {@linkcode IP_PROTOCOL}. */
  readonly nextHeader: number;
  /** How many more routers may forward this packet. */
  readonly hopLimit: number;
  /** 16 bytes. */
  readonly source: Uint8Array;
  /** 16 bytes. */
  readonly destination: Uint8Array;
}

/**
 * Reads the IPv4 header at the start of a packet. The packet may be cut short
 * anywhere after its header, as in the quotes of ICMP errors.
 *
 * @throws {PacketError} when the version is not 4 or the header is cut short
 */
export function decodeIpv4Header(packet: Uint8Array): Ipv4Header {
  requireBytes("IPv4 header", packet, IPV4_MIN_HEADER_BYTES);
  requireVersion(packet, 4);
  const headerBytes = (packet[0]! & 0x0f) * 4;
  if (headerBytes < IPV4_MIN_HEADER_BYTES) {
    throw new PacketError(
      `Cannot decode IPv4 header: length field says ${headerBytes} bytes`,
      0,
    );
  }
  requireBytes("IPv4 header", packet, headerBytes);
  const fragment = readUint16(packet, 6);
  return {
    headerBytes,
    totalBytes: readUint16(packet, 2),
    tos: packet[1]!,
    identification: readUint16(packet, 4),
    dontFragment: (fragment & 0x4000) !== 0,
    moreFragments: (fragment & 0x2000) !== 0,
    fragmentOffset: (fragment & 0x1fff) * 8,
    ttl: packet[8]!,
    protocol: packet[9]!,
    checksumValid: foldChecksum(sum16(packet, 0, headerBytes)) === 0,
    source: packet.subarray(12, 16),
    destination: packet.subarray(16, 20),
    options: packet.subarray(IPV4_MIN_HEADER_BYTES, headerBytes),
  };
}

/**
 * Reads the IPv6 header at the start of a packet. The packet may be cut short
 * anywhere after its header.
 *
 * @throws {PacketError} when the version is not 6 or the header is cut short
 */
export function decodeIpv6Header(packet: Uint8Array): Ipv6Header {
  requireBytes("IPv6 header", packet, IPV6_HEADER_BYTES);
  requireVersion(packet, 6);
  return {
    headerBytes: IPV6_HEADER_BYTES,
    totalBytes: IPV6_HEADER_BYTES + readUint16(packet, 4),
    trafficClass: ((packet[0]! & 0x0f) << 4) | (packet[1]! >> 4),
    flowLabel: ((packet[1]! & 0x0f) << 16) | readUint16(packet, 2),
    nextHeader: packet[6]!,
    hopLimit: packet[7]!,
    source: packet.subarray(8, 24),
    destination: packet.subarray(24, 40),
  };
}

/** What an ICMP error quotes of an echo request. Arrays are views of the input. */
export interface QuotedEcho {
  /** Where the request was going: 4 or 16 bytes. */
  readonly destination: Uint8Array;
  /** The identifier of the request, 0 to 65,535. */
  readonly identifier: number;
  /** The sequence number of the request, 0 to 65,535. */
  readonly sequence: number;
  /** What came back of the payload; routers may quote none of it (RFC 792). */
  readonly payload: Uint8Array;
}

/**
 * Finds the echo request in an IP packet that an ICMP error quotes, behind
 * IPv4 options or IPv6 extension headers.
 *
 * @returns undefined when the packet is not the start of an echo request, or
 * is cut before the end of its ICMP header
 */
export function quotedEcho(
  family: Family,
  quotedIpPacket: Uint8Array,
): QuotedEcho | undefined {
  return family === 4
    ? quotedEcho4(quotedIpPacket)
    : quotedEcho6(quotedIpPacket);
}

function quotedEcho4(packet: Uint8Array): QuotedEcho | undefined {
  if (packet.length < IPV4_MIN_HEADER_BYTES || packet[0]! >> 4 !== 4) {
    return undefined;
  }
  const headerBytes = (packet[0]! & 0x0f) * 4;
  const isFirstFragment = (readUint16(packet, 6) & 0x1fff) === 0;
  if (
    headerBytes < IPV4_MIN_HEADER_BYTES || !isFirstFragment ||
    packet[9] !== IP_PROTOCOL.ICMP
  ) {
    return undefined;
  }
  return echoAt(packet, headerBytes, 8, packet.subarray(16, 20));
}

function quotedEcho6(packet: Uint8Array): QuotedEcho | undefined {
  if (packet.length < IPV6_HEADER_BYTES || packet[0]! >> 4 !== 6) {
    return undefined;
  }
  const at = skipExtensionHeaders(packet, packet[6]!);
  return at === undefined
    ? undefined
    : echoAt(packet, at, 128, packet.subarray(24, 40));
}

/** Where the ICMPv6 message starts; undefined when there is none (RFC 8200 section 4). */
function skipExtensionHeaders(
  packet: Uint8Array,
  nextHeader: number,
): number | undefined {
  let at = IPV6_HEADER_BYTES;
  let next = nextHeader;
  for (let walked = 0; walked < MAX_EXTENSION_HEADERS; walked++) {
    if (next === IP_PROTOCOL.ICMPV6) return at;
    if (at + 8 > packet.length) return undefined;
    switch (next) {
      case IP_PROTOCOL.HOP_BY_HOP:
      case IP_PROTOCOL.ROUTING:
      case IP_PROTOCOL.DESTINATION_OPTIONS:
        next = packet[at]!;
        at += (packet[at + 1]! + 1) * 8;
        break;
      case IP_PROTOCOL.FRAGMENT:
        if ((readUint16(packet, at + 2) & 0xfff8) !== 0) return undefined;
        next = packet[at]!;
        at += 8;
        break;
      case IP_PROTOCOL.AUTHENTICATION:
        next = packet[at]!;
        at += (packet[at + 1]! + 2) * 4;
        break;
      default:
        return undefined;
    }
  }
  return undefined;
}

function echoAt(
  packet: Uint8Array,
  at: number,
  echoRequestType: number,
  destination: Uint8Array,
): QuotedEcho | undefined {
  if (at + 8 > packet.length || packet[at] !== echoRequestType) {
    return undefined;
  }
  return {
    destination,
    identifier: readUint16(packet, at + 4),
    sequence: readUint16(packet, at + 6),
    payload: packet.subarray(at + 8),
  };
}

function requireVersion(packet: Uint8Array, version: Family): void {
  const actual = packet[0]! >> 4;
  if (actual !== version) {
    throw new PacketError(
      `Cannot decode IPv${version} header: version is ${actual}`,
      0,
    );
  }
}
