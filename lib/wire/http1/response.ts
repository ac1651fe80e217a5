/** A whole response at once. */

import type { Deviation, HeaderField, HttpVersion } from "./events.ts";
import { type ParserOptions, ResponseParser } from "./parser.ts";

/** A response in memory. */
export interface ParsedResponse {
  /** As in the status line. */
  readonly version: HttpVersion;
  /** The status code of the final response. */
  readonly status: number;
  /** May be empty. */
  readonly reason: string;
  /** In their order, in their original case. */
  readonly headers: readonly HeaderField[];
  /** The fields after a chunked body. */
  readonly trailers: readonly HeaderField[];
  /** The content, without chunk sizes; a view of the input where it lies there in one piece. */
  readonly body: Uint8Array;
  /** What is wrong with the response and was accepted. */
  readonly deviations: readonly Deviation[];
  /** Whether the connection could be used again. */
  readonly keepAlive: boolean;
  /** How many bytes of the input belong to the response, informational ones before it included. */
  readonly consumed: number;
}

/**
 * Parses a response that has come whole; the end of the input counts as the
 * end of the connection.
 *
 * @throws {HttpParseError} when it is not complete, or not accepted
 * @throws {RangeError} when a limit is not a number from 0
 * @example
 * ```ts
 * import { parseHttpResponse } from "@netdiag/netdiag";
 *
 * const bytes = new TextEncoder().encode(
 *   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
 * );
 * const { status, body } = parseHttpResponse(bytes);
 * if (status !== 200 || body.length !== 5) throw new Error();
 * ```
 */
export function parseHttpResponse(
  bytes: Uint8Array,
  options?: ParserOptions,
): ParsedResponse {
  const parser = new ResponseParser(options);
  const response = {
    version: { major: 1, minor: 1 },
    status: 0,
    reason: "",
    headers: [] as readonly HeaderField[],
    trailers: [] as readonly HeaderField[],
    deviations: [] as Deviation[],
    keepAlive: false,
  };
  const pieces: Uint8Array[] = [];
  const take: Parameters<ResponseParser["feed"]>[1] = (event) => {
    switch (event.type) {
      case "status":
        response.version = event.version;
        response.status = event.status;
        response.reason = event.reason;
        break;
      case "headers":
        response.headers = event.headers;
        break;
      case "data":
        pieces.push(event.data);
        break;
      case "trailers":
        response.trailers = event.headers;
        break;
      case "end":
        response.keepAlive = event.keepAlive;
        break;
      case "deviation":
        response.deviations.push(event.deviation);
        break;
    }
  };
  const consumed = parser.feed(bytes, take);
  if (parser.state !== "done") parser.finish(take);
  return { ...response, body: joined(pieces), consumed };
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  const all = new Uint8Array(
    pieces.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
