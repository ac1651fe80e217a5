/** The extension structure that ICMP errors may carry behind the packet they quote: RFC 4884. */

import { foldChecksum, sum16 } from "./checksum.ts";

/** One entry of an MPLS label stack, RFC 3032 section 2.1. */
export interface MplsLabel {
  /** 0 to 2^20 - 1. */
  readonly label: number;
  /** 0 to 7; named EXP before RFC 5462. */
  readonly trafficClass: number;
  /** No entry follows. */
  readonly bottomOfStack: boolean;
  /** How many more label switches may forward the packet. */
  readonly ttl: number;
}

/** One extension object: the MPLS label stack of RFC 4950, or one that is not decoded. */
export type IcmpExtension =
  | { readonly kind: "mpls"; readonly labels: readonly MplsLabel[] }
  | {
    readonly kind: "other";
    /** Class-Num and C-Type, RFC 4884 section 8. */
    readonly class: number;
    readonly type: number;
    /** The object without its header; a view of the input. */
    readonly data: Uint8Array;
  };

/** A quoted packet and what followed it. */
export interface QuoteAndExtensions {
  /** A view of the input. */
  readonly quoted: Uint8Array;
  /** In the order of the message; empty when there are none. */
  readonly extensions: readonly IcmpExtension[];
}

/** A quote that extensions follow is at least this long (RFC 4884 section 3). */
const MIN_EXTENDED_QUOTE_BYTES = 128;
const STRUCTURE_HEADER_BYTES = 4;
const OBJECT_HEADER_BYTES = 4;
const EXTENSION_VERSION = 2;
const MPLS_LABEL_STACK_CLASS = 1;
const MPLS_INCOMING_STACK_TYPE = 1;
const MPLS_ENTRY_BYTES = 4;

const NO_EXTENSIONS: readonly IcmpExtension[] = [];

/**
 * Divides what follows the ICMP header of an error into the quoted packet and
 * the extensions.
 *
 * With a length of at least 128 bytes that fits, the extensions start there
 * (RFC 4884 sections 4 and 5.1). Otherwise they may start after 128 bytes, the
 * form that came before the length field; since a long quote could be taken
 * for one, its checksum must be there and right (RFC 4884 section 5.5).
 *
 * Extensions are never a reason to lose the error itself: a structure of
 * another version or with a wrong checksum is left out, and the first object
 * with an impossible length ends the list.
 *
 * @param body the message from byte 8 on
 * @param quotedBytes the length field in bytes; 0 where there is none
 */
export function splitExtensions(
  body: Uint8Array,
  quotedBytes: number,
): QuoteAndExtensions {
  const hasLength = quotedBytes >= MIN_EXTENDED_QUOTE_BYTES &&
    quotedBytes <= body.length;
  const at = hasLength ? quotedBytes : MIN_EXTENDED_QUOTE_BYTES;
  if (isExtensionStructure(body, at, !hasLength)) {
    const extensions = decodeObjects(body, at + STRUCTURE_HEADER_BYTES);
    return { quoted: body.subarray(0, at), extensions };
  }
  return {
    quoted: hasLength ? body.subarray(0, at) : body,
    extensions: NO_EXTENSIONS,
  };
}

/** Whether an intact structure fills the bytes from `at` on; a checksum of 0 says that none was computed (section 7). */
function isExtensionStructure(
  body: Uint8Array,
  at: number,
  needsChecksum: boolean,
): boolean {
  if (at + STRUCTURE_HEADER_BYTES > body.length) return false;
  if (body[at]! >> 4 !== EXTENSION_VERSION) return false;
  if (body[at + 2] === 0 && body[at + 3] === 0) return !needsChecksum;
  return foldChecksum(sum16(body, at)) === 0;
}

function decodeObjects(body: Uint8Array, start: number): IcmpExtension[] {
  const extensions: IcmpExtension[] = [];
  let at = start;
  while (at + OBJECT_HEADER_BYTES <= body.length) {
    const bytes = (body[at]! << 8) | body[at + 1]!;
    const fits = bytes >= OBJECT_HEADER_BYTES && at + bytes <= body.length;
    if (!fits || bytes % 4 !== 0) break;
    extensions.push(
      decodeObject(
        body[at + 2]!,
        body[at + 3]!,
        body.subarray(at + OBJECT_HEADER_BYTES, at + bytes),
      ),
    );
    at += bytes;
  }
  return extensions;
}

function decodeObject(
  classNumber: number,
  type: number,
  data: Uint8Array,
): IcmpExtension {
  if (
    classNumber !== MPLS_LABEL_STACK_CLASS || type !== MPLS_INCOMING_STACK_TYPE
  ) {
    return { kind: "other", class: classNumber, type, data };
  }
  const labels: MplsLabel[] = [];
  for (let at = 0; at < data.length; at += MPLS_ENTRY_BYTES) {
    const third = data[at + 2]!;
    labels.push({
      label: (data[at]! << 12) | (data[at + 1]! << 4) | (third >> 4),
      trafficClass: (third >> 1) & 7,
      bottomOfStack: (third & 1) !== 0,
      ttl: data[at + 3]!,
    });
  }
  return { kind: "mpls", labels };
}
