/**
 * What a probe carries: 8 random bytes that are the run's own, the probe's
 * number in 8 bytes, and a pattern. A shorter payload is cut from its end.
 */

import { readUint32 } from "./bytes.ts";

const TOKEN_BYTES = 8;
const NUMBER = TOKEN_BYTES;
const HEAD_BYTES = 16;
/** So many bytes of the token must be right: a damaged answer is still ours, a stranger's is not. */
const TOKEN_AGREEMENT = 6;
/** ping's own pattern: 0x10, 0x11, ... from the 17th byte on. */
const DEFAULT_PATTERN = 0x10;

/**
 * The payload of one run's probes, and the judgement of what comes back. It
 * stands at a fixed place of each message, behind the header.
 */
export class Payload {
  readonly size: number;
  readonly #start: number;
  readonly #template: Uint8Array;
  readonly #number = new DataView(new ArrayBuffer(8));
  readonly #numberBytes = new Uint8Array(this.#number.buffer);

  constructor(headerBytes: number, size: number, pattern?: Uint8Array) {
    this.#start = headerBytes;
    this.size = size;
    const template = new Uint8Array(Math.max(size, HEAD_BYTES));
    crypto.getRandomValues(template.subarray(0, TOKEN_BYTES));
    for (let i = HEAD_BYTES; i < size; i++) {
      template[i] = pattern === undefined || pattern.length === 0
        ? DEFAULT_PATTERN + i - HEAD_BYTES
        : pattern[(i - HEAD_BYTES) % pattern.length]!;
    }
    this.#template = template;
  }

  /** Writes everything but the number, once, into the memory of a message. */
  initialise(message: Uint8Array): void {
    message.set(this.#template.subarray(0, this.size), this.#start);
  }

  /** Writes the number of a probe, low half first so that a short payload still tells probes apart. */
  writeNumber(message: Uint8Array, number: number): void {
    this.#writeNumber(message, this.#start, number);
  }

  #writeNumber(into: Uint8Array, start: number, number: number): void {
    this.#number.setUint32(0, number);
    this.#number.setUint32(4, number / 0x1_0000_0000);
    for (let i = NUMBER; i < this.size && i < HEAD_BYTES; i++) {
      into[start + i] = this.#numberBytes[i - NUMBER]!;
    }
  }

  /** Bytes of payload in a message. */
  length(message: Uint8Array): number {
    return message.length - this.#start;
  }

  /** Whether the payload of a message that came back, whole or cut, is one of this run's. */
  isOurs(message: Uint8Array): boolean {
    const length = Math.min(TOKEN_BYTES, this.size, this.length(message));
    let agreeing = 0;
    for (let i = 0; i < length; i++) {
      if (message[this.#start + i] === this.#template[i]) agreeing++;
    }
    return agreeing >= Math.min(TOKEN_AGREEMENT, length);
  }

  /** The number in a message; undefined where it is cut off, as in very small probes. */
  number(message: Uint8Array): number | undefined {
    if (Math.min(this.length(message), this.size) < HEAD_BYTES) {
      return undefined;
    }
    const at = this.#start + NUMBER;
    return readUint32(message, at + 4) * 0x1_0000_0000 +
      readUint32(message, at);
  }

  /**
   * The first payload byte of a message that is not what probe `number`
   * carried; undefined where all is as sent, or merely cut short.
   */
  fault(
    message: Uint8Array,
    number: number,
  ): { offset: number; expected: number; actual: number } | undefined {
    this.#writeNumber(this.#template, 0, number);
    const received = this.length(message);
    const length = Math.min(received, this.size);
    for (let offset = 0; offset < length; offset++) {
      const expected = this.#template[offset]!;
      const actual = message[this.#start + offset]!;
      if (actual !== expected) return { offset, expected, actual };
    }
    return received > this.size
      ? {
        offset: this.size,
        expected: -1,
        actual: message[this.#start + this.size]!,
      }
      : undefined;
  }
}
