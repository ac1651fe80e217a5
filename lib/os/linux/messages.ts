import { addressOf } from "./libc.ts";
import { SOCKADDR, SOCKADDR_IN6_SCOPE, type SocketFamily } from "./sockaddr.ts";

// struct mmsghdr, 64-bit (sys/socket.h): msghdr { name, namelen, iov, iovlen, control, controllen, flags }, msg_len.
const HEADER_BYTES = 64;
const NAME = 0;
const NAME_LENGTH = 8;
const IOV = 16;
const IOV_LENGTH = 24;
const CONTROL = 32;
const CONTROL_LENGTH = 40;
const FLAGS = 48;
const LENGTH = 56;
const IOVEC_BYTES = 16;

/** struct cmsghdr: length, level, type; the data follows. Entries are aligned to 8 bytes. */
export const CONTROL_HEADER_BYTES = 16;

/**
 * The memory of `sendmmsg` and `recvmmsg`: an array of message headers with
 * their addresses, control data and packets, all in one allocation that never
 * moves, so that the pointers within it stay true.
 */
export class MessageBatch {
  readonly size: number;
  /** The array of `struct mmsghdr`, to be passed to the system. */
  readonly headers: Uint8Array<ArrayBuffer>;
  /** One packet a message, each of the full room. */
  readonly packets: readonly Uint8Array<ArrayBuffer>[];
  /** One socket address a message. */
  readonly names: readonly Uint8Array<ArrayBuffer>[];
  /** Just the IP address within each socket address. */
  readonly addresses: readonly Uint8Array<ArrayBuffer>[];
  /** How many messages the last call received into. */
  used = 0;
  readonly #views: Uint8Array<ArrayBuffer>[];
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #iovStart: number;
  readonly #controlStart: number;
  readonly #controlBytes: number;
  readonly #nameBytes: number;

  constructor(
    family: SocketFamily,
    size: number,
    packetBytes: number,
    controlBytes: number,
  ) {
    this.size = size;
    this.#controlBytes = controlBytes;
    const layout = SOCKADDR[family];
    const packetRoom = (packetBytes + 7) & ~7;
    const nameRoom = (layout.bytes + 7) & ~7;
    const iovStart = size * HEADER_BYTES;
    this.#iovStart = iovStart;
    const nameStart = iovStart + size * IOVEC_BYTES;
    this.#controlStart = nameStart + size * nameRoom;
    const packetStart = this.#controlStart + size * controlBytes;
    const memory = new ArrayBuffer(packetStart + size * packetRoom);
    const base = addressOf(memory);
    const view = new DataView(memory);
    this.#words = new Int32Array(memory, 0, packetStart >> 2);
    this.headers = new Uint8Array(memory, 0, iovStart);
    const packets: Uint8Array<ArrayBuffer>[] = [];
    const names: Uint8Array<ArrayBuffer>[] = [];
    const addresses: Uint8Array<ArrayBuffer>[] = [];
    this.#nameBytes = layout.bytes;
    for (let i = 0; i < size; i++) {
      const header = i * HEADER_BYTES;
      const iov = iovStart + i * IOVEC_BYTES;
      const name = nameStart + i * nameRoom;
      const packet = packetStart + i * packetRoom;
      view.setBigUint64(header + NAME, base + BigInt(name), true);
      view.setUint32(header + NAME_LENGTH, layout.bytes, true);
      view.setBigUint64(header + IOV, base + BigInt(iov), true);
      view.setBigUint64(header + IOV_LENGTH, 1n, true);
      if (controlBytes > 0) {
        const control = this.#controlStart + i * controlBytes;
        view.setBigUint64(header + CONTROL, base + BigInt(control), true);
        view.setUint32(header + CONTROL_LENGTH, controlBytes, true);
      }
      view.setBigUint64(iov, base + BigInt(packet), true);
      view.setUint32(iov + 8, packetBytes, true);
      view.setUint16(name, layout.family, true);
      packets.push(new Uint8Array(memory, packet, packetBytes));
      names.push(new Uint8Array(memory, name, layout.bytes));
      addresses.push(
        new Uint8Array(memory, name + layout.address, layout.addressBytes),
      );
    }
    this.packets = packets;
    this.#views = [...packets];
    this.names = names;
    this.addresses = addresses;
  }

  /** The array of `struct mmsghdr` from message `i` on. */
  headersFrom(i: number): Uint8Array<ArrayBuffer> {
    return i === 0 ? this.headers : this.headers.subarray(i * HEADER_BYTES);
  }

  /** Bytes that were received into message `i`. */
  length(i: number): number {
    return this.#words[(i * HEADER_BYTES + LENGTH) >> 2]!;
  }

  /** Bytes that are to be sent of message `i`. */
  outgoingLength(i: number): number {
    return this.#words[(this.#iovStart + i * IOVEC_BYTES + 8) >> 2]!;
  }

  /** Bytes of the socket address of message `i`. */
  nameLength(i: number): number {
    return this.#words[(i * HEADER_BYTES + NAME_LENGTH) >> 2]!;
  }

  /** How many bytes of message `i` are sent, and how long its socket address is; 0 is none. */
  setLengths(i: number, bytes: number, nameBytes: number): void {
    const words = this.#words;
    words[(this.#iovStart + i * IOVEC_BYTES + 8) >> 2] = bytes;
    words[(i * HEADER_BYTES + NAME_LENGTH) >> 2] = nameBytes;
  }

  /** The bytes of packet `i` from `start` to `end`. The view is kept for the next time, since most messages are alike. */
  view(i: number, start: number, end: number): Uint8Array<ArrayBuffer> {
    const packet = this.packets[i]!;
    const kept = this.#views[i]!;
    const isSame = kept.byteOffset === packet.byteOffset + start &&
      kept.length === end - start;
    return isSame ? kept : this.#views[i] = packet.subarray(start, end);
  }

  /** The IPv6 zone of message `i`'s address. */
  setScope(i: number, scopeId: number): void {
    const name = this.names[i]!;
    new DataView(name.buffer, name.byteOffset).setUint32(
      SOCKADDR_IN6_SCOPE,
      scopeId,
      true,
    );
  }

  /** Makes the messages that were {@linkcode used} ready to receive again. */
  reset(): void {
    const words = this.#words;
    for (let i = 0; i < this.used; i++) {
      const header = (i * HEADER_BYTES) >> 2;
      words[header + (NAME_LENGTH >> 2)] = this.#nameBytes;
      words[header + (CONTROL_LENGTH >> 2)] = this.#controlBytes;
      words[header + (FLAGS >> 2)] = 0;
    }
    this.used = 0;
  }

  /**
   * Calls `visit` for each control message that came with message `i`; its
   * data starts at `words[at]`.
   */
  visitControl(
    i: number,
    visit: (
      level: number,
      type: number,
      words: Int32Array<ArrayBuffer>,
      at: number,
    ) => void,
  ): void {
    const words = this.#words;
    const length = words[(i * HEADER_BYTES + CONTROL_LENGTH) >> 2]!;
    const start = this.#controlStart + i * this.#controlBytes;
    let at = start;
    while (at + CONTROL_HEADER_BYTES <= start + length) {
      const word = at >> 2;
      const bytes = words[word]!;
      if (bytes < CONTROL_HEADER_BYTES) return;
      visit(
        words[word + 2]!,
        words[word + 3]!,
        words,
        word + (CONTROL_HEADER_BYTES >> 2),
      );
      at += (bytes + 7) & ~7;
    }
  }
}
