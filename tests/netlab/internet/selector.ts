import type { Random } from "./random.ts";
import type { When } from "./scenario.ts";

/** Decides for one packet after the other whether a rule applies to it. */
export class Selector {
  readonly #when: When | undefined;
  readonly #random: Random;
  #seen = 0;

  constructor(when: When | undefined, random: Random) {
    this.#when = when;
    this.#random = random;
  }

  /** Whether the rule applies to the next packet. */
  next(): boolean {
    const when = this.#when;
    const index = this.#seen++;
    if (when === undefined) return true;
    if ("probability" in when) return this.#random.next() < when.probability;
    if ("pattern" in when) {
      return when.pattern[index % when.pattern.length] === "x";
    }
    return index + 1 >= when.first && index + 1 < when.first + when.count;
  }
}
