/** Header and trailer sections: RFC 9112, section 5, and RFC 9110, section 5. */

import { HttpParseError, type Report } from "./errors.ts";
import type { HeaderField } from "./events.ts";
import { checkLine } from "./lines.ts";
import {
  asciiText,
  COLON,
  CR,
  FIELD,
  HTAB,
  isBlank,
  latin1Text,
  LF,
  octetName,
  quoteOctets,
  SP,
  TOKEN,
} from "./octets.ts";
import {
  checkPrefix,
  parseStatusLine,
  type StatusLine,
} from "./status_line.ts";

/** How much a section may hold. */
export interface SectionLimits {
  /** Octets, line ends included. */
  readonly bytes: number;
  /** Fields. */
  readonly count: number;
}

const FIRST_ROOM = 4096;
/** So much is taken over from what was fed at a time: more than most sections, and little to copy in vain. */
const STEP = 2048;
/** Four numbers for each field: where its name and its value start and end. */
const MARKS = 4;
const FIRST_FIELDS = 32;

/**
 * Collects a section and finds its fields. What was fed is copied, so that
 * it does not matter how a section was cut into pieces, and so that octets
 * can be overwritten.
 */
export class FieldSection {
  readonly #kind: "header" | "trailer";
  readonly #limits: SectionLimits;
  readonly #report: Report;
  /** Holds the section from its first octet on, and after what has come of it a line feed, where every search ends. */
  #buffer = new Uint8Array(FIRST_ROOM);
  #length = 0;
  /** The offset of the section in the response. */
  #base = 0;
  /** The start of the first line that has not been parsed. */
  #at = 0;
  /** How far that line has been searched for its end. */
  #searched = 0;
  /** The octets of all parsed lines, united: below 128 when all are ASCII. */
  #octets = 0;
  #marks = new Int32Array(MARKS * FIRST_FIELDS);
  #count = 0;
  /** The last line was left out, and lines that continue it are, too. */
  #isSkipping = false;

  constructor(
    kind: "header" | "trailer",
    limits: SectionLimits,
    report: Report,
  ) {
    this.#kind = kind;
    this.#limits = limits;
    this.#report = report;
  }

  /** Starts a section at `offset` in the response. */
  begin(offset: number): void {
    this.#base = offset;
    this.#length = 0;
    this.#at = 0;
    this.#searched = 0;
    this.#octets = 0;
    this.#count = 0;
    this.#isSkipping = false;
  }

  /** Octets parsed so far: the length of the section once it is complete. */
  get bytes(): number {
    return this.#at;
  }

  /** Octets that have come. */
  get receivedBytes(): number {
    return this.#length;
  }

