/**
 * Names to addresses and back by getaddrinfo and getnameinfo (RFC 3493,
 * section 6), which every system has in a library of its own, with structures
 * and numbers of its own.
 */

import type { Family } from "../wire/address.ts";
import type { LookupResult, SystemAddress } from "./types.ts";

/** The getaddrinfo of a system, and what is needed to read its results. */
export interface AddressInfo {
  /** Where the members of struct addrinfo stand. */
  readonly layout: {
    readonly bytes: number;
    readonly flags: number;
    readonly family: number;
    readonly socketType: number;
    readonly addressLength: number;
    /** The canonical name, where it is of bytes. */
    readonly name?: number;
    readonly address: number;
    readonly next: number;
  };
  readonly numbers: {
    readonly AF_INET: number;
    readonly AF_INET6: number;
    /** Asks for the canonical name; 0 where it is not read. */
    readonly AI_CANONNAME: number;
    readonly AI_ADDRCONFIG: number;
    readonly SOCK_DGRAM: number;
  };
  /** Room for the address of an IPv4 or an IPv6 socket. */
  readonly socketAddressBytes: number;
  /** Returns 0, or the number of an error. */
  getaddrinfo(
    name: Uint8Array<ArrayBuffer>,
    hints: Uint8Array<ArrayBuffer>,
    result: Uint8Array<ArrayBuffer>,
  ): Promise<number>;
  freeaddrinfo(first: bigint): void;
  /** Copies `bytes` from an address of the system's. */
  copy(into: Uint8Array<ArrayBuffer>, from: bigint, bytes: bigint): void;
  /** The address in a socket's; undefined for another family. */
  addressOfSocket(
    bytes: Uint8Array,
  ): (SystemAddress & { readonly family: Family }) | undefined;
  /** The code of an error, such as `EAI_NONAME`, and what it means. */
  errorOf(status: number): readonly [code: string, description: string];
}

/** A name with more addresses than this is cut short. */
const MOST_ADDRESSES = 64;
/** The smallest page of any system that this runs on. */
const PAGE_BYTES = 4096n;
/** No name is that long (RFC 1035, section 2.3.4). */
const MOST_NAME_BYTES = 1024;

/**
 * The addresses of a name, in the system's order of preference (RFC 6724).
 *
 * @param name as the system takes it
 */
export async function lookUp(
  system: AddressInfo,
  name: Uint8Array<ArrayBuffer>,
  family?: Family,
): Promise<LookupResult> {
  const { layout, numbers } = system;
  const hints = new DataView(new ArrayBuffer(layout.bytes));
  // Without a family, addresses of a kind that this machine has none of would only fail.
  const flags = family === undefined ? numbers.AI_ADDRCONFIG : 0;
  hints.setInt32(layout.flags, flags | numbers.AI_CANONNAME, true);
  const wanted = family === undefined
    ? 0
    : family === 4
    ? numbers.AF_INET
    : numbers.AF_INET6;
  hints.setInt32(layout.family, wanted, true);
  hints.setInt32(layout.socketType, numbers.SOCK_DGRAM, true);
  const result = new BigUint64Array(new ArrayBuffer(8));
  const hintBytes = new Uint8Array(hints.buffer);
  const resultBytes = new Uint8Array(result.buffer);
  const status = await holding(
    system.getaddrinfo(name, hintBytes, resultBytes),
    name,
    hintBytes,
    resultBytes,
  );
  if (status !== 0) {
    const [code, description] = system.errorOf(status);
    return { code, description };
  }
  try {
    const canonicalName = readCanonicalName(system, result[0]!);
    return {
      addresses: readAddresses(system, result[0]!),
      ...(canonicalName === undefined ? {} : { canonicalName }),
    };
  } finally {
    system.freeaddrinfo(result[0]!);
  }
}

function readAddresses(system: AddressInfo, first: bigint) {
  const { layout, socketAddressBytes } = system;
  const addresses: (SystemAddress & { readonly family: Family })[] = [];
  const entry = new DataView(new ArrayBuffer(layout.bytes));
  const entryBytes = new Uint8Array(entry.buffer);
  const socketBytes = new Uint8Array(new ArrayBuffer(socketAddressBytes));
  let next = first;
  while (next !== 0n && addresses.length < MOST_ADDRESSES) {
    system.copy(entryBytes, next, BigInt(layout.bytes));
    // Where it is a size_t, the upper half is 0.
    const length = entry.getUint32(layout.addressLength, true);
    system.copy(
      socketBytes,
      entry.getBigUint64(layout.address, true),
      BigInt(Math.min(length, socketAddressBytes)),
    );
    const address = system.addressOfSocket(socketBytes);
    if (address !== undefined) addresses.push(address);
    next = entry.getBigUint64(layout.next, true);
  }
  return addresses;
}

/** The name in the first entry of a list. */
function readCanonicalName(
  { layout, copy }: AddressInfo,
  first: bigint,
): string | undefined {
  if (layout.name === undefined || first === 0n) return undefined;
  const pointer = new BigUint64Array(new ArrayBuffer(8));
  const pointerBytes = new Uint8Array(pointer.buffer);
  copy(pointerBytes, first + BigInt(layout.name), 8n);
  let from = pointer[0]!;
  if (from === 0n) return undefined;
  const bytes: number[] = [];
  while (bytes.length < MOST_NAME_BYTES) {
    // Not beyond the page: the next one may be nobody's.
    const rest = new Uint8Array(Number(PAGE_BYTES - from % PAGE_BYTES));
    copy(rest, from, BigInt(rest.length));
    const end = rest.indexOf(0);
    bytes.push(...end < 0 ? rest : rest.subarray(0, end));
    if (end >= 0) return new TextDecoder().decode(new Uint8Array(bytes));
    from += BigInt(rest.length);
  }
  return undefined;
}

/** Buffers that other threads use at the moment. */
const held = new Set<object>();

/**
 * Keeps buffers from being collected while a call on another thread uses
 * them; Deno before 2.9 does not.
 */
export async function holding<T>(
  call: Promise<T>,
  ...buffers: object[]
): Promise<T> {
  for (const buffer of buffers) held.add(buffer);
  try {
    return await call;
  } finally {
    for (const buffer of buffers) held.delete(buffer);
  }
}
