import type { ByteSink } from "./coding.ts";
import { HttpError } from "./errors.ts";
import { BODY_BYTES, STALL_MS } from "./limits.ts";

/** A readable stream that a sink fills, not much faster than it is read. */
export class BodyPipe {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #unreadMs: number;
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  #wanted = Promise.withResolvers<void>();
  #isOver = false;

  /**
   * @param cancel is called when nobody wants the rest
   * @param unreadMs how long it may be full without a reader
   */
  constructor(
    signal: AbortSignal,
    cancel: () => void,
    unreadMs: number = STALL_MS,
  ) {
    this.#unreadMs = unreadMs;
    signal.addEventListener("abort", () => this.#wanted.resolve(), {
      once: true,
    });
    this.readable = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#wanted.resolve(),
      cancel: () => {
        this.#isOver = true;
        this.#wanted.resolve();
        cancel();
      },
    }, { highWaterMark: BODY_BYTES, size: ({ length }) => length });
  }

  /** Resolves when there is room for more; rejects with an {@linkcode HttpError} when there is no reader to make it. */
  readonly sink: ByteSink = async (bytes) => {
    if (this.#isOver) return;
    this.#controller.enqueue(bytes.slice());
    if ((this.#controller.desiredSize ?? 0) > 0) return;
    this.#wanted = Promise.withResolvers();
    const timer = setInterval(() => {
      if (!this.readable.locked) this.#wanted.reject(this.#unread());
    }, this.#unreadMs);
    try {
      await this.#wanted.promise;
    } finally {
      clearInterval(timer);
    }
  };

  #unread(): HttpError {
    return new HttpError({
      code: "unread",
      phase: "transfer",
      message: `Nobody has read the body for ${this.#unreadMs / 1000} s`,
    });
  }

  /** The body has ended. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller.close();
  }

  /** The body breaks off. */
  fail(error: unknown): void {
    this.#wanted.resolve();
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller.error(error);
  }
}
