/** The codings in which bodies come (RFC 9110 section 8.4). */

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

/** The coding that a Content-Encoding names; undefined where there is none, or none that can be undone. */
export function codingOf(value: string | undefined): Coding | undefined {
  switch (value?.trim().toLowerCase()) {
    case "gzip":
    case "x-gzip":
      return "gzip";
    case "deflate":
      return "deflate";
    case "br":
      return "br";
    default:
      return undefined;
  }
}
