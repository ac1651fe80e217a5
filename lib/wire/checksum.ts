/** The Internet checksum, RFC 1071. */

/**
 * From this many bytes on, reading 32-bit words pays for the view that it needs.
 */
const WORDWISE_FROM = 512;

/**
 * Adds 16-bit big-endian words in one's complement arithmetic. A last odd
 * byte counts as the high half of a word (RFC 1071 section 4.1).
 *
 * A result can be the `initial` value of the next call, so that a sum may run
 * over several pieces, of which only the last may be odd in length. Over a
 * message that includes its checksum, `foldChecksum(sum16(message)) === 0`
 * says that the message is intact.
 *
 * @param bytes the input
 * @param start the first byte to add; default 0
 * @param end the first byte not to add; default all
 * @param initial a sum to start from; default 0
 * @returns the sum, from 0 to 0xffff
 */
export function sum16(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
  initial = 0,
): number {
  let sum = initial;
  let at = start;
  if (end - start >= WORDWISE_FROM) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (; at + 4 <= end; at += 4) {
      const words = view.getInt32(at);
      // The largest packet's sum still fits in the 32-bit integers that engines add fastest.
      sum += (words >>> 16) + (words & 0xffff);
    }
  }
  for (; at + 2 <= end; at += 2) sum += (bytes[at]! << 8) | bytes[at + 1]!;
  if (at < end) sum += bytes[at]! << 8;
  return fold(sum);
}

/**
 * The value of a header's checksum field for a sum that was taken with that
 * field zero: the one's complement of the sum.
 *
 * @param sum a result of {@linkcode sum16}, or any sum of such results
 * @returns 0 to 0xffff
 */
export function foldChecksum(sum: number): number {
  return ~fold(sum) & 0xffff;
}

/** Adds the carries back in until 16 bits hold the sum. Only 0 becomes 0. */
function fold(sum: number): number {
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return sum;
}
