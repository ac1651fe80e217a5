import type { EventLoop } from "../types.ts";

/** The longest delay that a timer takes. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** A loop over Deno's own: for sockets of Deno's API, where FFI is not granted. */
export class DenoEventLoop implements EventLoop {
  #woken = false;
  #wake: (() => void) | undefined;

  now(): number {
    return performance.now();
  }

  wallTime(): number {
    return Date.now() / 1e3;
  }

  async wait(until: number): Promise<void> {
    const milliseconds = Math.min(until - this.now(), LONGEST_WAIT_MS);
    if (!this.#woken && milliseconds > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = resolve;
      await promise;
      clearTimeout(timer);
      this.#wake = undefined;
    }
    this.#woken = false;
  }

  yield(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, 0));
  }

  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  [Symbol.dispose](): void {
    this.wake();
  }
}
