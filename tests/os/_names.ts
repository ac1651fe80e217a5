/** Lists of addresses in memory, as getaddrinfo() and GetAddrInfoW() give them. */

import { parseAddress } from "../../lib/wire/address.ts";

/** What differs between systems; both structures are of 48 bytes, with the next one at 40. */
export interface ListLayout {
  readonly address: number;
  readonly canonicalName?: number;
  /** The bytes of a socket address. */
  readonly name: (ip: Uint8Array) => Uint8Array;
}

const ENTRY_BYTES = 48;
const FAMILY = 4;
const LENGTH = 16;
const NEXT = 40;
const PAGE_BYTES = 4096;

/** A linked list of addresses, which lives as long as this object. */
export class AddressList {
  /** Where the list begins. */
  readonly first: bigint;
  isFreed = false;
  readonly #memory: Uint8Array<ArrayBuffer>[] = [];

  constructor(
    addresses: readonly string[],
    layout: ListLayout,
    canonicalName = "",
  ) {
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
    if (layout.canonicalName === undefined) return;
    const first = new DataView(this.#memory.at(-2)!.buffer);
    const text = new TextEncoder().encode(`${canonicalName}\0`);
    const room = this.#allocate(text.length + 2 * PAGE_BYTES);
    // It begins 5 bytes before the end of a page.
    const start = PAGE_BYTES - 5 - Number(room.address % BigInt(PAGE_BYTES));
    const at = start < 0 ? start + PAGE_BYTES : start;
    room.bytes.set(text, at);
    const name = room.address + BigInt(at);
    first.setBigUint64(layout.canonicalName, name, true);
  }

  #allocate(length: number) {
    const bytes = new Uint8Array(new ArrayBuffer(length));
    this.#memory.push(bytes);
    const pointer = Deno.UnsafePointer.of(bytes);
    return { bytes, address: Deno.UnsafePointer.value(pointer) };
  }
}
