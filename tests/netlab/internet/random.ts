/** Reproducible randomness: the same seed and stream give the same numbers for ever. */

/** A stream of numbers; sfc32, by Chris Doty-Humphrey, from PractRand. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param stream keeps several users of one seed apart from each other */
  constructor(seed: number, stream = 0) {
    this.#a = seed | 0;
    this.#b = stream | 0;
    this.#c = 0x6e657464;
    for (let i = 0; i < 16; i++) this.uint32();
  }

  /** From 0 to 2^32 - 1. */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum | 0;
    return sum >>> 0;
  }

  /** From 0 to `below` - 1. */
  below(below: number): number {
    return Math.floor(this.next() * below);
  }

  /** From 0 up to, and never, 1. */
  next(): number {
    return this.uint32() / 2 ** 32;
  }

  /** Fills an array with random bytes, and returns it. */
  fill<T extends Uint8Array>(bytes: T): T {
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.uint32() & 0xff;
    return bytes;
  }
}
