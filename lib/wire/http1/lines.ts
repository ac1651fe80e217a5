/** Lines, and the octets that may be in them. */

import type { Report } from "./errors.ts";
import { CR, FIELD, LF, octetName, SP } from "./octets.ts";

/**
 * Checks a line octet by octet. With a `report` that returns, what must not
 * reach the user is overwritten with spaces: RFC 9112, section 2.2, RFC 9110,
 * section 5.5.
 *
 * @param line what holds the line; it is changed
 * @param lf where its line feed is
 * @param base the offset of `line[0]` in the response
 * @returns where the content of the line ends
 */
export function checkLine(
  line: Uint8Array,
  start: number,
  lf: number,
  base: number,
  report: Report,
): number {
  let end = lf;
  if (end > start && line[end - 1] === CR) end--;
  for (let at = start; at < end; at++) {
    const octet = line[at]!;
    if (FIELD[octet] === 1) continue;
    if (octet === 0) {
      report("nul", "Line contains NUL", base + at);
      line[at] = SP;
    } else if (octet === CR) {
      report("bare-cr", "Line contains CR without LF", base + at);
      line[at] = SP;
    } else {
      const name = octetName(octet);
      report("control-character", `Line contains ${name}`, base + at);
    }
  }
  if (end === lf) report("bare-lf", "Line ends in LF without CR", base + lf);
  return end;
}

/** Where the next line feed is at or after `from` and before `end`; -1 where there is none. */
export function findLineEnd(
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  const lf = bytes.indexOf(LF, from);
  return lf < end ? lf : -1;
}
