import { HttpError } from "./errors.ts";
import { DEFAULT_TIMEOUTS, STALL_BYTES, STALL_MS } from "./limits.ts";
import type { HttpPhase, HttpTimeouts } from "./types.ts";

/** When a phase is, to people. */
const NAMES: Readonly<Record<HttpPhase, string>> = {
  lookup: "during the name lookup",
  connect: "during the TCP connect",
  tls: "during the TLS handshake",
  request: "while sending the request",
  "first-byte": "while waiting for the first byte",
  transfer: "during the transfer",
};

/** Knows which phase an exchange is in, and ends it when that takes too long. */
export class Watch implements Disposable {
  readonly #controller = new AbortController();
  readonly #timeouts: HttpTimeouts;
  readonly #outer: AbortSignal | undefined;
  readonly #abort = () => this.#fail("interrupted", "Interrupted");
  #phase: HttpPhase = "lookup";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stall: ReturnType<typeof setInterval> | undefined;
  readonly #total: ReturnType<typeof setTimeout> | undefined;
  /** Bytes of the response so far. */
  received = 0;
  /** Since when whoever takes the body has been at it. */
  #deliveringSince: number | undefined;
  /** How long that has taken since the last look for a stall. */
  #deliveredMs = 0;

  constructor(timeouts: HttpTimeouts = {}, outer?: AbortSignal) {
    this.#timeouts = timeouts;
    this.#outer = outer;
    if (outer?.aborted) this.#abort();
    else outer?.addEventListener("abort", this.#abort, { once: true });
    this.#total = this.#arm(
      timeouts.total ?? DEFAULT_TIMEOUTS.total,
      () => ` (the whole may take ${timeouts.total} ms)`,
    );
    this.enter("lookup");
  }

  /** Aborts with the {@linkcode HttpError} that ends the exchange. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get phase(): HttpPhase {
    return this.#phase;
  }

  /** A phase begins, and the one before it has ended. */
  enter(phase: HttpPhase): void {
    this.#phase = phase;
    clearTimeout(this.#timer);
    clearInterval(this.#stall);
    const limit = this.#timeouts[phase] ?? DEFAULT_TIMEOUTS[phase];
    this.#timer = this.#arm(limit, () => "");
    if (phase === "transfer" && this.#timeouts.transfer === undefined) {
      this.#watchForStall();
    }
  }

  #arm(ms: number, detail: () => string) {
    if (ms === 0) return undefined;
    return setTimeout(() => {
      this.#fail(
        "timeout",
        `Timed out after ${ms} ms ${NAMES[this.#phase]}${detail()}`,
      );
    }, ms);
  }

  /** Whoever takes the body begins to: what it takes is no fault of the server's. */
  deliver(): void {
    this.#deliveringSince = performance.now();
  }

  /** It has been taken. */
  delivered(): void {
    this.#deliveredMs += performance.now() - this.#deliveringSince!;
    this.#deliveringSince = undefined;
  }

  #watchForStall(): void {
    let before = this.received;
    this.#stall = setInterval(() => {
      const count = this.received - before;
      const isHeldUp = this.#deliveringSince !== undefined ||
        this.#deliveredMs > STALL_MS / 2;
      before = this.received;
      this.#deliveredMs = 0;
      if (count >= STALL_BYTES || isHeldUp) return;
      this.#fail(
        "stalled",
        `Stalled: ${count} bytes came within ${
          STALL_MS / 1000
        } s of the transfer`,
      );
    }, STALL_MS);
  }

  #fail(code: string, message: string): void {
    this.#controller.abort(
      new HttpError({ code, phase: this.#phase, message }),
    );
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#total);
    clearInterval(this.#stall);
    this.#outer?.removeEventListener("abort", this.#abort);
  }
}
