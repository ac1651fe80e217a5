import type { Cancel } from "../network.ts";

interface Timer {
  readonly at: number;
  /** Undefined once it was cancelled. */
  callback: (() => void) | undefined;
}

/** What is planned for a moment of a loop's clock. */
export class Timers {
  /** The latest first. */
  readonly #timers: Timer[] = [];

  /** The moment of the first one; `Infinity` where nothing is planned. */
  get next(): number {
    return this.#timers.at(-1)?.at ?? Infinity;
  }

  /** Plans a call; of those for one moment, the first planned is the first called. */
  add(at: number, callback: () => void): Cancel {
    const timer: Timer = { at, callback };
    this.#timers.splice(this.#placeOf(at), 0, timer);
    return () => {
      timer.callback = undefined;
      const i = this.#timers.indexOf(timer, this.#placeOf(at));
      if (i >= 0) this.#timers.splice(i, 1);
    };
  }

  /** The first place from which on everything is earlier, or at the same moment. */
  #placeOf(at: number): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#timers[middle]!.at > at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Calls what is due, and returns whether anything was. What that plans anew, for now even, waits for the next time. */
  run(now: number): boolean {
    if (this.next > now) return false;
    const due = this.#timers.splice(this.#placeOf(now));
    for (const timer of due.reverse()) timer.callback?.();
    return true;
  }

  /** Forgets everything. */
  clear(): void {
    this.#timers.length = 0;
  }
}
