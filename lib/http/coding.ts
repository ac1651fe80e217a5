/** The codings in which bodies come (RFC 9110 section 8.4). */

import type { HeaderField } from "../wire/http1/events.ts";
import { listItems } from "../wire/http1/parameters.ts";

/** A body that is not in the coding that it claims, or grows beyond the limit. */
export class DecodeError extends Error {
  /** The name of the class. */
  override readonly name = "DecodeError";
  /** `bomb` when it grows beyond the limit. */
  readonly code: "bomb" | "undecodable" | "truncated-coding";

  /** For the library's own use; a constructor cannot be hidden. */
  constructor(code: DecodeError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** One coding, in which a body comes. */
export type Coding = "gzip" | "deflate" | "br";

/** Takes bytes, which are valid during the call only; no more come until what it returned has resolved. */
export type ByteSink = (bytes: Uint8Array) => void | Promise<void>;

const CODINGS: ReadonlyMap<string, Coding | undefined> = new Map([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
  ["br", "br"],
  ["identity", undefined],
]);

/** More of them are nobody's honest intention. */
const MAX_CODINGS = 5;

/** What was done to a body, in its order, by Content-Encoding; undefined where not all of that can be undone. */
export function codingsOf(
  headers: readonly HeaderField[],
): readonly Coding[] | undefined {
  const names = headers
    .filter(({ name }) => name.toLowerCase() === "content-encoding")
    .flatMap(({ value }) => listItems(value.toLowerCase()));
  if (names.length > MAX_CODINGS) return undefined;
  const codings: Coding[] = [];
  for (const name of names) {
    if (!CODINGS.has(name)) return undefined;
    const coding = CODINGS.get(name);
    if (coding !== undefined) codings.push(coding);
  }
  return codings;
}
