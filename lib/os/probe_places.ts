import { isCongestion, SystemError } from "./errno.ts";

/**
 * How many probes of ports may be open at one time: each has a socket of its
 * own. All families of a run share the places, so that the one makes room for
 * the other.
 */
export class ProbePlaces {
  #capacity: number;
  /** What closes the probes that are open. */
  readonly #open = new Map<number, () => void>();
  /** Those of them that no first answer is waited for. */
  readonly #done = new Set<number>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** How many places are taken. */
  get taken(): number {
    return this.#open.size;
  }

  /** Closes the probe that was done first, if all places are taken; false where every one is waited for. */
  makeRoom(): boolean {
    if (this.#open.size < this.#capacity) return true;
    const [first] = this.#done;
    if (first === undefined) return false;
    this.#open.get(first)!();
    return true;
  }

  /** A probe is open; `close` must come to {@linkcode leave}. No two families use the same cookie. */
  take(cookie: number, close: () => void): void {
    this.#open.set(cookie, close);
  }

  /** A probe may be closed where there is no other room. */
  done(cookie: number): void {
    if (this.#open.has(cookie)) this.#done.add(cookie);
  }

  /** A probe is closed. */
  leave(cookie: number): void {
    this.#open.delete(cookie);
    this.#done.delete(cookie);
  }

  /**
   * Why a probe was not sent that may be tried again: the system's error, or
   * undefined where only a place is missing.
   *
   * @param passes whether an error does not last, beside the usual ones
   * @throws what the attempt has thrown, where it would do so again
   */
  postpone(
    error: unknown,
    passes: (error: SystemError) => boolean = () => false,
  ): SystemError | undefined {
    if (!(error instanceof SystemError)) throw error;
    const isOutOfDescriptors = ["EMFILE", "ENFILE"].includes(error.code);
    if (isOutOfDescriptors && this.#open.size > 0) {
      // This process may have fewer than there are places: those that are open make room.
      this.#capacity = this.#open.size;
      return undefined;
    }
    if (isCongestion(error) || passes(error)) return error;
    throw error;
  }
}
