/** Standard output: in large writes when there is much of it, at once when there is little. */

/** What is written to: `Deno.stdout`, or a test's own. */
export interface Sink {
  writeSync(bytes: Uint8Array): number;
}

const BUFFER_BYTES = 64 * 1024;
/** Gathered output waits no longer than this. */
const GATHER_MS = 20;
/** How long a full non-blocking sink is left alone before the next try. */
const RETRY_MS = 1;

/**
 * Text to a sink, in order and complete whatever the sink takes at a time.
 * {@linkcode write} is for what people wait for; {@linkcode gather} is for
 * lines by the thousand.
 */
export class Output {
  readonly #sink: Sink;
  readonly #closed: () => void;
  readonly #encoder = new TextEncoder();
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #used = 0;
  #lastFlush = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Called before each write to the sink. */
  beforeWrite: (() => void) | undefined;

  /**
   * @param sink where the text goes
   * @param closed called when the reader is gone; what is written then is dropped
   */
  constructor(sink: Sink, closed: () => void) {
    this.#sink = sink;
    this.#closed = closed;
  }

  /** Writes text as it is, without a line end of its own, at once. */
  write(text: string): void {
    this.#add(text);
    this.flush();
  }

  /**
   * Writes text at once when the last write was a while ago. Texts that
   * follow each other closely go out together, {@linkcode GATHER_MS} later at
   * the latest.
   */
  gather(text: string): void {
    this.#add(text);
    if (performance.now() - this.#lastFlush >= GATHER_MS) {
      this.flush();
    } else {
      this.#timer ??= setTimeout(() => this.flush(), GATHER_MS);
    }
  }

  /** Hands everything to the sink now. */
  flush(): void {
    // Where no timer was ever set, Deno need not load what it has for timers: 3 ms.
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#used === 0) return;
    this.beforeWrite?.();
    try {
      writeAll(this.#sink, this.#buffer.subarray(0, this.#used));
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
      this.#closed();
    } finally {
      this.#used = 0;
      this.#lastFlush = performance.now();
    }
  }

  #add(text: string): void {
    for (let rest = text; rest !== "";) {
      const { read, written } = this.#encoder.encodeInto(
        rest,
        this.#buffer.subarray(this.#used),
      );
      this.#used += written;
      rest = rest.slice(read);
      if (rest !== "") this.flush();
    }
  }
}

/** Writes every byte, however few the sink takes at a time. */
function writeAll(sink: Sink, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    try {
      at += sink.writeSync(bytes.subarray(at));
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
