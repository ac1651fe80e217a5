/** Text on its way to where it may have to wait. */

/** Text that waits is never more than this. */
const MAX_LENGTH = 4 * 1024 * 1024;

/**
 * Lines in order, in as few writes as can be: what one turn of the program
 * tells is one write. Whoever writes lines is never held up: while the other
 * side is too slow, lines that do not fit are dropped and counted.
 */
export class TextQueue {
  readonly #write: (text: string) => Promise<void>;
  readonly #describeLost: (lines: number) => string;
  readonly #maxLength: number;
  #text = "";
  #lost = 0;
  #writing: Promise<void> | undefined;

  /**
   * @param write takes text; not called again before it has, and never rejects
   * @param describeLost the line that stands where lines were dropped
   * @param maxLength characters that may wait
   */
  constructor(
    write: (text: string) => Promise<void>,
    describeLost: (lines: number) => string,
    maxLength = MAX_LENGTH,
  ) {
    this.#write = write;
    this.#describeLost = describeLost;
    this.#maxLength = maxLength;
  }

  /** Takes one entry of whole lines, or drops it where the queue is full, unless it is `vital`. */
  push(lines: string, vital = false): void {
    const fits = this.#text.length + lines.length <= this.#maxLength;
    if (vital || fits) this.#text += lines;
    else this.#lost++;
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when everything is written. */
  async drained(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    // What else this turn has to tell comes along.
    await undefined;
    while (this.#text !== "" || this.#lost > 0) {
      const text = this.#lost === 0
        ? this.#text
        : this.#text + this.#describeLost(this.#lost);
      this.#text = "";
      this.#lost = 0;
      await this.#write(text);
    }
    this.#writing = undefined;
  }
}
