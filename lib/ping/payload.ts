/**
 * What a probe carries: 8 random bytes that are the run's own, the probe's
 * number in 8 bytes, and a pattern. A shorter payload is cut from its end.
 */

const TOKEN_BYTES = 8;
const NUMBER = TOKEN_BYTES;
const HEAD_BYTES = 16;
/** So many bytes of the token must be right: a damaged answer is still ours, a stranger's is not. */
const TOKEN_AGREEMENT = 6;
/** ping's own pattern: 0x10, 0x11, ... from the 17th byte on. */
const DEFAULT_PATTERN = 0x10;

/** The payload of one run's probes, and the judgement of what comes back. */
export class Payload {
  readonly size: number;
  readonly #template: Uint8Array;
  readonly #number = new DataView(new ArrayBuffer(8));
  readonly #numberBytes = new Uint8Array(this.#number.buffer);

  constructor(size: number, pattern?: Uint8Array) {
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

  /** Writes everything but the number, once, into memory that `size` bytes of payload are sent from. */
  initialise(into: Uint8Array): void {
    into.set(this.#template.subarray(0, this.size));
  }

  /** Writes the number of a probe, low half first so that a short payload still tells probes apart. */
  writeNumber(into: Uint8Array, number: number): void {
    this.#number.setUint32(0, number);
    this.#number.setUint32(4, number / 0x1_0000_0000);
    for (let i = NUMBER; i < this.size && i < HEAD_BYTES; i++) {
      into[i] = this.#numberBytes[i - NUMBER]!;
    }
  }

  /** Whether a payload that came back, whole or cut, is one of this run's. */
  isOurs(payload: Uint8Array): boolean {
    const length = Math.min(TOKEN_BYTES, this.size, payload.length);
    let agreeing = 0;
    for (let i = 0; i < length; i++) {
      if (payload[i] === this.#template[i]) agreeing++;
    }
    return agreeing >= Math.min(TOKEN_AGREEMENT, length);
  }

  /** The number in a payload; undefined where it is cut off, as in very small probes. */
  number(payload: Uint8Array): number | undefined {
    if (Math.min(payload.length, this.size) < HEAD_BYTES) return undefined;
    return readUint32(payload, NUMBER + 4) * 0x1_0000_0000 +
      readUint32(payload, NUMBER);
  }

  /** The first byte that is not what probe `number` carried; undefined where all is as sent, or merely cut short. */
  fault(
    payload: Uint8Array,
    number: number,
  ): { offset: number; expected: number; actual: number } | undefined {
    this.writeNumber(this.#template, number);
    const length = Math.min(payload.length, this.size);
    for (let offset = 0; offset < length; offset++) {
      const expected = this.#template[offset]!;
      const actual = payload[offset]!;
      if (actual !== expected) return { offset, expected, actual };
    }
    return payload.length > this.size
      ? { offset: this.size, expected: -1, actual: payload[this.size]! }
      : undefined;
  }
}

function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) |
    (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
