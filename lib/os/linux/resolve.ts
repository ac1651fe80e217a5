import type { Family } from "../../wire/address.ts";
import { type AddressInfo, holding, lookUp } from "../address_info.ts";
import type { LookupResult, SystemAddress } from "../types.ts";
import {
  AF_INET,
  AF_INET6,
  AI_ADDRCONFIG,
  AI_CANONNAME,
  NI_NAMEREQD,
  SOCK_DGRAM,
} from "./constants.ts";
import { cString, libc } from "./libc.ts";
import {
  addressOfSocket,
  SOCKADDR,
  SOCKADDR_BYTES,
  socketAddress,
} from "./sockaddr.ts";

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

const ADDRESS_INFO: AddressInfo = {
  // struct addrinfo, 64-bit (netdb.h)
  layout: {
    bytes: 48,
    flags: 0,
    family: 4,
    socketType: 8,
    addressLength: 16,
    address: 24,
    name: 32,
    next: 40,
  },
  numbers: { AF_INET, AF_INET6, AI_CANONNAME, AI_ADDRCONFIG, SOCK_DGRAM },
  socketAddressBytes: SOCKADDR_BYTES,
  getaddrinfo: (name, hints, result) =>
    libc().waitForAddresses(name, null, hints, result),
  freeaddrinfo: (first) => libc().freeaddrinfo(first),
  copy: (into, from, bytes) => libc().memcpy(into, from, bytes),
  addressOfSocket,
  errorOf: (status) =>
    LOOKUP_ERRORS[status] ??
      [`EAI_${-status}`, `Name resolution error ${-status}`],
};

/** The addresses of a name (getaddrinfo(3)). */
export function lookup(host: string, family?: Family): Promise<LookupResult> {
  return lookUp(ADDRESS_INFO, cString(host), family);
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
