import type { Family } from "../../wire/address.ts";
import {
  AF_INET,
  AF_INET6,
  AI_ADDRCONFIG,
  NI_NAMEREQD,
  SOCK_DGRAM,
} from "./constants.ts";
import { cString, holding, libc } from "./libc.ts";
import {
  addressOfSocket,
  SOCKADDR,
  SOCKADDR_BYTES,
  socketAddress,
} from "./sockaddr.ts";
import type { LookupResult, SystemAddress } from "../types.ts";

/** getaddrinfo's errors (netdb.h), with glibc's texts. */
const LOOKUP_ERRORS: Readonly<Record<number, readonly [string, string]>> = {
  [-1]: ["EAI_BADFLAGS", "Bad value for ai_flags"],
  [-2]: ["EAI_NONAME", "Name or service not known"],
  [-3]: ["EAI_AGAIN", "Temporary failure in name resolution"],
  [-4]: ["EAI_FAIL", "Non-recoverable failure in name resolution"],
  [-5]: ["EAI_NODATA", "No address associated with hostname"],
  [-6]: ["EAI_FAMILY", "Address family not supported"],
  [-9]: ["EAI_ADDRFAMILY", "Address family for hostname not supported"],
  [-10]: ["EAI_MEMORY", "Memory allocation failure"],
  [-11]: ["EAI_SYSTEM", "System error"],
};

// struct addrinfo, 64-bit (netdb.h)
const ADDRINFO_BYTES = 48;
const HINT_FLAGS = 0;
const HINT_FAMILY = 4;
const HINT_TYPE = 8;
const ADDRESS_LENGTH = 16;
const ADDRESS = 24;
const NEXT = 40;
/** A name with more addresses than this is cut short. */
const MOST_ADDRESSES = 64;

/** The addresses of a name, in the system's order of preference (getaddrinfo(3), RFC 6724). */
export async function lookup(
  host: string,
  family?: Family,
): Promise<LookupResult> {
  const { waitForAddresses, freeaddrinfo, memcpy } = libc();
  const hints = new DataView(new ArrayBuffer(ADDRINFO_BYTES));
  // Without a family, addresses of a kind that this machine has none of would only fail.
  hints.setInt32(HINT_FLAGS, family === undefined ? AI_ADDRCONFIG : 0, true);
  const wanted = family === undefined ? 0 : family === 4 ? AF_INET : AF_INET6;
  hints.setInt32(HINT_FAMILY, wanted, true);
  hints.setInt32(HINT_TYPE, SOCK_DGRAM, true);
  const result = new BigUint64Array(new ArrayBuffer(8));
  const name = cString(host);
  const hintBytes = new Uint8Array(hints.buffer);
  const resultBytes = new Uint8Array(result.buffer);
  const status = await holding(
    waitForAddresses(name, null, hintBytes, resultBytes),
    name,
    hintBytes,
    resultBytes,
  );
  if (status !== 0) {
    const [code, description] = LOOKUP_ERRORS[status] ??
      [`EAI_${-status}`, `Name resolution error ${-status}`];
    return { code, description };
  }
  const addresses: (SystemAddress & { family: Family })[] = [];
  const entry = new DataView(new ArrayBuffer(ADDRINFO_BYTES));
  const socketBytes = new Uint8Array(SOCKADDR_BYTES);
  let next = result[0]!;
  while (next !== 0n && addresses.length < MOST_ADDRESSES) {
    memcpy(
      new Uint8Array(entry.buffer),
      next,
      BigInt(ADDRINFO_BYTES),
    );
    const length = Math.min(
      entry.getUint32(ADDRESS_LENGTH, true),
      SOCKADDR_BYTES,
    );
    memcpy(socketBytes, entry.getBigUint64(ADDRESS, true), BigInt(length));
    const address = addressOfSocket(socketBytes);
    if (address !== undefined) addresses.push(address);
    next = entry.getBigUint64(NEXT, true);
  }
  freeaddrinfo(result[0]!);
  return { addresses };
}

/** The name of an address (getnameinfo(3)); undefined where there is none. */
export async function reverseLookup(
  family: Family,
  address: SystemAddress,
): Promise<string | undefined> {
  const name = socketAddress(family, address);
  const host = new Uint8Array(1025); // NI_MAXHOST
  const status = await holding(
    libc().waitForName(
      name,
      SOCKADDR[family].bytes,
      host,
      host.length,
      null,
      0,
      NI_NAMEREQD,
    ),
    name,
    host,
  );
  if (status !== 0) return undefined;
  return new TextDecoder().decode(host.subarray(0, host.indexOf(0)));
}
