import type { Family } from "../../wire/address.ts";
import type { LookupResult, SystemAddress } from "../types.ts";
import type { WindowsApi } from "./api.ts";
import * as c from "./constants.ts";
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

/** A name with more addresses than this is cut short. */
const MOST_ADDRESSES = 64;

/** The addresses of a name, in the system's order of preference (GetAddrInfoW). */
export async function lookup(
  api: WindowsApi,
  host: string,
  family?: Family,
): Promise<LookupResult> {
  api.startWinsock();
  const hints = new DataView(new ArrayBuffer(ADDRINFOW.bytes));
  // Without a family, addresses of a kind that this machine has none of would only fail.
  const flags = family === undefined ? c.AI_ADDRCONFIG : 0;
  hints.setInt32(ADDRINFOW.flags, flags, true);
  const wanted = family === undefined
    ? 0
    : family === 4
    ? c.AF_INET
    : c.AF_INET6;
  hints.setInt32(ADDRINFOW.family, wanted, true);
  hints.setInt32(ADDRINFOW.socketType, c.SOCK_DGRAM, true);
  const result = new BigUint64Array(new ArrayBuffer(8));
  // Held here while the thread uses them; Deno before 2.9 does not hold them itself.
  const name = wideString(host);
  const hintBytes = new Uint8Array(hints.buffer);
  const resultBytes = new Uint8Array(result.buffer);
  const held = [name, hintBytes, resultBytes];
  const status = await api.call.waitForAddresses(
    name,
    null,
    hintBytes,
    resultBytes,
  ).finally(() => held.length = 0);
  if (status !== 0) {
    const [code, description] = LOOKUP_ERRORS[status] ??
      [`WSA${status}`, `Name resolution error ${status}`];
    return { code, description };
  }
  const addresses = readAddresses(api, result[0]!);
  api.call.FreeAddrInfoW(result[0]!);
  return { addresses };
}

function readAddresses({ call }: WindowsApi, first: bigint) {
  const addresses: (SystemAddress & { family: Family })[] = [];
  const entry = new DataView(new ArrayBuffer(ADDRINFOW.bytes));
  const entryBytes = new Uint8Array(entry.buffer);
  const socketBytes = new Uint8Array(new ArrayBuffer(SOCKADDR_BYTES));
  let next = first;
  while (next !== 0n && addresses.length < MOST_ADDRESSES) {
    call.RtlMoveMemory(entryBytes, next, BigInt(ADDRINFOW.bytes));
    const length = Number(entry.getBigUint64(ADDRINFOW.addressLength, true));
    call.RtlMoveMemory(
      socketBytes,
      entry.getBigUint64(ADDRINFOW.address, true),
      BigInt(Math.min(length, SOCKADDR_BYTES)),
    );
    const address = addressOfSocket(socketBytes);
    if (address !== undefined) addresses.push(address);
    next = entry.getBigUint64(ADDRINFOW.next, true);
  }
  return addresses;
}

/** The name of an address (GetNameInfoW); undefined where there is none. */
export async function reverseLookup(
  api: WindowsApi,
  family: Family,
  address: SystemAddress,
): Promise<string | undefined> {
  api.startWinsock();
  const name = socketAddress(family, address);
  const host = new Uint16Array(new ArrayBuffer(2 * c.NI_MAXHOST));
  const hostBytes = new Uint8Array(host.buffer);
  const held = [name, hostBytes];
  const status = await api.call.waitForName(
    name,
    name.length,
    hostBytes,
    host.length,
    null,
    0,
    c.NI_NAMEREQD,
  ).finally(() => held.length = 0);
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
