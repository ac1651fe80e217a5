/**
 * ICMP messages: RFC 792 for IPv4, RFC 4443 for IPv6, their redirects, and
 * the extensions of RFC 4884.
 */

import { readUint32, requireBytes } from "./bytes.ts";
import type { Family } from "./address.ts";
import { foldChecksum, sum16 } from "./checksum.ts";
import { PacketError } from "./errors.ts";
import { ICMP4, ICMP6 } from "./icmp_codes.ts";
import { type IcmpExtension, splitExtensions } from "./icmp_extensions.ts";
import { IP_PROTOCOL } from "./ip.ts";

export {
  describeIcmpError,
  ICMP4,
  ICMP6,
  isParameterProblem,
} from "./icmp_codes.ts";
export type { IcmpExtension, MplsLabel } from "./icmp_extensions.ts";

/** Length of the header that every ICMP message begins with. */
export const ICMP_HEADER_BYTES = 8;

/** What every ICMP message has. */
export interface IcmpBase {
  /** See {@linkcode ICMP4} and {@linkcode ICMP6}. */
  readonly type: number;
  /** What it means depends on the type. */
  readonly code: number;
  /**
   * IPv4: whether the checksum is right. IPv6: always true, since kernels
   * verify it before delivery and it takes the addresses, see
   * {@linkcode verifyIcmp6Checksum}.
   */
  readonly checksumValid: boolean;
}

/** An echo request or reply; its payload is `packet.subarray(ICMP_HEADER_BYTES)`. */
export interface IcmpEcho extends IcmpBase {
  /** Which of the two. */
  readonly kind: "echo-request" | "echo-reply";
  /** Whose request it is, 0 to 65,535. */
  readonly identifier: number;
  /** Which request it is, 0 to 65,535. */
  readonly sequence: number;
}

/** A report that a packet could not be delivered. */
export interface IcmpError extends IcmpBase {
  /** Tells this message from the others. */
  readonly kind: "error";
  /**
   * The next hop's MTU in "fragmentation needed" (RFC 1191 section 4) and
   * "packet too big"; 0 elsewhere, and where an old router does not tell.
   */
  readonly mtu: number;
  /** Which byte of the quoted packet a "parameter problem" is about; 0 elsewhere. */
  readonly pointer: number;
  /** The start of the IP packet that could not be delivered; may be cut short or empty. A view of the input. */
  readonly quoted: Uint8Array;
  /** What the sender added to the quote, such as the MPLS labels of the packet. */
  readonly extensions: readonly IcmpExtension[];
}

/** A router's advice to use another first hop. Arrays are views of the input. */
export interface IcmpRedirect extends IcmpBase {
  /** Tells this message from the others. */
  readonly kind: "redirect";
  /** The better first hop: 4 or 16 bytes. */
  readonly gateway: Uint8Array;
  /** The start of the IP packet that led to the advice; may be cut short or empty. */
  readonly quoted: Uint8Array;
}

/** Any other message. */
export interface IcmpOther extends IcmpBase {
  /** Tells this message from the others. */
  readonly kind: "other";
}

/** A decoded ICMP message; `kind` tells which. */
export type IcmpMessage = IcmpEcho | IcmpError | IcmpRedirect | IcmpOther;

/**
 * Reads an ICMP message, from its ICMP header to its end. A wrong checksum is
 * reported, not refused. Nothing is copied.
 *
 * @throws {PacketError} when the message is too short for its type, or the
 * options of an IPv6 redirect have impossible lengths
 */
export function decodeIcmp(family: Family, packet: Uint8Array): IcmpMessage {
  requireBytes("ICMP message", packet, ICMP_HEADER_BYTES);
  return family === 4 ? decodeIcmp4(packet) : decodeIcmp6(packet);
}

function decodeIcmp4(packet: Uint8Array): IcmpMessage {
  const checksumValid = foldChecksum(sum16(packet)) === 0;
  switch (packet[0]) {
    case ICMP4.ECHO_REPLY:
      return decodeEcho("echo-reply", packet, checksumValid);
    case ICMP4.ECHO_REQUEST:
      return decodeEcho("echo-request", packet, checksumValid);
    case ICMP4.DESTINATION_UNREACHABLE:
    case ICMP4.TIME_EXCEEDED:
    case ICMP4.PARAMETER_PROBLEM:
      // RFC 4884 sections 4.1 to 4.3: byte 5 counts 32-bit words.
      return decodeError4(packet, checksumValid, packet[5]! * 4);
    case ICMP4.SOURCE_QUENCH:
      return decodeError4(packet, checksumValid, undefined);
    case ICMP4.REDIRECT:
      return {
        kind: "redirect",
        type: packet[0],
        code: packet[1]!,
        checksumValid,
        gateway: packet.subarray(4, 8),
        quoted: packet.subarray(ICMP_HEADER_BYTES),
      };
    default:
      return decodeOther(packet, checksumValid);
  }
}

