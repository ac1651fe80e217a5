/**
 * IPv4 and IPv6 addresses: text to bytes, bytes to text, and ranges of them.
 * Bytes are in network order, 4 or 16 of them.
 */

/** Address family: IPv4 or IPv6. */
export type Family = 4 | 6;

/** Text that is no address, network or range. */
export class AddressError extends Error {
  /** Always `AddressError`. */
  override readonly name = "AddressError";
}

const IPV4_BYTES = 4;
const IPV6_BYTES = 16;
/** A range holds at most this many addresses, so that every index is exact. */
const MAX_COUNT = 2 ** 32;

const QUOTED_CHARACTERS = 100;

/** A host in quotation marks, for messages; of an overlong one, which no list of hosts is safe from, the beginning. */
export function quoteHost(host: string): string {
  return host.length <= QUOTED_CHARACTERS
    ? JSON.stringify(host)
    : `${JSON.stringify(host.slice(0, QUOTED_CHARACTERS))}...`;
}

/**
 * Reads an address: four decimal numbers without leading zeros (as
 * `inet_pton` does, never the octal or short forms of `inet_aton`), or the
 * text forms of RFC 4291 section 2.2. A zone (`%eth0`) is not part of an
 * address.
 *
 * @returns 4 or 16 bytes, or undefined when the text is no address
 *
 * @example
 * ```ts
 * import { formatAddress, parseAddress } from "./address.ts";
 *
 * const bytes = parseAddress("2001:DB8:0:0:0:0:0:1")!;
 * if (formatAddress(bytes) !== "2001:db8::1") throw new Error();
 * if (parseAddress("10.1") !== undefined) throw new Error();
 * ```
 */
export function parseAddress(text: string): Uint8Array | undefined {
  if (text.includes(":")) {
    const bytes = new Uint8Array(IPV6_BYTES);
    return parseIpv6(text, bytes) ? bytes : undefined;
  }
  const bytes = new Uint8Array(IPV4_BYTES);
  return parseIpv4(text, bytes, 0) ? bytes : undefined;
}

/** An address in text without its zone (RFC 4007, section 11). */
export function withoutZone(text: string): string {
  const at = text.indexOf("%");
  return at < 0 ? text : text.slice(0, at);
}

/** Reads a dotted quad into four bytes from `at` on; false when it is none. */
function parseIpv4(text: string, into: Uint8Array, at: number): boolean {
  const parts = text.split(".");
  if (parts.length !== IPV4_BYTES) return false;
  for (const [i, part] of parts.entries()) {
    const value = Number(part);
    // Three characters have no room for an exponent, and nothing but the shortest form comes back as it was.
    if (part.length > 3 || String(value) !== part) return false;
    if (!(value >= 0 && value <= 255)) return false;
    into[at + i] = value;
  }
  return true;
}

/** Reads RFC 4291 text into 16 zeroed bytes; false when it is none. */
function parseIpv6(text: string, into: Uint8Array): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const head = halves[0]!;
  const tail = halves[1];
  const headBytes = parseGroups(head, into, 0, tail === undefined);
  if (headBytes === undefined) return false;
  if (tail === undefined) return headBytes === IPV6_BYTES;
  const end = parseGroups(tail, into, headBytes, true);
  // "::" stands for at least one group.
  if (end === undefined || end > IPV6_BYTES - 2) return false;
  into.copyWithin(IPV6_BYTES - (end - headBytes), headBytes, end);
  into.fill(0, headBytes, IPV6_BYTES - (end - headBytes));
  return true;
}

/**
 * Reads groups separated by single colons into `into` from `at` on; the last
 * one may be a dotted quad where the address ends with it.
 *
 * @returns where the groups end, or undefined when they are malformed or too many
 */
function parseGroups(
  text: string,
  into: Uint8Array,
  at: number,
  endsAddress: boolean,
): number | undefined {
  if (text === "") return at;
  const groups = text.split(":");
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i]!;
    if (endsAddress && i === groups.length - 1 && group.includes(".")) {
      if (at + IPV4_BYTES > IPV6_BYTES) return undefined;
      return parseIpv4(group, into, at) ? at + IPV4_BYTES : undefined;
    }
    if (at + 2 > IPV6_BYTES || !/^[0-9a-f]{1,4}$/i.test(group)) {
      return undefined;
    }
    const value = parseInt(group, 16);
    into[at++] = value >> 8;
    into[at++] = value & 0xff;
  }
  return at;
}

/**
 * Writes an address as text: a dotted quad, or the one canonical form of
 * RFC 5952, in which IPv4-mapped addresses read `::ffff:192.0.2.1`.
 *
 * @throws {RangeError} when there are neither 4 nor 16 bytes
 */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === IPV4_BYTES) return formatIpv4(bytes, 0);
  if (bytes.length !== IPV6_BYTES) {
    throw new RangeError(
      `Cannot format address: ${bytes.length} bytes is neither 4 nor 16`,
    );
  }
  if (isIpv4Mapped(bytes)) return `::ffff:${formatIpv4(bytes, 12)}`;
  const groups: string[] = [];
  for (let i = 0; i < IPV6_BYTES; i += 2) {
    groups.push(((bytes[i]! << 8) | bytes[i + 1]!).toString(16));
  }
  const run = longestZeroRun(groups);
  if (run.length < 2) return groups.join(":");
  const head = groups.slice(0, run.start).join(":");
  const tail = groups.slice(run.start + run.length).join(":");
  return `${head}::${tail}`;
}

