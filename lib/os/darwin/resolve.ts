import type { Family } from "../../wire/address.ts";
import { type AddressInfo, holding, lookUp } from "../address_info.ts";
import type { LookupResult, SystemAddress } from "../types.ts";
import {
  AF_INET,
  AF_INET6,
  AI_ADDRCONFIG,
  AI_CANONNAME,
  NI_MAXHOST,
  NI_NAMEREQD,
  SOCK_DGRAM,
} from "./constants.ts";
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

function addressInfo({ call }: LibSystem): AddressInfo {
  return {
    layout: ADDRINFO,
    numbers: { AF_INET, AF_INET6, AI_CANONNAME, AI_ADDRCONFIG, SOCK_DGRAM },
    socketAddressBytes: SOCKADDR_BYTES,
    getaddrinfo: (name, hints, result) =>
      call.waitForAddresses(name, null, hints, result),
    freeaddrinfo: (first) => call.freeaddrinfo(first),
    copy: (into, from, bytes) => call.memcpy(into, from, bytes),
    addressOfSocket,
    errorOf: (status) =>
      LOOKUP_ERRORS[status] ??
        [`EAI_${status}`, `Name resolution error ${status}`],
  };
}

/** The addresses of a name (getaddrinfo(3)). */
export function lookup(
  lib: LibSystem,
  host: string,
  family?: Family,
): Promise<LookupResult> {
  return lookUp(addressInfo(lib), cString(host), family);
}

/** The name of an address (getnameinfo(3)); undefined where there is none. */
export async function reverseLookup(
  lib: LibSystem,
  family: Family,
  address: SystemAddress,
): Promise<string | undefined> {
  const name = socketAddress(family, address);
  const host = new Uint8Array(new ArrayBuffer(NI_MAXHOST));
  const status = await holding(
    lib.call.waitForName(
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