function decodeIcmp6(packet: Uint8Array): IcmpMessage {
  const type = packet[0]!;
  switch (type) {
    case ICMP6.ECHO_REPLY:
      return decodeEcho("echo-reply", packet, true);
    case ICMP6.ECHO_REQUEST:
      return decodeEcho("echo-request", packet, true);
    case ICMP6.DESTINATION_UNREACHABLE:
    case ICMP6.TIME_EXCEEDED:
      // RFC 4884 sections 4.4 and 4.5: byte 4 counts 64-bit words.
      return decodeError6(packet, packet[4]! * 8);
    case ICMP6.REDIRECT:
      return decodeRedirect6(packet);
    default:
      // RFC 4443 section 2.1: types below 128 are errors, unknown ones too.
      return type < 128
        ? decodeError6(packet, undefined)
        : decodeOther(packet, true);
  }
}

function decodeEcho(
  kind: IcmpEcho["kind"],
  packet: Uint8Array,
  checksumValid: boolean,
): IcmpEcho {
  return {
    kind,
    type: packet[0]!,
    code: packet[1]!,
    checksumValid,
    identifier: (packet[4]! << 8) | packet[5]!,
    sequence: (packet[6]! << 8) | packet[7]!,
  };
}

function decodeOther(packet: Uint8Array, checksumValid: boolean): IcmpOther {
  return {
    kind: "other",
    type: packet[0]!,
    code: packet[1]!,
    checksumValid,
  };
}

/** `quotedBytes` is the RFC 4884 length, undefined for a type that has no extensions. */
function decodeError4(
  packet: Uint8Array,
  checksumValid: boolean,
  quotedBytes: number | undefined,
): IcmpError {
  const type = packet[0]!;
  const code = packet[1]!;
  const fragmentationNeeded = type === ICMP4.DESTINATION_UNREACHABLE &&
    code === 4;
  return {
    kind: "error",
    type,
    code,
    checksumValid,
    mtu: fragmentationNeeded ? (packet[6]! << 8) | packet[7]! : 0,
    pointer: type === ICMP4.PARAMETER_PROBLEM ? packet[4]! : 0,
    ...splitBody(packet, quotedBytes),
  };
}

function decodeError6(
  packet: Uint8Array,
  quotedBytes: number | undefined,
): IcmpError {
  const type = packet[0]!;
  return {
    kind: "error",
    type,
    code: packet[1]!,
    checksumValid: true,
    mtu: type === ICMP6.PACKET_TOO_BIG ? readUint32(packet, 4) : 0,
    pointer: type === ICMP6.PARAMETER_PROBLEM ? readUint32(packet, 4) : 0,
    ...splitBody(packet, quotedBytes),
  };
}

function splitBody(packet: Uint8Array, quotedBytes: number | undefined) {
  const body = packet.subarray(ICMP_HEADER_BYTES);
  return quotedBytes === undefined
    ? { quoted: body, extensions: [] }
    : splitExtensions(body, quotedBytes);
}

const REDIRECT6_BYTES = 40;
const REDIRECTED_HEADER_OPTION = 4;
const REDIRECTED_HEADER_BYTES = 8;

/** RFC 4861 sections 4.5, 4.6.3 and 8.1. */
function decodeRedirect6(packet: Uint8Array): IcmpRedirect {
  requireBytes("IPv6 redirect", packet, REDIRECT6_BYTES);
  let quoted = packet.subarray(packet.length);
  let at = REDIRECT6_BYTES;
  while (at < packet.length) {
    const bytes = at + 1 < packet.length ? packet[at + 1]! * 8 : 0;
    if (bytes === 0 || at + bytes > packet.length) {
      throw new PacketError(
        `Cannot decode IPv6 redirect: option of ${bytes} bytes`,
        at,
      );
    }
    if (packet[at] === REDIRECTED_HEADER_OPTION) {
      quoted = packet.subarray(at + REDIRECTED_HEADER_BYTES, at + bytes);
    }
    at += bytes;
  }
  return {
    kind: "redirect",
    type: packet[0]!,
    code: packet[1]!,
    checksumValid: true,
    gateway: packet.subarray(8, 24),
    quoted,
  };
}

/**
 * Whether an ICMPv6 message is intact. The checksum covers the addresses of
 * the IPv6 header too (RFC 4443 section 2.3, RFC 8200 section 8.1).
 *
 * @param packet the message from its ICMPv6 header on
 * @param source 16 bytes
 * @param destination 16 bytes
 */
export function verifyIcmp6Checksum(
  packet: Uint8Array,
  source: Uint8Array,
  destination: Uint8Array,
): boolean {
  const addresses = sum16(destination, 0, 16, sum16(source, 0, 16));
  const pseudoHeader = addresses + packet.length + IP_PROTOCOL.ICMPV6;
  return foldChecksum(sum16(packet, 0, packet.length, pseudoHeader)) === 0;
}

/**
 * Writes the ICMP header of an echo request to the first 8 bytes of a
 * message. The checksum stays 0: some kernels fill it in, for others the
 * caller stores `foldChecksum(sum16(packet))` at byte 2.
 */
export function writeEchoHeader(
  packet: Uint8Array,
  family: Family,
  identifier: number,
  sequence: number,
): void {
  packet[0] = family === 4 ? ICMP4.ECHO_REQUEST : ICMP6.ECHO_REQUEST;
  packet[1] = 0;
  packet[2] = 0;
  packet[3] = 0;
  packet[4] = identifier >> 8;
  packet[5] = identifier;
  packet[6] = sequence >> 8;
  packet[7] = sequence;
}
