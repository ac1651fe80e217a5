/** Content codings (RFC 9110 section 8.4), through the platform, and never more than was allowed. */

import {
  crc32,
  createBrotliDecompress,
  createInflate,
  createInflateRaw,
} from "node:zlib";
import { type ByteSink, type Coding, DecodeError } from "./coding.ts";
import { GZIP_ID1, gzipHeader, gzipTrailer } from "./gzip.ts";
import { DEFAULT_MAX_DECODED } from "./limits.ts";

/** Little enough for what comes out of it to be no burden, however well it was compressed. */
const SLICE_BYTES = 16 * 1024;

/** Undoes several codings, the last one first. */
export class DecoderChain implements Disposable {
  /** In the order in which bytes pass them; at least one. */
  readonly #decoders: Decoder[] = [];

  /**
   * @param codings in the order in which they were applied; at least one
   * @param maxBytes the most that may come out of each
   */
  constructor(codings: readonly Coding[], sink: ByteSink, maxBytes?: number) {
    for (const coding of codings) {
      const next = this.#decoders[0];
      const target = next === undefined
        ? sink
        : (bytes: Uint8Array) => next.write(bytes);
      this.#decoders.unshift(new Decoder(coding, target, maxBytes));
    }
  }

  /** Bytes that came out of it so far. */
  get decodedBytes(): number {
    return this.#decoders.at(-1)!.decodedBytes;
  }

