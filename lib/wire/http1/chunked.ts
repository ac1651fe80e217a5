/** The chunked transfer coding: RFC 9112, section 7.1. */

import { HttpParseError, type Report } from "./errors.ts";
import type { ResponseHandler } from "./events.ts";
import { FieldSection, type SectionLimits } from "./field_section.ts";
import { checkLine } from "./lines.ts";
import {
  CR,
  HEX,
  isBlank,
  latin1Text,
  LF,
  octetName,
  quote,
  quoteOctets,
} from "./octets.ts";
import { areParameters } from "./parameters.ts";

/** How much a chunked body may hold, in octets. */
export interface ChunkedLimits {
  /** The line that starts a chunk, its line end included. */
  readonly chunkLine: number;
  /** All chunk extensions together. */
  readonly extensions: number;
  /** The content. */
  readonly body: number;
  readonly trailers: SectionLimits;
}

/** Finds the content in a chunked body. */
export class ChunkedDecoder {
  readonly #limits: ChunkedLimits;
  readonly #report: Report;
  readonly #trailers: FieldSection;
  #state: "size" | "data" | "data-end" | "trailers" = "size";
  /** What has come of a chunk line whose end has not. */
  #line = new Uint8Array(0);
  /** Octets of the chunk that have not come yet. */
  #missing = 0;
  /** The CR after the data of a chunk has come. */
  #hasCr = false;
  #bodyBytes = 0;
  #extensionBytes = 0;

  constructor(limits: ChunkedLimits, report: Report) {
    this.#limits = limits;
    this.#report = report;
    this.#trailers = new FieldSection("trailer", limits.trailers, report);
  }

  /** Starts another body. */
  begin(): void {
    this.#state = "size";
    this.#line = new Uint8Array(0);
    this.#missing = 0;
    this.#hasCr = false;
    this.#bodyBytes = 0;
    this.#extensionBytes = 0;
  }

  /** Octets of content that were handed over. */
  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  /** What is missing, for the message about a body that is not complete. */
  position(): string {
    switch (this.#state) {
      case "size":
        return "before the last chunk";
      case "data":
        return `with ${this.#missing} bytes of a chunk missing`;
      case "data-end":
        return "at the end of a chunk";
      case "trailers":
        return "in the trailer section";
    }
  }

  /**
   * Decodes what it can of `bytes`.
   *
   * @param offset the offset of `bytes[0]` in the response
   * @returns where it stopped, and `true` when the body is complete; without that, it stopped at the end
   */
  feed(
    bytes: Uint8Array,
    from: number,
    offset: number,
    handler: ResponseHandler,
  ): { at: number; done: boolean } {
    let at = from;
    while (at < bytes.length) {
      switch (this.#state) {
        case "size":
          at = this.#sizeLine(bytes, at, offset);
          break;
        case "data": {
          const end = Math.min(bytes.length, at + this.#missing);
          const data = bytes.subarray(at, end);
          this.#missing -= data.length;
          this.#bodyBytes += data.length;
          at = end;
          if (this.#missing === 0) this.#state = "data-end";
          handler({ type: "data", data });
          break;
        }
        case "data-end":
          this.#dataEnd(bytes[at]!, offset + at);
          at++;
          break;
        case "trailers":
          at += this.#trailers.take(bytes, at);
          if (this.#trailers.fields()) {
            at -= this.#trailers.surplusBytes;
            const headers = this.#trailers.headers();
            if (headers.length > 0) handler({ type: "trailers", headers });
            return { at, done: true };
          }
          break;
      }
    }
    return { at, done: false };
  }

  #dataEnd(octet: number, offset: number): void {
    if (octet === CR && !this.#hasCr) {
      this.#hasCr = true;
      return;
    }
    if (octet !== LF) {
      throw new HttpParseError(
        "chunk-end-missing",
        `Data of a chunk is followed by ${octetName(octet)}, not by ${
          this.#hasCr ? "LF after CR" : "CR LF"
        }`,
        offset,
      );
    }
    if (!this.#hasCr) {
      this.#report(
        "bare-lf",
        "Data of a chunk is followed by LF without CR",
        offset,
      );
    }
    this.#hasCr = false;
    this.#state = "size";
  }

