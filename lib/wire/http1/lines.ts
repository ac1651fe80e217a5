/** Lines, and the octets that may be in them. */

import type { Report } from "./errors.ts";
import { CR, FIELD, octetName, quoteOctets, SP } from "./octets.ts";

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
  const shown = () => quoteOctets(line, start, end);
  for (let at = start; at < end; at++) {
    const octet = line[at]!;
    if (FIELD[octet] === 1) continue;
    const [code, what] = octet === 0
      ? ["nul", "NUL"] as const
      : octet === CR
      ? ["bare-cr", "CR without LF"] as const
      : ["control-character", octetName(octet)] as const;
    report(code, `Line ${shown()} contains ${what}`, base + at);
    if (code !== "control-character") line[at] = SP;
  }
  if (end === lf) {
    report("bare-lf", `Line ${shown()} ends in LF without CR`, base + lf);
  }
  return end;
}
