/** Where the body ends, and whether the connection can be used again: RFC 9112, sections 6.3 and 9.3. */

import type { Report } from "./errors.ts";
import type { BodyFraming, HeaderField, HttpVersion } from "./events.ts";
import { quote } from "./octets.ts";
import { areParameters, listItems, tokenEnd, trimmed } from "./parameters.ts";

/** The head of a response, and what it depends on. */
export interface Head {
  /** The method of the request. */
  readonly method: string;
  readonly version: HttpVersion;
  readonly status: number;
  readonly headers: readonly HeaderField[];
  /** The offset of the value of a field in the response. */
  readonly valueOffset: (index: number) => number;
}

/** What the head says about the rest. */
export interface Frame {
  readonly framing: BodyFraming;
  /** As far as the head tells; a body that ends with the connection leaves none to keep. */
  readonly keepAlive: boolean;
}

interface Value {
  readonly text: string;
  readonly offset: number;
}

/** The fields that matter here. */
interface Fields {
  readonly lengths: Value[];
  readonly codings: Value[];
  readonly connection: string[];
}

const NONE: BodyFraming = Object.freeze({ kind: "none" });
const CHUNKED: BodyFraming = Object.freeze({ kind: "chunked" });
const CLOSE: BodyFraming = Object.freeze({ kind: "close" });

/** Whether the response is informational, so that another one follows: RFC 9110, section 15.2. */
export function isInformational(status: number): boolean {
  return status >= 100 && status < 200 && status !== 101;
}

/** Whether what follows the head is another protocol: RFC 9110, sections 9.3.6 and 15.2.2. */
export function isSwitch(method: string, status: number): boolean {
  return status === 101 ||
    (method === "CONNECT" && status >= 200 && status < 300);
}

/** Reads the framing of a response from its head. */
export function frame(head: Head, report: Report): Frame {
  const fields = select(head);
  const keepAlive = isPersistent(head.version, fields.connection);
  const { status, method } = head;
  if (isSwitch(method, status)) return { framing: NONE, keepAlive: false };
  if (isInformational(status) || status === 204) {
    forbid(status, fields, report);
    return { framing: NONE, keepAlive };
  }
  if (status === 304 || method === "HEAD") return { framing: NONE, keepAlive };
  return fields.codings.length > 0
    ? frameCodings(head, fields, keepAlive, report)
    : frameLength(fields.lengths, keepAlive, report);
}

function select({ headers, valueOffset }: Head): Fields {
  const lengths: Value[] = [];
  const codings: Value[] = [];
  const connection: string[] = [];
  for (let index = 0; index < headers.length; index++) {
    const { name, value } = headers[index]!;
    // The length of a name is quickly compared, and tells most of them apart.
    switch (name.length) {
      case 10:
        if (name.toLowerCase() === "connection") connection.push(value);
        break;
      case 14:
        if (name.toLowerCase() === "content-length") {
          lengths.push({ text: value, offset: valueOffset(index) });
        }
        break;
      case 17:
        if (name.toLowerCase() === "transfer-encoding") {
          codings.push({ text: value, offset: valueOffset(index) });
        }
        break;
    }
  }
  return { lengths, codings, connection };
}

/**
 * Whether the connection stays open after a message: RFC 9112, section 9.3.
 *
 * @param connection the values of its Connection fields
 */
export function isPersistent(
  version: HttpVersion,
  connection: readonly string[],
): boolean {
  if (connection.length === 0) return version.minor > 0;
  const options = connection.join(",").toLowerCase().split(",")
    .map(trimmed);
  if (options.includes("close")) return false;
  return version.minor > 0 || options.includes("keep-alive");
}

function forbid(
  status: number,
  { lengths, codings }: Fields,
  report: Report,
): void {
  const length = lengths[0];
  if (length !== undefined) {
    report(
      "content-length-forbidden",
      `A response with status ${status} must not have Content-Length`,
      length.offset,
    );
  }
  const coding = codings[0];
  if (coding !== undefined) {
    report(
      "transfer-encoding-forbidden",
      `A response with status ${status} must not have Transfer-Encoding`,
      coding.offset,
    );
  }
}