  /** Takes a chunk line, or what there is of it; returns where it stopped. */
  #sizeLine(bytes: Uint8Array, from: number, offset: number): number {
    const before = this.#line.length;
    const lf = bytes.indexOf(LF, from);
    const end = lf < 0 ? bytes.length : lf + 1;
    const max = this.#limits.chunkLine;
    if (before + end - from > max) {
      throw new HttpParseError(
        "chunk-line-bytes",
        `Chunk line is longer than ${max} bytes`,
        offset + from - before + max,
      );
    }
    if (lf >= 0 && before === 0) {
      this.#startChunk(bytes, from, lf, offset);
      return end;
    }
    const line = new Uint8Array(before + end - from);
    line.set(this.#line);
    line.set(bytes.subarray(from, end), before);
    this.#line = line;
    if (lf >= 0) {
      this.#line = new Uint8Array(0);
      this.#startChunk(line, 0, line.length - 1, offset + from - before);
    }
    return end;
  }

  /** @param base the offset of `bytes[0]` in the response */
  #startChunk(
    bytes: Uint8Array,
    start: number,
    lf: number,
    base: number,
  ): void {
    let at = start;
    let size = 0;
    for (let digit = HEX[bytes[at]!]!; digit < 16; digit = HEX[bytes[at]!]!) {
      size = size * 16 + digit;
      at++; // the line feed ends it
    }
    if (at === start || bytes[at] !== CR || at + 1 !== lf) {
      this.#inspect(bytes.slice(start, lf + 1), at - start, base + start);
    }
    const digits = () => latin1Text(bytes, start, at);
    if (size > Number.MAX_SAFE_INTEGER) {
      throw new HttpParseError(
        "chunk-size-overflow",
        `Chunk size ${
          quote(digits())
        } is more than ${Number.MAX_SAFE_INTEGER} bytes`,
        base + start,
      );
    }
    if (this.#bodyBytes + size > this.#limits.body) {
      throw new HttpParseError(
        "body-bytes",
        `Body is longer than ${this.#limits.body} bytes: a chunk of ${size} follows ${this.#bodyBytes}`,
        base + start,
      );
    }
    this.#missing = size;
    this.#state = size === 0 ? "trailers" : "data";
    if (size === 0) this.#trailers.begin(base + lf + 1);
  }

  /** Checks a line that is more than a size, octet by octet. */
  #inspect(line: Uint8Array, sizeEnd: number, base: number): void {
    const lf = line.length - 1;
    const end = checkLine(line, 0, lf, base, this.#report);
    const next = sizeEnd < end ? line[sizeEnd]! : undefined;
    if (
      sizeEnd === 0 || (next !== undefined && next !== 0x3b && !isBlank(next))
    ) {
      const text = latin1Text(line, 0, end);
      throw new HttpParseError(
        "chunk-size-invalid",
        `Chunk size ${quote(text)} is not a hexadecimal number`,
        base + sizeEnd,
      );
    }
    if (next === undefined) return;
    const extensions = latin1Text(line, sizeEnd, end);
    if (extensions.trim() === "") {
      this.#report(
        "chunk-size-whitespace",
        `Chunk size ${quoteOctets(line, 0, end)} is followed by white space`,
        base + sizeEnd,
      );
    } else if (!areParameters(extensions, 0, true)) {
      this.#report(
        "chunk-extension-invalid",
        `Chunk extension ${quote(extensions)} is not ";name" or ";name=value"`,
        base + sizeEnd,
      );
    }
    this.#extensionBytes += extensions.length;
    const max = this.#limits.extensions;
    if (this.#extensionBytes > max) {
      throw new HttpParseError(
        "chunk-extension-bytes",
        `Chunk extensions are longer than ${max} bytes together`,
        base + sizeEnd,
      );
    }
  }
}
