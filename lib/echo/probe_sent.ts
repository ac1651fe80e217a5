/** The messages that were sent, as far as they need to be remembered. */

/** Messages that are remembered, the ones that wait among them. */
const MAX_REMEMBERED = 65_536;

/** A message that was sent. */
export interface SentMessage {
  /** When, on the network's clock. */
  readonly at: number;
  readonly state: SentState;
}

/** What became of a message. */
export type SentState = "waiting" | "lost" | "failed" | "answered";

/** Messages by their numbers, from 1 on without a gap. */
export class SentMessages {
  /** The oldest first. */
  readonly #messages = new Map<number, SentMessage>();
  #last = 0;
  /** No message before this one waits. */
  #oldest = 1;
  #waiting = 0;

  /** The last one; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** How many wait for their answers. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether so many more may wait. */
  hasRoom(count: number): boolean {
    return this.#waiting + count <= MAX_REMEMBERED;
  }

  /** A message, while it is remembered. */
  get(sequence: number): SentMessage | undefined {
    return this.#messages.get(sequence);
  }

  isWaiting(sequence: number): boolean {
    return this.get(sequence)?.state === "waiting";
  }

  /** The first one that waits. */
  get firstWaiting(): number | undefined {
    while (this.#oldest <= this.#last && !this.isWaiting(this.#oldest)) {
      this.#oldest++;
    }
    return this.#oldest <= this.#last ? this.#oldest : undefined;
  }

  /**
   * So many more wait from now on.
   *
   * @param forgotten called for each one that waits and is to be forgotten, which must end it
   */
  add(
    count: number,
    at: number,
    forgotten: (sequence: number) => void,
  ): void {
    for (let i = 0; i < count; i++) {
      this.#messages.set(++this.#last, { at, state: "waiting" });
    }
    this.#waiting += count;
    for (const [sequence, { state }] of this.#messages) {
      if (this.#messages.size <= MAX_REMEMBERED) return;
      if (state === "waiting") forgotten(sequence);
      this.#messages.delete(sequence);
    }
  }

  /** One that is remembered waits no more, or came to another end than was thought. */
  end(sequence: number, state: Exclude<SentState, "waiting">): void {
    const { at } = this.get(sequence)!;
    if (this.isWaiting(sequence)) this.#waiting--;
    this.#messages.set(sequence, { at, state });
  }
}
