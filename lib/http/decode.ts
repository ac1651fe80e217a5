/** Content codings (RFC 9110 section 8.4), through the platform, and never more than was allowed. */

import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
} from "node:zlib";
import { type ByteSink, type Coding, DecodeError } from "./coding.ts";
import { DEFAULT_MAX_DECODED } from "./limits.ts";

/** Little enough for what comes out of it to be no burden, however well it was compressed. */
const SLICE_BYTES = 16 * 1024;

/** Undoes one coding, a piece at a time. */
export class Decoder implements Disposable {
  readonly #coding: Coding;
  readonly #sink: ByteSink;
  readonly #maxBytes: number;
  #stream: ReturnType<typeof createGunzip> | undefined;
  #failure: Error | undefined;
  #read = 0;
  /** Resolves when everything so far has been taken. */
  #taken: Promise<void> = Promise.resolve();
  /** Decoded bytes so far. */
  decodedBytes = 0;

  /** @param maxBytes the most that may come out of it */
  constructor(
    coding: Coding,
    sink: ByteSink,
    maxBytes = DEFAULT_MAX_DECODED,
  ) {
    this.#coding = coding;
    this.#sink = sink;
    this.#maxBytes = maxBytes;
  }

  /** Decodes what there is. Resolves when it may be given more. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
      // A copy: the caller reuses its buffer.
      await this.#writeSlice(bytes.slice(at, at + SLICE_BYTES));
    }
  }

  async #writeSlice(bytes: Uint8Array): Promise<void> {
    const stream = this.#stream ??= this.#open(bytes[0]!);
    this.#read += bytes.length;
    await new Promise<void>((resolve) => {
      const end = () => {
        stream.off("close", end);
        resolve();
      };
      stream.once("close", end);
      if (this.#failure !== undefined) end();
      else stream.write(bytes, end);
    });
    await this.#taken;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** The body has ended. */
  async end(): Promise<void> {
    const stream = this.#stream;
    if (stream === undefined) return;
    await new Promise<void>((resolve) => {
      stream.once("close", resolve);
      stream.once("end", resolve);
      stream.end();
    });
    await this.#taken;
    if (this.#failure !== undefined) throw this.#failure;
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
        isShort
          ? new DecodeError(
            "truncated-coding",
            `The ${this.#coding} body ends in the middle, after ${this.#read} bytes`,
          )
          : new DecodeError(
            "undecodable",
            `The body is not ${this.#coding}: ${error.message}`,
          ),
      );
    });
    return stream;
  }

  #take(bytes: Uint8Array): void {
    try {
      const taken = this.#sink(bytes);
      if (taken === undefined) return;
      this.#taken = Promise.all([this.#taken, taken]).then(() => {});
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #create(first: number) {
    const options = { chunkSize: 64 * 1024 };
    switch (this.#coding) {
      case "gzip":
        return createGunzip(options);
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
