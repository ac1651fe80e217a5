/** Messages in a stream of bytes, which has none of its own. */

/** Where a message ends: nowhere, at a line feed, or after a length of 4 bytes, big-endian, that does not count itself. */
export type Framing = "none" | "line" | "length";

/** Bytes before a message with `length` framing. */
export const LENGTH_BYTES = 4;
const LINE_FEED = 0x0a;
const FIRST_ROOM = 256;

/** A message is longer than allowed. What follows it cannot be told apart any more. */
export class FrameError extends Error {
  /** The name of the class. */
  override readonly name = "FrameError";
  /** Bytes of the message, as far as they are known. */
  readonly bytes: number;

  /** For the library's own use; a constructor cannot be hidden. */
  constructor(bytes: number, maxFrame: number, isKnown: boolean) {
    super(
      `Message of ${
        isKnown ? "" : "at least "
      }${bytes} bytes: ${maxFrame} at most`,
    );
    this.bytes = bytes;
  }
}

/**
 * Cuts a stream into messages. A message is handed over with its framing, so
 * that messages one after another are the stream; a message that lies whole
 * in what was pushed is a view of it.
 */
export class FrameSplitter {
  readonly #framing: Framing;
  readonly #maxFrame: number;
  #pending = new Uint8Array(FIRST_ROOM);
  #pendingBytes = 0;

  /** @param maxFrame the longest message, in bytes, its framing not counted */
  constructor(framing: Framing, maxFrame: number) {
    this.#framing = framing;
    this.#maxFrame = maxFrame;
  }

  /** Bytes of a message whose end has not come yet, its framing included. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /**
   * Takes what was read.
   *
   * @param frame called for each message that is complete now, with bytes that are valid during the call only
   * @throws {FrameError} when a message is longer than allowed
   */
  push(
    bytes: Uint8Array<ArrayBuffer>,
    frame: (message: Uint8Array<ArrayBuffer>) => void,
  ): void {
    let at = 0;
    while (at < bytes.length) {
      const end = at + this.#missing(bytes, at);
      if (end > bytes.length) return this.#keep(bytes.subarray(at));
      const rest = bytes.subarray(at, end);
      at = end;
      if (this.#pendingBytes === 0) frame(rest);
      else {
        this.#keep(rest);
        frame(this.takePending());
      }
    }
  }

  /** What is left of a message without its end; valid until the next call. */
  takePending(): Uint8Array<ArrayBuffer> {
    const message = this.#pending.subarray(0, this.#pendingBytes);
    this.#pendingBytes = 0;
    return message;
  }

  /** How many bytes from `at` on complete the message; `Infinity` where that is not known yet. */
  #missing(bytes: Uint8Array, at: number): number {
    switch (this.#framing) {
      case "none":
        return bytes.length - at;
      case "line": {
        const end = bytes.indexOf(LINE_FEED, at);
        const length = this.#pendingBytes +
          (end < 0 ? bytes.length : end) - at;
        if (length > this.#maxFrame) {
          throw new FrameError(length, this.#maxFrame, end >= 0);
        }
        return end < 0 ? Infinity : end + 1 - at;
      }
      case "length": {
        if (this.#pendingBytes + bytes.length - at < LENGTH_BYTES) {
          return Infinity;
        }
        let length = 0;
        for (let i = 0; i < LENGTH_BYTES; i++) {
          const byte = i < this.#pendingBytes
            ? this.#pending[i]!
            : bytes[at + i - this.#pendingBytes]!;
          length = length * 256 + byte;
        }
        if (length > this.#maxFrame) {
          throw new FrameError(length, this.#maxFrame, true);
        }
        return LENGTH_BYTES + length - this.#pendingBytes;
      }
    }
  }

  #keep(bytes: Uint8Array): void {
    const length = this.#pendingBytes + bytes.length;
    if (length > this.#pending.length) {
      const room = new Uint8Array(Math.max(length, 2 * this.#pending.length));
      room.set(this.#pending.subarray(0, this.#pendingBytes));
      this.#pending = room;
    }
    this.#pending.set(bytes, this.#pendingBytes);
    this.#pendingBytes = length;
  }
}

/** A message with its framing, as {@linkcode FrameSplitter} hands it over. */
export function encodeFrame(
  framing: Framing,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const before = framing === "length" ? LENGTH_BYTES : 0;
  const after = framing === "line" ? 1 : 0;
  const frame = new Uint8Array(before + payload.length + after);
  frame.set(payload, before);
  if (framing === "length") {
    new DataView(frame.buffer).setUint32(0, payload.length);
  }
  if (framing === "line") frame[frame.length - 1] = LINE_FEED;
  return frame;
}