  /** Bytes after the end of what was coded, in all of them. */
  get trailingBytes(): number {
    return this.#decoders.reduce(
      (sum, { trailingBytes }) => sum + trailingBytes,
      0,
    );
  }

  /** Decodes what there is. Resolves when it may be given more. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#decoders[0]!.write(bytes);
  }

  /** The body has ended. */
  async end(): Promise<void> {
    for (const decoder of this.#decoders) await decoder.end();
  }

  [Symbol.dispose](): void {
    for (const decoder of this.#decoders) decoder[Symbol.dispose]();
  }
}

/** Undoes one coding, a piece at a time. */
export class Decoder implements Disposable {
  readonly #coding: Coding;
  readonly #sink: ByteSink;
  readonly #maxBytes: number;
  #place: "header" | "data" | "trailer" | "after";
  /** With gzip: the header or trailer that is being read, and how much of it has been. */
  #frame: Generator<void, boolean, number> | undefined;
  #frameBytes = 0;
  #members = 0;
  #crc32 = 0;
  #memberBytes = 0;
  #stream: ReturnType<typeof createBrotliDecompress> | undefined;
  #failure: Error | undefined;
  #read = 0;
  /** Resolves when everything so far has been taken; undefined where it has been. */
  #taken: Promise<void> | undefined;
  /** Decoded bytes so far. */
  decodedBytes = 0;
  /** Bytes after the end of what was coded. */
  trailingBytes = 0;

  /** @param maxBytes the most that may come out of it */
  constructor(
    coding: Coding,
    sink: ByteSink,
    maxBytes = DEFAULT_MAX_DECODED,
  ) {
    this.#coding = coding;
    this.#sink = sink;
    this.#maxBytes = maxBytes;
    this.#place = coding === "gzip" ? "header" : "data";
  }

  /** Decodes what there is. Resolves when it may be given more. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
      // A copy: the caller reuses its buffer.
      await this.#writeSlice(bytes.slice(at, at + SLICE_BYTES));
    }
  }

  async #writeSlice(bytes: Uint8Array): Promise<void> {
    this.#read += bytes.length;
    for (let at = 0; at < bytes.length;) {
      switch (this.#place) {
        case "header":
          at = this.#readHeader(bytes, at);
          break;
        case "data":
          at += await this.#readData(bytes.subarray(at));
          break;
        case "trailer":
          at = this.#readTrailer(bytes, at);
          break;
        case "after":
          this.trailingBytes += bytes.length - at;
          return;
      }
    }
  }

  #readHeader(bytes: Uint8Array, from: number): number {
    if (this.#members > 0 && this.#frameBytes === 0) {
      if (bytes[from] !== GZIP_ID1) {
        this.#place = "after";
        return from;
      }
    }
    const { at, result } = this.#readFrame(gzipHeader, bytes, from);
    if (result === undefined) return at;
    if (result) {
      this.#place = "data";
      this.#members++;
      this.#crc32 = 0;
      this.#memberBytes = 0;
    } else if (this.#members === 0) {
      throw new DecodeError(
        "undecodable",
        "The body is not gzip: it does not begin as gzip does",
      );
    } else {
      this.#place = "after";
      this.trailingBytes += this.#frameBytes;
    }
    this.#frameBytes = 0;
    return at;
  }

  #readTrailer(bytes: Uint8Array, from: number): number {
    const { at, result } = this.#readFrame(
      () => gzipTrailer(this.#crc32, this.#memberBytes),
      bytes,
      from,
    );
    if (result === undefined) return at;
    if (!result) {
      throw new DecodeError(
        "undecodable",
        "The gzip body is damaged: its checksum is another one",
      );
    }
    this.#place = "header"; // of the next member, if any
    this.#frameBytes = 0;
    return at;
  }

  #readFrame(
    begin: () => Generator<void, boolean, number>,
    bytes: Uint8Array,
    from: number,
  ): { at: number; result: boolean | undefined } {
    if (this.#frame === undefined) {
      this.#frame = begin();
      this.#frame.next();
    }
    for (let at = from; at < bytes.length;) {
      const { done, value } = this.#frame.next(bytes[at++]!);
      this.#frameBytes++;
      if (!done) continue;
      this.#frame = undefined;
      return { at, result: value };
    }
    return { at: bytes.length, result: undefined };
  }

  /** Returns how many of the bytes belong to the data. */
  async #readData(bytes: Uint8Array): Promise<number> {
    const stream = this.#stream ??= this.#open(bytes[0]!);
    const before = stream.bytesWritten;
    // It calls back when it has taken all, and ends when it did not.
    await new Promise<void>((resolve) => {
      const end = () => {
        stream.off("close", end);
        stream.off("end", end);
        resolve();
      };
      stream.once("close", end);
      stream.once("end", end);
      if (this.#failure !== undefined) end();
      else stream.write(bytes, end);
    });
    await this.#untilTaken();
    const count = stream.bytesWritten - before;
    if (count < bytes.length) {
      this.#place = this.#coding === "gzip" ? "trailer" : "after";
      this.#stream = undefined;
      stream.destroy();
    }
    return count;
  }

  /** The body has ended. */
  async end(): Promise<void> {
    if (this.#read === 0) return;
    const stream = this.#stream;
    if (stream !== undefined) {
      await new Promise<void>((resolve) => {
        stream.once("close", resolve);
        stream.once("end", resolve);
        stream.end();
      });
      await this.#untilTaken();
    }
    const isWhole = this.#coding !== "gzip" || this.#place === "after" ||
      this.#place === "header" && this.#members > 0 && this.#frameBytes === 0;
    if (!isWhole) throw this.#truncated();
  }

  #truncated(): DecodeError {
    return new DecodeError(
      "truncated-coding",
      `The ${this.#coding} body ends in the middle, after ${this.#read} bytes`,
    );
  }

  #open(first: number) {
    const stream = this.#create(first);
    stream.on("data", (bytes: Uint8Array) => {
      if (this.#failure !== undefined) return;
      this.decodedBytes += bytes.length;
      if (this.decodedBytes <= this.#maxBytes) {
        this.#take(bytes);
        return;
      }
      this.#fail(
        new DecodeError(
          "bomb",
          `The ${this.#coding} body decodes to more than ${this.#maxBytes} bytes, from ${this.#read}`,
        ),
      );
    });
    stream.on("error", (error: Error & { code?: string }) => {
      const isShort = error.code === "Z_BUF_ERROR" ||
        /unexpected end/i.test(error.message);
      this.#fail(
        isShort ? this.#truncated() : new DecodeError(
          "undecodable",
          `The body is not ${this.#coding}: ${error.message}`,
        ),
      );
    });
    return stream;
  }

  #take(bytes: Uint8Array): void {
    if (this.#coding === "gzip") {
      this.#crc32 = crc32(bytes, this.#crc32);
      this.#memberBytes += bytes.length;
    }
    try {
      // One at a time: the sink may still be at the one before.
      this.#taken = this.#taken === undefined
        ? this.#sink(bytes) ?? undefined
        : this.#taken.then(() => this.#sink(bytes));
      this.#taken?.catch(() => {}); // whoever waits for it sees the failure
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  async #untilTaken(): Promise<void> {
    await this.#taken;
    this.#taken = undefined;
    if (this.#failure !== undefined) throw this.#failure;
  }

  #create(first: number) {
    const options = { chunkSize: 64 * 1024 };
    switch (this.#coding) {
      case "gzip":
        return createInflateRaw(options);
      case "br":
        return createBrotliDecompress(options);
      case "deflate":
        // RFC 9110 section 8.4.1.2: some send it without the zlib header, whose method is 8.
        return (first & 0x0f) === 8
          ? createInflate(options)
          : createInflateRaw(options);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#stream?.destroy(error);
  }

  [Symbol.dispose](): void {
    this.#stream?.on("error", () => {});
    this.#stream?.destroy();
  }
}
