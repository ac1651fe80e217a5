/** What test vectors for the response parser are made of. */

import type { HttpErrorCode } from "../../../lib/wire/http1/errors.ts";
import type { ParserOptions } from "../../../lib/wire/http1/parser.ts";

/** A response that nothing is wrong with. */
export interface GoodVector {
  readonly name: string;
  readonly response: string;
  readonly options?: ParserOptions;
  /** As of `_outcome.ts`; `consumed` is added when it is the whole response. */
  readonly lines: readonly string[];
  /** Bytes at the end that belong to the next response. */
  readonly rest?: number;
}

/** A response with a fault. */
export interface FaultVector {
  readonly code: HttpErrorCode;
  /** Where the fault is, is marked with {@linkcode MARK}. */
  readonly response: string;
  readonly options?: ParserOptions;
  /** The whole message of the error. */
  readonly message?: string;
  /** How the result ends when the fault is accepted: in lenient mode, and with `always` in strict mode, too. Without it, neither accepts it. */
  readonly lenient?: readonly string[];
  readonly always?: true;
}

/** Stands before the octet with the fault. */
export const MARK = "\u2038";

/** Starts most of them. */
export const OK = "HTTP/1.1 200 OK\r\n";
/** Comes before chunks. */
export const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

/** The rest of a head without a body. */
export const LENGTH = "Content-Length: 0\r\n\r\n";
