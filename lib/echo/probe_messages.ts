/** The messages of a probe, and the judgement of what comes back: bytes in, values out, no I/O. */

import { Payload } from "../wire/payload.ts";
import type { ProbePlan } from "./probe_options.ts";
import type { EchoMismatch } from "./probe_types.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What the messages of one run say. */
export interface Messages {
  /** Bytes of each, without framing. */
  readonly size: number;
  /** Memory for a message, with everything in it but its number. */
  create(): Bytes;
  /** Makes such memory the message with a number. */
  write(message: Bytes, sequence: number): void;
  /** The number that an answer carries; undefined where it is none of this run's. */
  sequenceOf(answer: Uint8Array): number | undefined;
  /** Whether messages carry their number at all. */
  readonly isNumbered: boolean;
}

/** The messages of a run. */
export function openMessages(plan: ProbePlan): Messages {
  if (plan.message !== undefined) return new GivenMessages(plan.message);
  return plan.framing === "line"
    ? new LineMessages(plan.size)
    : new NumberedMessages(plan.size);
}

/** The same bytes each time. */
class GivenMessages implements Messages {
  readonly size: number;
  readonly isNumbered = false;
  readonly #message: Bytes;

  constructor(message: Uint8Array) {
    this.size = message.length;
    this.#message = message.slice();
  }

  create(): Bytes {
    return this.#message;
  }

  write(): void {}

  sequenceOf(): undefined {
    return undefined;
  }
}

/** As many bytes as a token and a number take. */
const NUMBERED_BYTES = 16;

/** Bytes of every value, with a token and a number at their beginning where they fit. */
class NumberedMessages implements Messages {
  readonly size: number;
  readonly isNumbered: boolean;
  readonly #payload: Payload;

  constructor(size: number) {
    this.size = size;
    this.isNumbered = size >= NUMBERED_BYTES;
    this.#payload = new Payload(0, size);
  }

  create(): Bytes {
    const message = new Uint8Array(this.size);
    this.#payload.initialise(message);
    return message;
  }

  write(message: Bytes, sequence: number): void {
    this.#payload.writeNumber(message, sequence);
  }

  sequenceOf(answer: Uint8Array): number | undefined {
    return this.#payload.isOurs(answer)
      ? this.#payload.number(answer)
      : undefined;
  }
}

const DIGITS = 10;
/** The printable characters of ASCII. */
const FIRST_PRINTABLE = 0x21;
const PRINTABLE = 94;

/** Text on one line that begins with its number. */
class LineMessages implements Messages {
  readonly size: number;
  readonly isNumbered = false;
  readonly #encoder = new TextEncoder();

  constructor(size: number) {
    this.size = size;
  }

  create(): Bytes {
    return Uint8Array.from(
      { length: this.size },
      (_, i) => FIRST_PRINTABLE + i % PRINTABLE,
    );
  }

  write(message: Bytes, sequence: number): void {
    const digits = Math.min(DIGITS, this.size);
    const text = String(sequence).padStart(DIGITS, "0");
    this.#encoder.encodeInto(text.slice(text.length - digits), message);
  }

  sequenceOf(answer: Uint8Array): number | undefined {
    const text = new TextDecoder().decode(answer.subarray(0, DIGITS));
    return /^\d{10}$/.test(text) ? Number(text) : undefined;
  }
}

/** Compares an answer, as it comes, with what it should be. */
export class Comparison {
  /** Bytes that were compared. */
  bytes = 0;
  #offset = 0;
  #expected = 0;
  #actual = 0;
  #differing = 0;

  /** Compares the next bytes, as many of each. */
  add(expected: Uint8Array, actual: Uint8Array): void {
    const { length } = actual;
    for (let i = 0; i < length; i++) {
      if (expected[i] === actual[i]) continue;
      if (this.#differing === 0) {
        this.#offset = this.bytes + i;
        this.#expected = expected[i]!;
        this.#actual = actual[i]!;
      }
      this.#differing++;
    }
    this.bytes += length;
  }

  /** The difference so far; undefined where there is none. */
  get mismatch(): EchoMismatch | undefined {
    return this.#differing === 0 ? undefined : {
      offset: this.#offset,
      expected: this.#expected,
      actual: this.#actual,
      differing: this.#differing,
    };
  }
}

/**
 * How an answer differs from what it should be; undefined where it does not.
 *
 * @param actualBytes the length of the answer, where `actual` has only its beginning
 */
export function compare(
  expected: Uint8Array,
  actual: Uint8Array,
  actualBytes = actual.length,
): EchoMismatch | undefined {
  const length = Math.min(expected.length, actual.length);
  const comparison = new Comparison();
  comparison.add(expected.subarray(0, length), actual.subarray(0, length));
  const { mismatch } = comparison;
  const excess = Math.abs(expected.length - actualBytes);
  if (excess === 0) return mismatch;
  if (mismatch !== undefined) {
    return { ...mismatch, differing: mismatch.differing + excess };
  }
  return {
    offset: length,
    expected: expected[length] ?? -1,
    actual: actual[length] ?? -1,
    differing: excess,
  };
}
