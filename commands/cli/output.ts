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
/** What a pipe with any room takes at once (pipe(7), PIPE_BUF). */
const FITTING_BYTES = 4096;
/** How long a sink may take nothing once the program is to end. */
const PATIENCE_MS = 1000;

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
  /** Whether the sink takes {@linkcode FITTING_BYTES} without waiting; absent where nobody can tell. */
  hasRoom: (() => boolean) | undefined;
  /** Bytes that the sink is known to take without waiting. */
  #room = 0;
  /** Since when the sink has been taking nothing, while other work goes on. */
  #stalledAt: number | undefined;

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

  /**
   * Writes text like {@linkcode write}, but leaves the program its signals and
   * timers while the sink has no room, as far as {@linkcode hasRoom} tells.
   * Undefined where it is written already; the next text has to wait for this
   * one.
   *
   * @throws {OutputError} when the sink cannot take it
   */
  print(text: string): Promise<void> | undefined {
    const { hasRoom } = this;
    if (hasRoom !== undefined) {
      // Readers only make more room, so what was there need not be asked for again.
      const bytes = 3 * text.length;
      if (bytes > this.#room && bytes <= FITTING_BYTES && hasRoom()) {
        this.#room = FITTING_BYTES;
      }
      if (bytes > this.#room) return this.#printInPieces(text, hasRoom);
      this.#room -= bytes;
    }
    this.write(text);
    return undefined;
  }

  async #printInPieces(text: string, hasRoom: () => boolean): Promise<void> {
    const bytes = this.#encoder.encode(text);
    this.#room = 0;
    for (let at = 0; at < bytes.length; at += FITTING_BYTES) {
      const piece = bytes.subarray(at, at + FITTING_BYTES);
      if (hasRoom()) this.writeBytes(piece);
      else await this.#writeAside(piece);
    }
  }

  /** The program is to end: until this is disposed of, calls `giveUp` when the sink takes nothing for a second. */
  hurry(giveUp: () => void): Disposable {
    const hurriedAt = performance.now();
    const look = () => {
      const since = Math.max(hurriedAt, this.#stalledAt ?? Infinity);
      if (performance.now() - since >= PATIENCE_MS) giveUp();
    };
    const looking = setInterval(look, PATIENCE_MS / 10);
    return { [Symbol.dispose]: () => clearInterval(looking) };
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
    const bytes = this.#encoder.encode(text);
    for (let at = 0; at < bytes.length; at += BUFFER_BYTES) {
      await this.#writeAside(bytes.subarray(at, at + BUFFER_BYTES));
    }
  }

  async #writeAside(bytes: Uint8Array): Promise<void> {
    this.beforeWrite?.();
    this.#stalledAt = performance.now();
    try {
      await writeAllAside(this.#sink, bytes);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#stalledAt = undefined;
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
