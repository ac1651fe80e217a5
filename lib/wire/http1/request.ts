/** The head of a request: RFC 9112, section 3. */

import { HttpRequestError } from "./errors.ts";
import type { HeaderField } from "./events.ts";
import { FIELD, octetName, quote, SP, TOKEN } from "./octets.ts";

/** What is sent before the body of a request. */
export interface RequestHead {
  /** Any token; `GET` and `get` are two methods. */
  readonly method: string;
  /** The request target as it is sent, such as `/path?query`. */
  readonly target: string;
  /** Of HTTP. */
  readonly version: "1.1" | "1.0";
  /** Each character of a value is one octet. */
  readonly headers: readonly HeaderField[];
}

/**
 * The bytes of a request line and a header section. Whatever could end a
 * line, or is not allowed where it is, is refused, so that a value which came
 * from elsewhere cannot become a field or a request of its own.
 *
 * @throws {HttpRequestError} when a part is empty or has an octet that is not allowed in it
 * @example
 * ```ts
 * import { writeRequestHead } from "./request.ts";
 *
 * const bytes = writeRequestHead({
 *   method: "GET",
 *   target: "/",
 *   version: "1.1",
 *   headers: [{ name: "Host", value: "localhost" }],
 * });
 * if (bytes.length !== 35) throw new Error(); // two lines and an empty one
 * ```
 */
export function writeRequestHead(head: RequestHead): Uint8Array<ArrayBuffer> {
  const { method, target, version, headers } = head;
  check("method", method, isToken);
  check("request target", target, isTarget);
  const lines = [`${method} ${target} HTTP/${version}`];
  for (const { name, value } of headers) {
    check("field name", name, isToken);
    if (value !== "") check(`value of ${quote(name)}`, value, isField);
    lines.push(`${name}: ${value}`);
  }
  const text = `${lines.join("\r\n")}\r\n\r\n`;
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function isToken(octet: number): boolean {
  return TOKEN[octet] === 1;
}

function isField(octet: number): boolean {
  return FIELD[octet] === 1;
}

/** RFC 9112, section 3.2: no white space; RFC 3986: no octet beyond ASCII. */
function isTarget(octet: number): boolean {
  return octet > SP && octet < 0x7f;
}

function check(
  part: string,
  text: string,
  isAllowed: (octet: number) => boolean,
): void {
  if (text === "") {
    throw new HttpRequestError(part, `Cannot send request: ${part} is empty`);
  }
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isAllowed(code)) continue;
    const found = code > 0xff
      ? `U+${code.toString(16).toUpperCase().padStart(4, "0")}`
      : octetName(code);
    throw new HttpRequestError(
      part,
      `Cannot send request: ${part} contains ${found} at position ${at}: ${
        quote(text)
      }`,
    );
  }
}
