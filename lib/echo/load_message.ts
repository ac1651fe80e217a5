/** The messages of one connection: no two alike, and each checked as it comes back. */

/** The first byte that is not what was sent. */
export interface Difference {
  /** In bytes from the start of the message. */
  readonly offset: number;
  /** -1 where bytes were added. */
  readonly expected: number;
  readonly actual: number;
}

/** Bytes of a sequence number. */
const SEQUENCE_BYTES = 4;

/** A message that is written anew in place: a sequence number, where there is room for one, and a pattern. */
export class LoadMessage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #hasSequence: boolean;
  #sequence = 0;

  /** @param seed makes the messages of this connection differ from others' */
  constructor(size: number, seed: number) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
    this.#hasSequence = size >= SEQUENCE_BYTES;
    for (let i = 0; i < size; i++) this.bytes[i] = (i + seed) & 0xff;
  }

  /** Makes it the next one. */
  advance(): void {
    this.#sequence = (this.#sequence + 1) >>> 0;
    if (this.#hasSequence) this.#view.setUint32(0, this.#sequence);
  }

  /** Whether bytes that arrived by themselves answer an earlier message. */
  isEarlier(received: Uint8Array): boolean {
    if (!this.#hasSequence || received.length < SEQUENCE_BYTES) return false;
    for (let i = 0; i < SEQUENCE_BYTES; i++) {
      if (received[i] !== this.bytes[i]) {
        const { buffer, byteOffset } = received;
        const sequence = new DataView(buffer, byteOffset).getUint32(0);
        return sequence !== 0 && sequence < this.#sequence;
      }
    }
    return false;
  }

  /** Compares what came back, which begins `offset` bytes into the message. */
  compare(received: Uint8Array, offset: number): Difference | undefined {
    const { bytes } = this;
    for (let i = 0; i < received.length; i++) {
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
