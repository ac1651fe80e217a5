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

const FPROG_BYTES = 16;

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
  // struct sock_fprog { unsigned short len; struct sock_filter *filter; }, and the filter behind it.
  const memory = new ArrayBuffer(FPROG_BYTES + instructions.length * 8);
  const view = new DataView(memory);
  view.setUint16(0, instructions.length, true);
  view.setBigUint64(8, addressOf(memory) + BigInt(FPROG_BYTES), true);
  instructions.forEach(([operation, yes, no, k], i) => {
    const at = FPROG_BYTES + i * 8;
    view.setUint16(at, operation, true);
    view.setUint8(at + 2, yes);
    view.setUint8(at + 3, no);
    view.setUint32(at + 4, k, true);
  });
  check(
    libc().setsockopt(
      socket,
      SOL_SOCKET,
      SO_ATTACH_FILTER,
      new Uint8Array(memory),
      FPROG_BYTES,
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