/** The name of a coding with its parameters: RFC 9112, section 7. Undefined where it is none. */
function codingName(item: string): string | undefined {
  const end = tokenEnd(item, 0);
  return end > 0 && areParameters(item, end, false)
    ? item.slice(0, end).toLowerCase()
    : undefined;
}

function frameCodings(
  head: Head,
  { lengths, codings }: Fields,
  keepAlive: boolean,
  report: Report,
): Frame {
  const { offset } = codings[0]!;
  if (head.version.minor === 0) {
    report(
      "transfer-encoding-http10",
      "A response of HTTP/1.0 must not have Transfer-Encoding",
      offset,
    );
    return frameLength(lengths, false, report);
  }
  const names: string[] = [];
  for (const { text, offset } of codings) {
    const found = listItems(text).map(codingName);
    if (found.length === 0 || found.includes(undefined)) {
      report(
        "transfer-encoding-invalid",
        `Transfer-Encoding ${quote(text)} is not a list of codings`,
        offset,
      );
    }
    for (const name of found) if (name !== undefined) names.push(name);
  }
  if (names.length === 0) return frameLength(lengths, false, report);
  if (lengths.length > 0) {
    report(
      "content-length-with-transfer-encoding",
      `Response has both Transfer-Encoding ${
        quote(codings[0]!.text)
      } and Content-Length ${quote(lengths[0]!.text)}`,
      lengths[0]!.offset,
    );
    keepAlive = false; // RFC 9112, section 6.1
  }
  const chunked = names.filter((name) => name === "chunked").length;
  const list = () => quote(codings.map(({ text }) => text).join(", "));
  if (chunked > 1) {
    report(
      "chunked-repeated",
      `Transfer-Encoding ${list()} has chunked more than once`,
      offset,
    );
  }
  if (names.at(-1) === "chunked") return { framing: CHUNKED, keepAlive };
  if (chunked > 0) {
    report(
      "chunked-not-last",
      `Transfer-Encoding ${list()} does not end in chunked`,
      offset,
    );
  }
  return { framing: CLOSE, keepAlive: false };
}

function frameLength(
  lengths: readonly Value[],
  keepAlive: boolean,
  report: Report,
): Frame {
  if (lengths.length === 0) return { framing: CLOSE, keepAlive: false };
  let length: number | undefined;
  let values = 0;
  for (const { text, offset } of lengths) {
    for (const item of text.split(",")) {
      const value = trimmed(item);
      if (!isLength(value, text, offset, report)) {
        return { framing: CLOSE, keepAlive: false };
      }
      values++;
      if (length !== undefined && Number(value) !== length) {
        const all = lengths.map(({ text }) => text).join(", ");
        report(
          "content-length-conflict",
          `Content-Length ${quote(all)} contradicts itself`,
          offset,
        );
      }
      length = Number(value);
    }
  }
  if (values > 1) {
    report(
      "content-length-repeated",
      `Content-Length ${length} is given ${values} times`,
      lengths[0]!.offset,
    );
  }
  return { framing: { kind: "length", length: length! }, keepAlive };
}

function isLength(
  value: string,
  text: string,
  offset: number,
  report: Report,
): boolean {
  if (!/^\d+$/.test(value)) {
    const isNegative = /^-\d+$/.test(value);
    report(
      isNegative ? "content-length-negative" : "content-length-invalid",
      `Content-Length ${quote(text)} is ${
        isNegative ? "negative" : "not a number of bytes"
      }`,
      offset,
    );
    return false;
  }
  if (Number(value) > Number.MAX_SAFE_INTEGER) {
    report(
      "content-length-overflow",
      `Content-Length ${quote(text)} is more than ${Number.MAX_SAFE_INTEGER}`,
      offset,
    );
    return false;
  }
  return true;
}
