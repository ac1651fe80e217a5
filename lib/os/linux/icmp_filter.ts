/** What the kernel keeps away from a raw ICMP socket, so that nobody's flood fills its buffer. */

import type { Family } from "../../wire/address.ts";
import { ICMP4, ICMP6 } from "../../wire/icmp.ts";
import {
  ICMP_FILTER,
  ICMPV6_FILTER,
  IPPROTO_ICMPV6,
  SO_ATTACH_FILTER,
  SOL_RAW,
  SOL_SOCKET,
} from "./constants.ts";
import { addressOf, check, libc } from "./libc.ts";

// Classic BPF (linux/bpf_common.h): opcodes of the instructions in use.
const LOAD_HEADER_LENGTH = 0xb1; // x = 4 * (packet[k] & 15)
const LOAD_BYTE = 0x30; // a = packet[k]
const LOAD_BYTE_X = 0x50; // a = packet[x + k]
const LOAD_HALF = 0x28;
const LOAD_HALF_X = 0x48;
const JUMP_EQUAL = 0x15;
const RETURN = 0x06;
const WHOLE_PACKET = 0x40000;

type Instruction = readonly [code: number, yes: number, no: number, k: number];

/** Echo replies pass only with our identifier; other types pass. A raw IPv4 socket sees the IP header as well. */
function program(family: Family, identifier: number): readonly Instruction[] {
  const ours: readonly Instruction[] = [
    [JUMP_EQUAL, 1, 0, identifier],
    [RETURN, 0, 0, 0],
    [RETURN, 0, 0, WHOLE_PACKET],
  ];
  return family === 4
    ? [
      [LOAD_HEADER_LENGTH, 0, 0, 0],
      [LOAD_BYTE_X, 0, 0, 0],
      [JUMP_EQUAL, 0, 3, ICMP4.ECHO_REPLY],
      [LOAD_HALF_X, 0, 0, 4],
      ...ours,
    ]
    : [
      [LOAD_BYTE, 0, 0, 0],
      [JUMP_EQUAL, 0, 3, ICMP6.ECHO_REPLY],
      [LOAD_HALF, 0, 0, 4],
      ...ours,
    ];
}

function attach(socket: number, instructions: readonly Instruction[]): void {
  const code = new DataView(new ArrayBuffer(instructions.length * 8));
  instructions.forEach(([operation, yes, no, k], i) => {
    code.setUint16(i * 8, operation, true);
    code.setUint8(i * 8 + 2, yes);
    code.setUint8(i * 8 + 3, no);
    code.setUint32(i * 8 + 4, k, true);
  });
  // struct sock_fprog { unsigned short len; struct sock_filter *filter; }
  const fprog = new DataView(new ArrayBuffer(16));
  fprog.setUint16(0, instructions.length, true);
  fprog.setBigUint64(8, addressOf(code.buffer), true);
  check(
    libc().setsockopt(
      socket,
      SOL_SOCKET,
      SO_ATTACH_FILTER,
      new Uint8Array(fprog.buffer),
      16,
    ),
    "attach a filter to the ICMP socket",
  );
}

/** Lets through the types in `types` alone (raw(7), ICMP_FILTER; RFC 3542 section 3.2, ICMP6_FILTER). */
function passTypes(
  socket: number,
  family: Family,
  types: readonly number[],
): void {
  const blocked = new Uint32Array(family === 4 ? 1 : 8).fill(0xffff_ffff);
  for (const type of types) blocked[type >> 5]! &= ~(1 << (type & 31));
  const bytes = new Uint8Array(blocked.buffer);
  check(
    family === 4
      ? libc().setsockopt(socket, SOL_RAW, ICMP_FILTER, bytes, 4)
      : libc().setsockopt(socket, IPPROTO_ICMPV6, ICMPV6_FILTER, bytes, 32),
    "filter the ICMP socket by type",
  );
}

/**
 * Filters a raw socket down to the echo replies with an identifier and to
 * redirects. ICMP errors are not among them: they come by the error queue.
 */
export function filterIcmp(
  socket: number,
  family: Family,
  identifier: number,
): void {
  passTypes(
    socket,
    family,
    family === 4
      ? [ICMP4.ECHO_REPLY, ICMP4.REDIRECT]
      : [ICMP6.ECHO_REPLY, ICMP6.REDIRECT],
  );
  attach(socket, program(family, identifier));
}
