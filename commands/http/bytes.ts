/** Bytes made visible, as they go and come. */

/** Which way bytes went. */
export type Direction = "sent" | "received";

const MARK = { sent: "> ", received: "< " } as const;
const HEX_COLUMNS = 16;

/** Renders a stream of bytes in two directions. */
export interface ByteView {
  /** The text for some more bytes; it may hold back what is not a whole line yet. */
  render(direction: Direction, bytes: Uint8Array): string;
  /** What was held back. */
  end(): string;
}

const ESCAPES: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  switch (byte) {
    case 0x09:
      return "\\t";
    case 0x0d:
      return "\\r";
    case 0x5c:
      return "\\\\";
  }
  return byte >= 0x20 && byte < 0x7f
    ? String.fromCharCode(byte)
    : `\\x${byte.toString(16).padStart(2, "0")}`;
});

/** Lines as they are, with their ends and all control characters visible. */
export class RawView implements ByteView {
  #direction: Direction = "sent";
  /** Whether the next byte begins a line. */
  #isAtStart = true;

  render(direction: Direction, bytes: Uint8Array): string {
    let text = direction === this.#direction ? "" : this.end();
    this.#direction = direction;
    for (const byte of bytes) {
      if (this.#isAtStart) text += MARK[direction];
      this.#isAtStart = byte === 0x0a;
      text += byte === 0x0a ? "\\n\n" : ESCAPES[byte];
    }
    return text;
  }

  end(): string {
    if (this.#isAtStart) return "";
    this.#isAtStart = true;
    return "\n";
  }
}

/** Sixteen bytes a line, counted in each direction from 0. */
export class HexView implements ByteView {
  #direction: Direction = "sent";
  #held: number[] = [];
  readonly #offsets = { sent: 0, received: 0 };

  render(direction: Direction, bytes: Uint8Array): string {
    let text = direction === this.#direction ? "" : this.end();
    this.#direction = direction;
    for (const byte of bytes) {
      this.#held.push(byte);
      if (this.#held.length === HEX_COLUMNS) text += this.end();
    }
    return text;
  }

  end(): string {
    const bytes = this.#held;
    if (bytes.length === 0) return "";
    this.#held = [];
    const offset = this.#offsets[this.#direction];
    this.#offsets[this.#direction] += bytes.length;
    const half = (part: number[]) =>
      part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ")
        .padEnd(23);
    const text = bytes.map((byte) =>
      byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "."
    ).join("");
    const hex = `${half(bytes.slice(0, 8))}  ${half(bytes.slice(8))}`;
    return `${MARK[this.#direction]}${
      offset.toString(16).padStart(8, "0")
    }  ${hex}  |${text}|\n`;
  }
}
