/** The status line: RFC 9112, section 4. */

import type { Report } from "./errors.ts";
import type { HttpVersion } from "./events.ts";
import { isBlank, latin1Text, quote, quoteOctets, SP } from "./octets.ts";

/** What a status line says. */
export interface StatusLine {
  readonly version: HttpVersion;
  readonly status: number;
  readonly reason: string;
}

const PREFIX = [..."HTTP/"].map((letter) => letter.charCodeAt(0));
const DOT = 0x2e;

const HTTP_10: HttpVersion = Object.freeze({ major: 1, minor: 0 });
const HTTP_11: HttpVersion = Object.freeze({ major: 1, minor: 1 });

function digit(octet: number | undefined): number {
  return octet !== undefined && octet >= 0x30 && octet <= 0x39
    ? octet - 0x30
    : -1;
}

/** Tells what does not speak HTTP/1 by its first octets, before there is a whole line. */
export function checkPrefix(
  bytes: Uint8Array,
  start: number,
  end: number,
  base: number,
  report: Report,
): void {
  const length = Math.min(PREFIX.length, end - start);
  for (let i = 0; i < length; i++) {
    if (bytes[start + i] === PREFIX[i]) continue;
    const found = quoteOctets(bytes, start, start + i + 1);
    report(
      "not-http",
      `Response starts with ${found}, not with "HTTP/"`,
      base + start + i,
    );
  }
}

/**
 * Parses a line whose octets have been checked.
 *
 * @param base the offset of `bytes[0]` in the response
 */
export function parseStatusLine(
  bytes: Uint8Array,
  start: number,
  end: number,
  base: number,
  report: Report,
): StatusLine {
  checkPrefix(bytes, start, end, base, report);
  let at = start + PREFIX.length;
  const version = parseVersion(bytes, at, start, end, base, report);
  at = skipBlanks(bytes, at + 3, start, end, base, report);
  const hundreds = at < end ? digit(bytes[at]) : -1;
  const tens = at + 1 < end ? digit(bytes[at + 1]) : -1;
  const ones = at + 2 < end ? digit(bytes[at + 2]) : -1;
  if (
    hundreds < 0 || tens < 0 || ones < 0 ||
    (at + 3 < end && !isBlank(bytes[at + 3]))
  ) {
    const word = latin1Text(bytes, at, end).split(/[ \t]/)[0]!;
    report(
      "status-invalid",
      `Status code ${quote(word)} is not three digits`,
      base + at,
    );
  }
  const status = hundreds * 100 + tens * 10 + ones;
  if (status < 100 || status > 599) {
    const code = latin1Text(bytes, at, at + 3);
    report("status-range", `Status code ${code} is not 100 to 599`, base + at);
  }
  at = skipBlanks(bytes, at + 3, start, end, base, report, true);
  return { version, status, reason: latin1Text(bytes, at, end) };
}

function parseVersion(
  bytes: Uint8Array,
  at: number,
  start: number,
  end: number,
  base: number,
  report: Report,
): HttpVersion {
  const major = at < end ? digit(bytes[at]) : -1;
  const minor = at + 2 < end ? digit(bytes[at + 2]) : -1;
  const isDelimited = at + 3 >= end || isBlank(bytes[at + 3]);
  if (major < 0 || minor < 0 || bytes[at + 1] !== DOT || !isDelimited) {
    const word = latin1Text(bytes, start, end).split(/[ \t]/)[0]!;
    report(
      "version-invalid",
      `Version ${quote(word)} is not HTTP/1.1`,
      base + at,
    );
  }
  if (major !== 1) {
    report(
      "version-unsupported",
      `Version HTTP/${major}.${minor} is not HTTP/1.0 or HTTP/1.1`,
      base + at,
    );
  }
  return minor === 1 ? HTTP_11 : minor === 0 ? HTTP_10 : { major, minor };
}

/** Past the single space that belongs between two parts, or past what stands for it. */
function skipBlanks(
  bytes: Uint8Array,
  from: number,
  start: number,
  end: number,
  base: number,
  report: Report,
  isReason = false,
): number {
  // More white space before the reason phrase is part of it, as far as the grammar goes.
  if (from < end && bytes[from] === SP) {
    if (isReason || !isBlank(bytes[from + 1])) return from + 1;
  }
  if (from >= end && !isReason) return from; // there is no status code, which is for the caller to tell
  const line = quoteOctets(bytes, start, end);
  report(
    "status-whitespace",
    from >= end
      ? `Status line ${line} has no space after the status code`
      : `Status line ${line} is not separated by single spaces`,
    base + from,
  );
  let at = from;
  while (at < end && isBlank(bytes[at])) at++;
  return at;
}
