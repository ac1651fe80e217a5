import type { Family } from "../../wire/address.ts";
import type { LookupResult, SystemAddress } from "../types.ts";
import * as c from "./constants.ts";
import { ADDRINFO } from "./layouts.ts";
import type { LibSystem } from "./libsystem.ts";
import {
  addressOfSocket,
  SOCKADDR,
  SOCKADDR_BYTES,
  socketAddress,
} from "./sockaddr.ts";
import { cString } from "./socket.ts";

/** getaddrinfo's errors (netdb.h of the macOS SDK). */
const LOOKUP_ERRORS: Readonly<Record<number, readonly [string, string]>> = {
  1: ["EAI_ADDRFAMILY", "Address family for hostname not supported"],
  2: ["EAI_AGAIN", "Temporary failure in name resolution"],
  3: ["EAI_BADFLAGS", "Invalid value for ai_flags"],
  4: ["EAI_FAIL", "Non-recoverable failure in name resolution"],
  5: ["EAI_FAMILY", "Address family not supported"],
  6: ["EAI_MEMORY", "Memory allocation failure"],
  7: ["EAI_NODATA", "No address associated with hostname"],
  8: ["EAI_NONAME", "Name or service not known"],
  11: ["EAI_SYSTEM", "System error"],
};

/** A name with more addresses than this is cut short. */
const MOST_ADDRESSES = 64;

/** The addresses of a name, in the system's order of preference (getaddrinfo(3)). */
export async function lookup(
  lib: LibSystem,
  host: string,
  family?: Family,
): Promise<LookupResult> {
  const hints = new DataView(new ArrayBuffer(ADDRINFO.bytes));
  // Without a family, addresses of a kind that this machine has none of would only fail.
  const flags = family === undefined ? c.AI_ADDRCONFIG : 0;
  hints.setInt32(ADDRINFO.flags, flags, true);
  const wanted = family === undefined
    ? 0
    : family === 4
    ? c.AF_INET
    : c.AF_INET6;
  hints.setInt32(ADDRINFO.family, wanted, true);
  hints.setInt32(ADDRINFO.socketType, c.SOCK_DGRAM, true);
  const result = new BigUint64Array(new ArrayBuffer(8));
  // Held here while the thread uses them; Deno before 2.9 does not hold them itself.
  const name = cString(host);
  const hintBytes = new Uint8Array(hints.buffer);
  const resultBytes = new Uint8Array(result.buffer);
  const held = [name, hintBytes, resultBytes];
  const status = await lib.call.waitForAddresses(
    name,
    null,
    hintBytes,
    resultBytes,
  ).finally(() => held.length = 0);
  if (status !== 0) {
    const [code, description] = LOOKUP_ERRORS[status] ??
      [`EAI_${status}`, `Name resolution error ${status}`];
    return { code, description };
  }
  const addresses = readAddresses(lib, result[0]!);
  lib.call.freeaddrinfo(result[0]!);
  return { addresses };
}

function readAddresses(lib: LibSystem, first: bigint) {
  const addresses: (SystemAddress & { family: Family })[] = [];
  const entry = new DataView(new ArrayBuffer(ADDRINFO.bytes));
  const entryBytes = new Uint8Array(entry.buffer);
  const socketBytes = new Uint8Array(new ArrayBuffer(SOCKADDR_BYTES));
  let next = first;
  while (next !== 0n && addresses.length < MOST_ADDRESSES) {
    lib.call.memcpy(entryBytes, next, BigInt(ADDRINFO.bytes));
    const length = entry.getUint32(ADDRINFO.addressLength, true);
    lib.call.memcpy(
      socketBytes,
      entry.getBigUint64(ADDRINFO.address, true),
      BigInt(Math.min(length, SOCKADDR_BYTES)),
    );
    const address = addressOfSocket(socketBytes);
    if (address !== undefined) addresses.push(address);
    next = entry.getBigUint64(ADDRINFO.next, true);
  }
  return addresses;
}

/** The name of an address (getnameinfo(3)); undefined where there is none. */
export async function reverseLookup(
  lib: LibSystem,
  family: Family,
  address: SystemAddress,
): Promise<string | undefined> {
  const name = socketAddress(family, address);
  const host = new Uint8Array(new ArrayBuffer(c.NI_MAXHOST));
  const held = [name, host];
  const status = await lib.call.waitForName(
    name,
    SOCKADDR[family].bytes,
    host,
    host.length,
    null,
    0,
    c.NI_NAMEREQD,
  ).finally(() => held.length = 0);
  if (status !== 0) return undefined;
  return new TextDecoder().decode(host.subarray(0, host.indexOf(0)));
}
