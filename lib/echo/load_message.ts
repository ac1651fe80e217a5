/** The messages of one connection: no two alike, and each checked as it comes back. */

/** The first byte that is not what was sent. */
export interface Difference {
  /** In bytes from the start of the message. */
  readonly offset: number;
  /** -1 where bytes were added. */
  readonly expected: number;
  /** -1 where bytes are missing. */
  readonly actual: number;
}

/** Bytes of a message's number. */
export const NUMBER_BYTES = 4;
/** Odd, so that 256 bytes have every value; far from 1, so that a few have letters, control characters and high bits. */
const STEP = 167;
/** From this many bytes on, comparing words pays for the view that it needs. */
const MANY_BYTES = 256;

/** A message that is written anew in place: a number, where there is room for one, and a pattern. */
export class LoadMessage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #words: Int32Array;
  readonly #hasNumber: boolean;
  #number = 0;

  /** @param seed makes the messages of this connection differ from others' */
  constructor(size: number, seed: number) {
    this.bytes = new Uint8Array(new ArrayBuffer(size));
    this.#words = new Int32Array(this.bytes.buffer, 0, size >> 2);
    this.#hasNumber = size >= NUMBER_BYTES;
    for (let i = 0; i < size; i++) {
      this.bytes[i] = (STEP * i + seed) & 0xff;
    }
  }

  /** Makes it the next one. */
  advance(): void {
    this.number(this.#number + 1);
  }

  /** Makes it the one with this number; 32 bits of it count. */
  number(number: number): void {
    this.#number = number;
    if (!this.#hasNumber) return;
    const { bytes } = this;
    bytes[0] = number >>> 24;
    bytes[1] = number >>> 16;
    bytes[2] = number >>> 8;
    bytes[3] = number;
  }

  /** The number in a message that came back, which is long enough for one; else 0. */
  numberOf(received: Uint8Array): number {
    if (received.length < NUMBER_BYTES) return 0;
    return (received[0]! << 24 | received[1]! << 16 | received[2]! << 8 |
      received[3]!) >>> 0;
  }

  /** Compares what came back, which begins `offset` bytes into the message. */
  compare(
    received: Uint8Array<ArrayBuffer>,
    offset: number,
  ): Difference | undefined {
    return this.#compareFrom(
      this.#skipEqual(received, offset),
      received,
      offset,
    );
  }

  /** Compares a whole message that came back, but for its number. `length` is how long it was before it was cut. */
  compareUnnumbered(
    received: Uint8Array,
    length: number,
  ): Difference | undefined {
    const difference = this.#compareFrom(NUMBER_BYTES, received, 0);
    const { bytes } = this;
    if (difference !== undefined || length >= bytes.length) return difference;
    return { offset: length, expected: bytes[length]!, actual: -1 };
  }

  /** Where the number that came back differs from the last one. */
  numberDifference(received: Uint8Array): Difference {
    return this.#compareFrom(0, received.subarray(0, NUMBER_BYTES), 0) ??
      { offset: 0, expected: this.bytes[0]!, actual: received[0]! };
  }

  /** How many bytes are found equal, words at a time. */
  #skipEqual(received: Uint8Array<ArrayBuffer>, offset: number): number {
    const { length, byteOffset, buffer } = received;
    if (length < MANY_BYTES || ((byteOffset | offset) & 3) !== 0) return 0;
    const count = Math.min(length >> 2, this.#words.length - (offset >> 2));
    if (count <= 0) return 0;
    const ours = this.#words;
    const theirs = new Int32Array(buffer, byteOffset, count);
    const first = offset >> 2;
    let i = 0;
    while (i < count && theirs[i] === ours[first + i]) i++;
    return i << 2;
  }

  #compareFrom(
    start: number,
    received: Uint8Array,
    offset: number,
  ): Difference | undefined {
    const { bytes } = this;
    for (let i = start; i < received.length; i++) {
      if (received[i] === bytes[offset + i]) continue;
      return {
        offset: offset + i,
        expected: bytes[offset + i] ?? -1,
        actual: received[i]!,
      };
    }
    return undefined;
  }
}
