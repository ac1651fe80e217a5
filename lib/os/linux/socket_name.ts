/** Names of sockets, in the structures that Linux has for them; a path may be an abstract name (unix(7)). */

import { familyOf, formatAddress, parseAddress } from "../../wire/address.ts";
import type { SocketName } from "../network.ts";
import { AF_UNIX } from "./constants.ts";
import {
  addressOfSocket,
  portOf,
  SOCKADDR,
  socketAddress,
  type SocketFamily,
} from "./sockaddr.ts";

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

function decodePath(bytes: Uint8Array, length: number): string {
  const { address } = SOCKADDR.unix;
  if (length <= address) return "";
  const text = new TextDecoder().decode(bytes.subarray(address, length));
  return text.startsWith("\0")
    ? `@${text.slice(1)}`
    : text.replace(/\0.*$/s, "");
}