  /** Takes some of `bytes`; returns how many. */
  take(bytes: Uint8Array, from: number): number {
    const taken = Math.min(STEP, bytes.length - from);
    const length = this.#length + taken;
    if (length >= this.#buffer.length) {
      const buffer = new Uint8Array(2 * this.#buffer.length);
      buffer.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = buffer;
    }
    this.#buffer.set(bytes.subarray(from, from + taken), this.#length);
    this.#buffer[length] = LF;
    this.#length = length;
    return taken;
  }

  /** How many of the octets taken belong to what comes after the section. */
  get surplusBytes(): number {
    return this.#length - this.#at;
  }

  /** Parses the first line, once it has come. */
  statusLine(): StatusLine | undefined {
    const buffer = this.#buffer;
    for (;;) {
      const start = this.#at;
      if (start === this.#length) return undefined;
      // An empty line has no octet that tells; its CR does when no LF follows.
      const first = buffer[start]!;
      const isLoneCr = first === CR && start + 1 < this.#length &&
        buffer[start + 1] !== LF;
      if ((first !== CR && first !== LF) || isLoneCr) {
        checkPrefix(buffer, start, this.#length, this.#base, this.#report);
      }
      const lf = this.#lineEnd();
      if (lf < 0) return undefined;
      const end = checkLine(buffer, start, lf, this.#base, this.#report);
      this.#at = lf + 1;
      if (end === start) {
        this.#report(
          "leading-empty-line",
          "Response starts with an empty line",
          this.#base + start,
        );
      } else {
        for (let at = start; at < end; at++) this.#octets |= buffer[at]!;
        return parseStatusLine(buffer, start, end, this.#base, this.#report);
      }
    }
  }

  /**
   * Parses all lines that have come. Most are as they should be, and found so
   * in one pass; any other one goes through {@linkcode FieldSection.#line}.
   *
   * @returns whether the section is complete
   */
  fields(): boolean {
    const buffer = this.#buffer;
    const { bytes: maxBytes, count: maxCount } = this.#limits;
    const end = Math.min(this.#length, maxBytes);
    let octets = this.#octets;
    for (;;) {
      const start = this.#at;
      if (this.#searched <= start) {
        let at = start;
        while (TOKEN[buffer[at]!] === 1) at++;
        const nameEnd = at;
        if (buffer[at] === COLON && at > start) {
          at++;
          while (buffer[at] === SP || buffer[at] === HTAB) at++;
          const valueStart = at;
          let octet = buffer[at]!;
          while (FIELD[octet] === 1) {
            octets |= octet;
            octet = buffer[++at]!;
          }
          if (
            octet === CR && buffer[at + 1] === LF && at + 2 <= end &&
            this.#count < maxCount
          ) {
            this.#at = at + 2;
            this.#isSkipping = false;
            this.#mark(start, nameEnd, valueStart, at);
            continue;
          }
        } else if (
          at === start && buffer[at] === CR && buffer[at + 1] === LF &&
          at + 2 <= end
        ) {
          this.#at = at + 2;
          this.#octets = octets;
          return true;
        }
      }
      this.#octets = octets;
      const lf = this.#lineEnd();
      if (lf < 0) return false;
      if (this.#line(lf)) return true;
      octets = this.#octets;
    }
  }

  /** The fields of a complete section, in their order. */
  headers(): HeaderField[] {
    const headers: HeaderField[] = [];
    if (this.#count === 0) return headers;
    const text = this.#octets < 0x80
      ? asciiText(this.#buffer.subarray(0, this.#at))
      : latin1Text(this.#buffer, 0, this.#at);
    const marks = this.#marks;
    for (let mark = 0; mark < MARKS * this.#count; mark += MARKS) {
      headers.push({
        name: text.slice(marks[mark], marks[mark + 1]),
        value: text.slice(marks[mark + 2], marks[mark + 3]),
      });
    }
    return headers;
  }

  /** The offset of the value of a field in the response. */
  valueOffset(index: number): number {
    return this.#base + this.#marks[MARKS * index + 2]!;
  }

  #mark(start: number, nameEnd: number, valueStart: number, end: number): void {
    const buffer = this.#buffer;
    while (end > valueStart && isBlank(buffer[end - 1])) end--;
    const mark = MARKS * this.#count++;
    if (mark === this.#marks.length) {
      const marks = new Int32Array(2 * mark);
      marks.set(this.#marks);
      this.#marks = marks;
    }
    this.#marks[mark] = start;
    this.#marks[mark + 1] = nameEnd;
    this.#marks[mark + 2] = valueStart;
    this.#marks[mark + 3] = end;
  }

  /** Where the line feed of the current line is; -1 where it has not come yet. */
  #lineEnd(): number {
    const from = Math.max(this.#at, this.#searched);
    const lf = this.#buffer.indexOf(LF, from);
    const isComplete = lf < this.#length;
    const { bytes } = this.#limits;
    if (lf + Number(isComplete) > bytes) {
      this.#exceed("bytes", `is longer than ${bytes} bytes`, bytes);
    }
    this.#searched = isComplete ? this.#at : lf;
    return isComplete ? lf : -1;
  }

  #exceed(limit: "bytes" | "count", what: string, at: number): never {
    const section = this.#kind === "header" ? "Header" : "Trailer";
    throw new HttpParseError(
      `${this.#kind}-${limit}`,
      `${section} section ${what}`,
      this.#base + at,
    );
  }

  /**
   * Parses one line, whatever is wrong with it.
   *
   * @returns whether it ends the section
   */
  #line(lf: number): boolean {
    const buffer = this.#buffer;
    const start = this.#at;
    const end = checkLine(buffer, start, lf, this.#base, this.#report);
    this.#at = lf + 1;
    if (end === start) return true;
    for (let at = start; at < end; at++) this.#octets |= buffer[at]!;
    if (isBlank(buffer[start])) this.#continuation(start, end);
    else this.#isSkipping = !this.#field(start, end);
    return false;
  }

  /** A line that starts with white space goes on with the field before it: RFC 9112, section 5.2. */
  #continuation(start: number, end: number): void {
    const line = () => quoteOctets(this.#buffer, start, end);
    if (this.#isSkipping) return;
    if (this.#count === 0) {
      this.#report(
        "whitespace-before-headers",
        `White space is before the first field: ${line()}`,
        this.#base + start,
      );
      this.#isSkipping = true;
      return;
    }
    this.#report(
      "obs-fold",
      `Field value goes on in the next line: ${line()}`,
      this.#base + start,
    );
    const last = MARKS * (this.#count - 1);
    const valueStart = this.#marks[last + 2]!;
    const valueEnd = this.#marks[last + 3]!;
    let at = start;
    while (at < end && isBlank(this.#buffer[at])) at++;
    if (at === end) return; // nothing is added, and nothing to go over again with the next line
    this.#buffer.fill(SP, valueEnd, at);
    this.#count--;
    // A value that was empty so far must not begin with the fold.
    const first = valueEnd === valueStart ? at : valueStart;
    this.#mark(this.#marks[last]!, this.#marks[last + 1]!, first, end);
  }

  /** Whether the line became a field. */
  #field(start: number, end: number): boolean {
    const buffer = this.#buffer;
    let colon = start;
    while (colon < end && buffer[colon] !== COLON) colon++;
    if (colon === end) {
      const line = quoteOctets(buffer, start, end);
      this.#report(
        "field-colon-missing",
        `Field line ${line} has no colon`,
        this.#base + start,
      );
      return false;
    }
    let nameEnd = colon;
    while (nameEnd > start && isBlank(buffer[nameEnd - 1])) nameEnd--;
    const name = () => quoteOctets(buffer, start, nameEnd);
    let at = start;
    while (at < nameEnd && TOKEN[buffer[at]!] === 1) at++;
    if (at < nameEnd || at === start) {
      this.#report(
        "field-name-invalid",
        at === start && nameEnd === start
          ? `Field line ${quoteOctets(buffer, start, end)} has no field name`
          : `Field name ${name()} contains ${octetName(buffer[at]!)}`,
        this.#base + at,
      );
      return false;
    }
    if (nameEnd < colon) {
      this.#report(
        "whitespace-before-colon",
        `Field name ${name()} is followed by white space before the colon`,
        this.#base + nameEnd,
      );
    }
    if (this.#count === this.#limits.count) {
      const { count } = this.#limits;
      this.#exceed("count", `has more than ${count} fields`, start);
    }
    let valueStart = colon + 1;
    while (valueStart < end && isBlank(buffer[valueStart])) valueStart++;
    this.#mark(start, nameEnd, valueStart, end);
    return true;
  }
}
