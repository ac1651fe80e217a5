/** Things that are due at a time; those due at the same time leave in the order in which they came. */

interface Entry<T> {
  readonly at: number;
  readonly order: number;
  readonly value: T;
}

function isBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** A priority queue over time (a binary heap). */
export class Schedule<T> {
  readonly #heap: Entry<T>[] = [];
  #order = 0;

  /** When the next entry is due; `Infinity` when there is none. */
  get nextAt(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  get size(): number {
    return this.#heap.length;
  }

  add(at: number, value: T): void {
    const entry = { at, order: this.#order++, value };
    const heap = this.#heap;
    let index = heap.length;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = entry;
  }

  /** Removes and returns the next entry, if it is due. */
  take(now: number): T | undefined {
    const heap = this.#heap;
    if (this.nextAt > now) return undefined;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) this.#sink(last);
    return first.value;
  }

  #sink(entry: Entry<T>): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) {
        child++;
      }
      if (!isBefore(heap[child]!, entry)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = entry;
  }
}
