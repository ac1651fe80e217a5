/** What lies around the deflated data in gzip: RFC 1952, section 2.3. Takes octet by octet, so that it may be cut anywhere. */

/** The first octet of a member. */
export const GZIP_ID1 = 0x1f;

const FLAGS = { headerCrc: 0x02, extra: 0x04, name: 0x08, comment: 0x10 };

/** Is given the octets of a header; returns when it has had the last one, whether that was a header. */
export function* gzipHeader(): Generator<void, boolean, number> {
  for (const octet of [GZIP_ID1, 0x8b, 8]) { // 8 is deflate
    if ((yield) !== octet) return false;
  }
  const flags = yield;
  for (let i = 0; i < 6; i++) yield; // time, extra flags, system
  if (flags & FLAGS.extra) {
    const length = yield* littleEndian(2);
    for (let i = 0; i < length; i++) yield;
  }
  for (const flag of [FLAGS.name, FLAGS.comment]) {
    if (flags & flag) { while ((yield) !== 0); }
  }
  if (flags & FLAGS.headerCrc) yield* littleEndian(2);
  return true;
}

/** Is given the octets of a trailer; returns whether it fits the data before it. */
export function* gzipTrailer(
  crc32: number,
  bytes: number,
): Generator<void, boolean, number> {
  const isRight = (yield* littleEndian(4)) === crc32;
  return (yield* littleEndian(4)) === bytes % 2 ** 32 && isRight;
}

function* littleEndian(count: number): Generator<void, number, number> {
  let number = 0;
  for (let i = 0; i < count; i++) number += (yield) * 2 ** (8 * i);
  return number;
}
