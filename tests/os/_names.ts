/** Lists of addresses in memory, as getaddrinfo() and GetAddrInfoW() give them. */

import { parseAddress } from "../../lib/wire/address.ts";

/** What differs between systems; both structures are of 48 bytes, with the next one at 40. */
export interface ListLayout {
  readonly address: number;
  /** The bytes of a socket address. */
  readonly name: (ip: Uint8Array) => Uint8Array;
}

const ENTRY_BYTES = 48;
const FAMILY = 4;
const LENGTH = 16;
const NEXT = 40;

/** A linked list of addresses, which lives as long as this object. */
export class AddressList {
  /** Where the list begins. */
  readonly first: bigint;
  isFreed = false;
  readonly #memory: Uint8Array<ArrayBuffer>[] = [];

  constructor(addresses: readonly string[], layout: ListLayout) {
    let next = 0n;
    for (const text of addresses.toReversed()) {
      const name = layout.name(parseAddress(text)!);
      const entry = this.#allocate(ENTRY_BYTES);
      const view = new DataView(entry.bytes.buffer);
      view.setInt32(FAMILY, 0xdead, true);
      view.setUint32(LENGTH, name.length, true);
      const copy = this.#allocate(name.length);
      copy.bytes.set(name);
      view.setBigUint64(layout.address, copy.address, true);
      view.setBigUint64(NEXT, next, true);
      next = entry.address;
    }
    this.first = next;
  }

  #allocate(length: number) {
    const bytes = new Uint8Array(new ArrayBuffer(length));
    this.#memory.push(bytes);
    const pointer = Deno.UnsafePointer.of(bytes);
    return { bytes, address: Deno.UnsafePointer.value(pointer) };
  }
}
