/** Socket addresses as Windows lays them out: SOCKADDR_IN and SOCKADDR_IN6. */

import type { Family } from "../../wire/address.ts";
import type { SystemAddress } from "../types.ts";
import { AF_INET, AF_INET6 } from "./constants.ts";
import { SOCKADDR_IN, SOCKADDR_IN6 } from "./layouts.ts";

/** Room for either kind. */
export const SOCKADDR_BYTES = SOCKADDR_IN6.bytes;

const SOCKADDR = {
  4: { ...SOCKADDR_IN, number: AF_INET, addressBytes: 4 },
  6: { ...SOCKADDR_IN6, number: AF_INET6, addressBytes: 16 },
} as const;

/** A socket address, of exactly the length that the system expects. */
export function socketAddress(
  family: Family,
  address?: SystemAddress,
  port = 0,
): Uint8Array<ArrayBuffer> {
  const layout = SOCKADDR[family];
  const bytes = new Uint8Array(new ArrayBuffer(layout.bytes));
  const view = new DataView(bytes.buffer);
  view.setUint16(layout.family, layout.number, true);
  view.setUint16(layout.port, port);
  if (address !== undefined) {
    bytes.set(address.bytes, layout.addr);
    if (family === 6) {
      view.setUint32(SOCKADDR_IN6.scopeId, address.scopeId, true);
    }
  }
  return bytes;
}

/** The address in a structure that the system filled; undefined for another family. */
export function addressOfSocket(
  bytes: Uint8Array,
): (SystemAddress & { readonly family: Family }) | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const number = view.getUint16(SOCKADDR_IN.family, true);
  const family = number === AF_INET ? 4 : number === AF_INET6 ? 6 : undefined;
  if (family === undefined) return undefined;
  const { addr, addressBytes } = SOCKADDR[family];
  return {
    family,
    bytes: bytes.slice(addr, addr + addressBytes),
    scopeId: family === 6 ? view.getUint32(SOCKADDR_IN6.scopeId, true) : 0,
  };
}
