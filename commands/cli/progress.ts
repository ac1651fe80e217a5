/** A progress bar on standard error. */

import { format } from "@std/fmt/duration";
import type { Sink } from "./output.ts";

const BAR_WIDTH = 30;
const REDRAW_MS = 100;
const CLEAR_LINE = "\r\x1b[K";

/** One line that is redrawn in place. Make one only for a terminal. */
export class LiveLine {
  readonly #sink: Sink;
  readonly #encoder = new TextEncoder();
  #isShown = false;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** Shows a text in place of the last one. */
  show(text: string): void {
    this.#isShown = true;
    this.#write(CLEAR_LINE + text);
  }

  /** Takes the line away, before anything else is printed. */
  clear(): void {
    if (!this.#isShown) return;
    this.#isShown = false;
    this.#write(CLEAR_LINE);
  }

  #write(text: string): void {
    this.#sink.writeSync(this.#encoder.encode(text));
  }
}

/** How far something has got that has an end. Make one only for a terminal. */
export class Progress {
  readonly #line: LiveLine;
  readonly #total: number;
  readonly #what: string;
  readonly #startedAt: number;
  #drawnAt: number;
  #isDrawn = false;

  /** @param what is counted, such as `targets` */
  constructor(sink: Sink, total: number, what: string) {
    this.#line = new LiveLine(sink);
    this.#total = total;
    this.#what = what;
    this.#startedAt = performance.now();
    this.#drawnAt = this.#startedAt;
  }

  /** Shows how many are done, if the last time is long enough ago. */
  update(done: number): void {
    const now = performance.now();
    if (this.#isDrawn && now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    this.#isDrawn = true;
    const seconds = (now - this.#startedAt) / 1000;
    this.#line.show(progressLine(done, this.#total, this.#what, seconds));
  }

  /** Takes the line away, before anything else is printed. */
  clear(): void {
    this.#isDrawn = false;
    this.#line.clear();
  }
}

/** `[=====>    ] 4711/65534 targets, 7%, 812/s, 1m 14s left`. */
export function progressLine(
  done: number,
  total: number,
  what: string,
  seconds: number,
): string {
  const share = total === 0 ? 1 : Math.min(done / total, 1);
  const filled = Math.floor(share * BAR_WIDTH);
  const bar = "=".repeat(filled).concat(filled < BAR_WIDTH ? ">" : "")
    .padEnd(BAR_WIDTH);
  const rate = seconds > 0 ? Math.round(done / seconds) : 0;
  const line = `[${bar}] ${done}/${total} ${what}, ` +
    `${Math.floor(share * 100)}%, ${rate}/s`;
  if (rate === 0 || done >= total) return line;
  const wholeSeconds = Math.ceil((total - done) / rate) * 1000;
  return `${line}, ${format(wholeSeconds, { ignoreZero: true })} left`;
}
