import type { Family } from "../../wire/address.ts";
import { type AddressInfo, holding, lookUp } from "../address_info.ts";
import type { LookupResult, SystemAddress } from "../types.ts";
import type { WindowsApi } from "./api.ts";
import {
  AF_INET,
  AF_INET6,
  AI_ADDRCONFIG,
  NI_MAXHOST,
  NI_NAMEREQD,
  SOCK_DGRAM,
} from "./constants.ts";
import { ADDRINFOW } from "./layouts.ts";
import { addressOfSocket, SOCKADDR_BYTES, socketAddress } from "./sockaddr.ts";

/** GetAddrInfoW's errors (its page, and ws2tcpip.h for the names). */
const LOOKUP_ERRORS: Readonly<Record<number, readonly [string, string]>> = {
  8: ["EAI_MEMORY", "Memory allocation failure"],
  10022: ["EAI_BADFLAGS", "Invalid value for ai_flags"],
  10047: ["EAI_FAMILY", "Address family not supported"],
  11001: ["EAI_NONAME", "Name or service not known"],
  11002: ["EAI_AGAIN", "Temporary failure in name resolution"],
  11003: ["EAI_FAIL", "Non-recoverable failure in name resolution"],
  11004: ["EAI_NODATA", "No address associated with hostname"],
};

function addressInfo({ call }: WindowsApi): AddressInfo {
  return {
    layout: ADDRINFOW,
    numbers: {
      AF_INET,
      AF_INET6,
      AI_CANONNAME: 0,
      AI_ADDRCONFIG,
      SOCK_DGRAM,
    },
    socketAddressBytes: SOCKADDR_BYTES,
    getaddrinfo: (name, hints, result) =>
      call.waitForAddresses(name, null, hints, result),
    freeaddrinfo: (first) => call.FreeAddrInfoW(first),
    copy: (into, from, bytes) => call.RtlMoveMemory(into, from, bytes),
    addressOfSocket,
    errorOf: (status) =>
      LOOKUP_ERRORS[status] ??
        [`WSA${status}`, `Name resolution error ${status}`],
  };
}

/** The addresses of a name (GetAddrInfoW). */
export function lookup(
  api: WindowsApi,
  host: string,
  family?: Family,
): Promise<LookupResult> {
  api.startWinsock();
  return lookUp(addressInfo(api), wideString(host), family);
}

/** The name of an address (GetNameInfoW); undefined where there is none. */
export async function reverseLookup(
  api: WindowsApi,
  family: Family,
  address: SystemAddress,
): Promise<string | undefined> {
  api.startWinsock();
  const name = socketAddress(family, address);
  const host = new Uint16Array(new ArrayBuffer(2 * NI_MAXHOST));
  const hostBytes = new Uint8Array(host.buffer);
  const status = await holding(
    api.call.waitForName(
      name,
      name.length,
      hostBytes,
      host.length,
      null,
      0,
      NI_NAMEREQD,
    ),
    name,
    hostBytes,
  );
  if (status !== 0) return undefined;
  return String.fromCharCode(...host.subarray(0, host.indexOf(0)));
}

/** Text as the wide functions of Windows take it: UTF-16. */
function wideString(text: string): Uint8Array<ArrayBuffer> {
  const units = Uint16Array.from(
    { length: text.length + 1 },
    (_, i) => i < text.length ? text.charCodeAt(i) : 0,
  );
  return new Uint8Array(units.buffer);
}
