/**
 * Socket addresses as Linux lays them out: struct sockaddr_in, sockaddr_in6
 * and sockaddr_un (linux/in.h, linux/in6.h, linux/un.h).
 */

import {
  type Family,
  familyOf,
  formatAddress,
  parseAddress,
} from "../../wire/address.ts";
import type { SocketName } from "../network.ts";
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
export const SOCKADDR_PORT = 2;
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

/** The family of a socket that has this name. */
export function familyOfName(name: SocketName): SocketFamily {
  if ("path" in name) return "unix";
  return name.host.includes(":") ? 6 : 4;
}

/**
 * The structure for a name, of exactly the length that the system expects.
 *
 * @param interfaceIndex the number of an interface, for a zone that is a name
 */
export function encodeName(
  name: SocketName,
  interfaceIndex: (name: string) => number,
): Uint8Array<ArrayBuffer> {
  if ("path" in name) return encodePath(name.path);
  const [host, zone = "0"] = name.host.split("%");
  const bytes = parseAddress(host!);
  if (bytes === undefined) {
    throw new TypeError(`Not an address: ${JSON.stringify(name.host)}`);
  }
  const scopeId = /^\d+$/.test(zone) ? Number(zone) : interfaceIndex(zone);
  return socketAddress(familyOf(bytes), { bytes, scopeId }, name.port);
}

function encodePath(path: string): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(path);
  const { address, addressBytes } = SOCKADDR.unix;
  if (text.length >= addressBytes) {
    throw new TypeError(`Path too long: ${JSON.stringify(path)}`);
  }
  // A path ends with a NUL; an abstract name begins with one (unix(7)).
  const isAbstract = path.startsWith("@");
  const bytes = new Uint8Array(address + text.length + (isAbstract ? 0 : 1));
  new DataView(bytes.buffer).setUint16(0, AF_UNIX, true);
  bytes.set(text, address);
  if (isAbstract) bytes[address] = 0;
  return bytes;
}

/** The name in a structure that the system filled, `length` bytes of it. */
export function decodeName(bytes: Uint8Array, length: number): SocketName {
  const internet = length >= SOCKADDR[4].bytes
    ? addressOfSocket(bytes)
    : undefined;
  if (internet === undefined) return { path: decodePath(bytes, length) };
  const zone = internet.scopeId === 0 ? "" : `%${internet.scopeId}`;
  return {
    host: formatAddress(internet.bytes) + zone,
    port: portOf(bytes),
  };
}

/** The port in a structure of an IPv4 or IPv6 socket. */
export function portOf(bytes: Uint8Array): number {
  return bytes[SOCKADDR_PORT]! << 8 | bytes[SOCKADDR_PORT + 1]!;
}

function decodePath(bytes: Uint8Array, length: number): string {
  const { address } = SOCKADDR.unix;
  if (length <= address) return "";
  const text = new TextDecoder().decode(bytes.subarray(address, length));
  return text.startsWith("\0")
    ? `@${text.slice(1)}`
    : text.replace(/\0.*$/s, "");
}
