/**
 * Socket addresses as Linux lays them out: struct sockaddr_in, sockaddr_in6
 * and sockaddr_un (linux/in.h, linux/in6.h, linux/un.h).
 */

import type { Family } from "../../wire/address.ts";
import { AF_INET, AF_INET6, AF_UNIX } from "./constants.ts";

/** Room for the address of an IPv4 or an IPv6 socket. */
export const SOCKADDR_BYTES = 28;
/** Room for the address of any socket. */
export const SOCKADDR_UN_BYTES = 110;

/** The kinds of sockets: IPv4, IPv6 and Unix. */
export type SocketFamily = Family | "unix";

/** Where the address (for Unix: the path) stands in the structure. */
export const SOCKADDR = {
  4: { family: AF_INET, bytes: 16, address: 4, addressBytes: 4 },
  6: { family: AF_INET6, bytes: 28, address: 8, addressBytes: 16 },
  unix: {
    family: AF_UNIX,
    bytes: SOCKADDR_UN_BYTES,
    address: 2,
    addressBytes: 108,
  },
} as const;
const SOCKADDR_PORT = 2;
export const SOCKADDR_IN6_SCOPE = 24;

/** A socket address with its system's layout, of exactly the length that the system expects. */
export function socketAddress(
  family: Family,
  address?: { readonly bytes: Uint8Array; readonly scopeId: number },
  port = 0,
): Uint8Array<ArrayBuffer> {
  const layout = SOCKADDR[family];
  const bytes = new Uint8Array(layout.bytes);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, layout.family, true);
  view.setUint16(SOCKADDR_PORT, port);
  if (address !== undefined) {
    bytes.set(address.bytes, layout.address);
    if (family === 6) {
      view.setUint32(SOCKADDR_IN6_SCOPE, address.scopeId, true);
    }
  }
  return bytes;
}

/** The address in a structure that the system filled; undefined for another family. */
export function addressOfSocket(
  bytes: Uint8Array,
): { family: Family; bytes: Uint8Array; scopeId: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const number = view.getUint16(0, true);
  const family = number === AF_INET ? 4 : number === AF_INET6 ? 6 : undefined;
  if (family === undefined) return undefined;
  const layout = SOCKADDR[family];
  return {
    family,
    bytes: bytes.slice(layout.address, layout.address + layout.addressBytes),
    scopeId: family === 6 ? view.getUint32(SOCKADDR_IN6_SCOPE, true) : 0,
  };
}

/** The port in a structure of an IPv4 or IPv6 socket. */
export function portOf(bytes: Uint8Array): number {
  return bytes[SOCKADDR_PORT]! << 8 | bytes[SOCKADDR_PORT + 1]!;
}
