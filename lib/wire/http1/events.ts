/** What a response consists of, piece by piece, as the parser hands it over. */

import type { HttpErrorCode } from "./errors.ts";

/** The version in a status line. */
export interface HttpVersion {
  /** 1; the parser accepts no other. */
  readonly major: number;
  /** 0 or 1, rarely more. */
  readonly minor: number;
}

/** One field of a header or trailer section. */
export interface HeaderField {
  /** In its original case. */
  readonly name: string;
  /** Without the white space around it; each character is one octet (Latin-1). */
  readonly value: string;
}

/** How the end of a body is found: RFC 9112, section 6.3. */
export type BodyFraming =
  /** There is no body. */
  | { readonly kind: "none" }
  /** After so many bytes. */
  | { readonly kind: "length"; readonly length: number }
  /** After the last chunk. */
  | { readonly kind: "chunked" }
  /** Where the server closes the connection. */
  | { readonly kind: "close" };

/** A fault that the parser accepted. */
export interface Deviation {
  /** What is wrong. */
  readonly code: HttpErrorCode;
  /** The same in one line, with the value. */
  readonly message: string;
  /** Where, in bytes from the start of the response. */
  readonly offset: number;
  /** The rule, such as `RFC 9112, section 6.3`. */
  readonly section: string;
}

/**
 * A piece of a response. `status` and `headers` come once for each
 * informational response and once for the final one; then come `data`,
 * `trailers` where there are any, and `end`. A `deviation` comes before the
 * piece that it was found in.
 */
export type ResponseEvent =
  | {
    readonly type: "status";
    readonly version: HttpVersion;
    /** Three digits; outside 100 to 599 it is to be taken for 5xx. */
    readonly status: number;
    /** May be empty. */
    readonly reason: string;
  }
  | {
    readonly type: "headers";
    readonly status: number;
    readonly headers: readonly HeaderField[];
    readonly framing: BodyFraming;
    /** Bytes of the header section, the status line and the empty line included. */
    readonly bytes: number;
  }
  | {
    readonly type: "data";
    /** A view of the bytes that were fed, valid until they are overwritten; never empty. */
    readonly data: Uint8Array;
  }
  | { readonly type: "trailers"; readonly headers: readonly HeaderField[] }
  | {
    readonly type: "end";
    /** Whether another request may be sent on the connection. */
    readonly keepAlive: boolean;
    /** Bytes of content, without chunk sizes. */
    readonly bodyBytes: number;
  }
  | { readonly type: "deviation"; readonly deviation: Deviation };

/** Takes the pieces of a response in their order. */
export type ResponseHandler = (event: ResponseEvent) => void;