function formatIpv4(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** Whether 16 bytes are in ::ffff:0:0/96 (RFC 4291 section 2.5.5.2). */
function isIpv4Mapped(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false;
  return bytes[10] === 0xff && bytes[11] === 0xff;
}

/** The longest run of zero groups; the first one of equals (RFC 5952 section 4.2.3). */
function longestZeroRun(
  groups: readonly string[],
): { start: number; length: number } {
  let start = 0;
  let length = 0;
  let current = 0;
  groups.forEach((group, i) => {
    current = group === "0" ? current + 1 : 0;
    if (current > length) {
      length = current;
      start = i + 1 - current;
    }
  });
  return { start, length };
}

/** The family of an address by its length, 4 or 16 bytes. */
export function familyOf(address: Uint8Array): Family {
  return address.length === IPV4_BYTES ? 4 : 6;
}

/** Whether an address stands for a group (RFC 1112 section 4; RFC 4291 section 2.7). */
export function isMulticast(address: Uint8Array): boolean {
  return familyOf(address) === 4
    ? address[0]! >> 4 === 0xe
    : address[0] === 0xff;
}

/** Whether a host is an address already, with a zone or without, and no name. */
export function isAddress(host: string): boolean {
  return parseAddress(withoutZone(host)) !== undefined;
}

/** Whether an address stands for this machine itself, as `0.0.0.0` and `::` do where one is connected to. */
export function isUnspecified(address: Uint8Array): boolean {
  return address.every((byte) => byte === 0);
}

/**
 * Whether an IPv6 address means something only together with a zone
 * (RFC 4007): that of a host, or of a group on a link (RFC 4291 section 2.7).
 */
export function isLinkLocal(address: Uint8Array): boolean {
  if (familyOf(address) === 4) return false;
  return address[0] === 0xfe && (address[1]! & 0xc0) === 0x80 ||
    isMulticast(address) && [1, 2].includes(address[1]! & 0x0f);
}

/**
 * Consecutive addresses of one family, held as the first one and a count: a
 * network of four billion addresses costs no more than one of two.
 */
export class AddressRange {
  /** The family of every address in the range. */
  readonly family: Family;
  /** How many addresses there are, from 1 to 2^32. */
  readonly count: number;
  readonly #first: Uint8Array;

  private constructor(first: Uint8Array, count: number) {
    this.family = familyOf(first);
    this.count = count;
    this.#first = first;
  }

  /**
   * The addresses of a network in CIDR form, such as `192.0.2.0/24` or
   * `2001:db8::/112`. Host bits may be set and are ignored. Of an IPv4
   * network the network and the broadcast address are left out, unless it is
   * a /31 (RFC 3021) or a /32.
   *
   * @throws {AddressError} when the text is no network, or one of more than 2^32 addresses
   */
  static network(text: string): AddressRange {
    const [address, prefix, ...rest] = text.split("/");
    const first = parseAddress(address!);
    if (first === undefined || prefix === undefined || rest.length > 0) {
      throw new AddressError(
        `Cannot parse network ${JSON.stringify(text)}: not ADDRESS/PREFIX`,
      );
    }
    const bits = first.length * 8;
    const prefixBits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Infinity;
    if (prefixBits > bits) {
      throw new AddressError(
        `Cannot parse network ${JSON.stringify(text)}: ` +
          `prefix is not a number from 0 to ${bits}`,
      );
    }
    const count = 2 ** (bits - prefixBits);
    if (count > MAX_COUNT) {
      throw new AddressError(
        `Cannot use network ${JSON.stringify(text)}: ` +
          `more than 2^32 addresses, use /${bits - 32} or longer`,
      );
    }
    for (let bit = prefixBits; bit < bits; bit++) {
      first[bit >> 3]! &= ~(0x80 >> (bit & 7));
    }
    if (bits === 32 && count > 2) {
      first[3]! += 1;
      return new AddressRange(first, count - 2);
    }
    return new AddressRange(first, count);
  }

  /**
   * The addresses from `first` to `last`, both included.
   *
   * @throws {AddressError} when either is no address, their families differ,
   * `last` is before `first`, or there are more than 2^32
   */
  static between(first: string, last: string): AddressRange {
    const from = parseAddress(first);
    const to = parseAddress(last);
    const named = `${JSON.stringify(first)} to ${JSON.stringify(last)}`;
    if (from === undefined || to === undefined) {
      const text = from === undefined ? first : last;
      throw new AddressError(
        `Cannot parse address ${JSON.stringify(text)}: ` +
          "neither IPv4 nor IPv6",
      );
    }
    if (from.length !== to.length) {
      throw new AddressError(
        `Cannot use range ${named}: one is IPv4, the other IPv6`,
      );
    }
    const count = toBigInt(to) - toBigInt(from) + 1n;
    if (count < 1n) {
      throw new AddressError(
        `Cannot use range ${named}: the last address is before the first`,
      );
    }
    if (count > BigInt(MAX_COUNT)) {
      throw new AddressError(
        `Cannot use range ${named}: more than 2^32 addresses`,
      );
    }
    return new AddressRange(from, Number(count));
  }

  /**
   * Writes the address at `index`, from 0 to `count - 1`, to the first 4 or
   * 16 bytes of `into`.
   *
   * @throws {RangeError} when there is no such address, or `into` is too short
   */
  write(index: number, into: Uint8Array): void {
    if (!Number.isInteger(index) || index < 0 || index >= this.count) {
      throw new RangeError(
        `Cannot write address: index ${index} is not from 0 to ${
          this.count - 1
        }`,
      );
    }
    if (into.length < this.#first.length) {
      throw new RangeError(
        `Cannot write address: ${into.length} bytes are too few`,
      );
    }
    let carry = index;
    for (let i = this.#first.length - 1; i >= 0; i--) {
      const sum = this.#first[i]! + carry;
      into[i] = sum % 256;
      carry = Math.floor(sum / 256);
    }
  }
}

function toBigInt(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}
