/** Events on their way from callbacks to whoever iterates over them. */

/** More than this wait only where nobody can be made to wait for them. */
const ENOUGH = 1024;

/** A queue with one taker. */
export class EventQueue<T> {
  #events: T[] = [];
  #isClosed = false;
  #error: unknown;
  #wake: (() => void) | undefined;

  /** Whether the taker keeps up: whoever makes events at will should wait until it does. */
  get hasRoom(): boolean {
    return this.#events.length < ENOUGH;
  }

  push(event: T): void {
    if (this.#isClosed) return;
    this.#events.push(event);
    this.#wake?.();
  }

  /** Nothing comes after what is in the queue, but for an error. */
  close(error?: unknown): void {
    this.#isClosed = true;
    this.#error = error;
    this.#wake?.();
  }

  /**
   * Everything that is in the queue, as soon as there is something; nothing
   * where it is closed and empty.
   *
   * @throws what it was closed with, when it is empty
   */
  async take(): Promise<T[]> {
    if (this.#events.length === 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const events = this.#events;
    if (events.length === 0 && this.#error !== undefined) throw this.#error;
    this.#events = [];
    return events;
  }
}
