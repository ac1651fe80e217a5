/** Standard output, at once and in large writes. */

import { OutputError } from "./errors.ts";

/** What is written to: `Deno.stdout`, or a test's own. */
export interface Sink {
  writeSync(bytes: Uint8Array): number;
}

/** What takes bytes while other work goes on. */
export interface AsyncSink {
  write(bytes: Uint8Array): Promise<number>;
}

const BUFFER_BYTES = 64 * 1024;
/** How long a full non-blocking sink is left alone before the next try. */
const RETRY_MS = 1;

/**
 * Text to a sink, in order and complete whatever the sink takes at a time.
 */
export class Output {
  readonly #sink: Sink & AsyncSink;
  readonly #closed: () => void;
  readonly #encoder = new TextEncoder();
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  /** Called before each write to the sink. */
  beforeWrite: (() => void) | undefined;

  /**
   * @param sink where the text goes
   * @param closed called when the reader is gone; what is written then is dropped
   */
  constructor(sink: Sink & AsyncSink, closed: () => void) {
    this.#sink = sink;
    this.#closed = closed;
  }

  /**
   * Writes text as it is, without a line end of its own.
   *
   * @throws {OutputError} when the sink cannot take it, as on a full disk
   */
  write(text: string): void {
    if (text === "") return;
    this.#attempt(() => {
      for (let rest = text; rest !== "";) {
        const { read, written } = this.#encoder.encodeInto(rest, this.#buffer);
        writeAll(this.#sink, this.#buffer.subarray(0, written));
        rest = rest.slice(read);
      }
    });
  }

  /** Writes bytes as they are; throws as {@linkcode write} does. */
  writeBytes(bytes: Uint8Array): void {
    this.#attempt(() => writeAll(this.#sink, bytes));
  }

  #attempt(write: () => void): void {
    this.beforeWrite?.();
    try {
      write();
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * Writes text while other work goes on, however long the sink takes. The
   * next text has to wait for this one.
   *
   * @throws {OutputError} when the sink cannot take it
   */
  async writeAside(text: string): Promise<void> {
    this.beforeWrite?.();
    try {
      await writeAllAside(this.#sink, this.#encoder.encode(text));
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (error instanceof Deno.errors.BrokenPipe) this.#closed();
    else throw new OutputError(error);
  }
}

/** Writes every byte, however few the sink takes at a time. */
export function writeAll(sink: Sink, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    try {
      at += sink.writeSync(bytes.subarray(at));
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}

async function writeAllAside(sink: AsyncSink, bytes: Uint8Array) {
  for (let at = 0; at < bytes.length;) {
    try {
      at += await sink.write(bytes.subarray(at));
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
