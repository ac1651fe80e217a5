/** What can be wrong with a response or a request, where, and by which rule. */

/** Who accepts a fault: nobody, a lenient parser, or, as the RFC has it, everybody. */
type Tolerance = "never" | "lenient" | "always";

interface Fault {
  readonly section: string;
  readonly tolerated: Tolerance;
}

function fault(section: string, tolerated: Tolerance): Fault {
  return { section, tolerated };
}

const HTTP = (section: string) => `RFC 9110, section ${section}`;
const HTTP1 = (section: string) => `RFC 9112, section ${section}`;

/** What is wrong with a response, as one word for programs. */
export type HttpErrorCode =
  // Lines.
  | "bare-lf"
  | "bare-cr"
  | "nul"
  | "control-character"
  // The status line.
  | "leading-empty-line"
  | "not-http"
  | "version-invalid"
  | "version-unsupported"
  | "status-invalid"
  | "status-range"
  | "status-whitespace"
  // Fields.
  | "whitespace-before-headers"
  | "field-colon-missing"
  | "field-name-invalid"
  | "whitespace-before-colon"
  | "obs-fold"
  // Framing.
  | "content-length-invalid"
  | "content-length-negative"
  | "content-length-overflow"
  | "content-length-conflict"
  | "content-length-repeated"
  | "content-length-forbidden"
  | "content-length-with-transfer-encoding"
  | "transfer-encoding-invalid"
  | "transfer-encoding-forbidden"
  | "transfer-encoding-http10"
  | "chunked-repeated"
  | "chunked-not-last"
  // Chunks.
  | "chunk-size-invalid"
  | "chunk-size-overflow"
  | "chunk-size-whitespace"
  | "chunk-extension-invalid"
  | "chunk-end-missing"
  // Limits.
  | "header-bytes"
  | "header-count"
  | "trailer-bytes"
  | "trailer-count"
  | "chunk-line-bytes"
  | "chunk-extension-bytes"
  | "body-bytes"
  | "informational-count"
  // The end of the connection.
  | "no-response"
  | "truncated-head"
  | "truncated-body"
  | "truncated-chunked";

const FAULTS: Readonly<Record<HttpErrorCode, Fault>> = {
  // Lines.
  "bare-lf": fault(HTTP1("2.2"), "lenient"),
  "bare-cr": fault(HTTP1("2.2"), "lenient"),
  "nul": fault(HTTP("5.5"), "lenient"),
  "control-character": fault(HTTP("5.5"), "lenient"),
  // The status line.
  "leading-empty-line": fault(HTTP1("2.2"), "lenient"),
  "not-http": fault(HTTP1("2.3"), "never"),
  "version-invalid": fault(HTTP1("2.3"), "never"),
  "version-unsupported": fault(HTTP("2.5"), "never"),
  "status-invalid": fault(HTTP1("4"), "never"),
  "status-range": fault(HTTP("15"), "always"),
  "status-whitespace": fault(HTTP1("4"), "lenient"),
  // Fields.
  "whitespace-before-headers": fault(HTTP1("2.2"), "lenient"),
  "field-colon-missing": fault(HTTP1("5"), "lenient"),
  "field-name-invalid": fault(HTTP("5.1"), "lenient"),
  "whitespace-before-colon": fault(HTTP1("5.1"), "lenient"),
  "obs-fold": fault(HTTP1("5.2"), "always"),
  // Framing.
  "content-length-invalid": fault(HTTP1("6.3"), "lenient"),
  "content-length-negative": fault(HTTP1("6.3"), "lenient"),
  "content-length-overflow": fault(HTTP("8.6"), "lenient"),
  "content-length-conflict": fault(HTTP1("6.3"), "never"),
  "content-length-repeated": fault(HTTP("8.6"), "always"),
  "content-length-forbidden": fault(HTTP("8.6"), "always"),
  "content-length-with-transfer-encoding": fault(HTTP1("6.3"), "lenient"),
  "transfer-encoding-invalid": fault(HTTP1("6.1"), "lenient"),
  "transfer-encoding-forbidden": fault(HTTP1("6.1"), "always"),
  "transfer-encoding-http10": fault(HTTP1("6.1"), "lenient"),
  "chunked-repeated": fault(HTTP1("6.1"), "lenient"),
  "chunked-not-last": fault(HTTP1("6.3"), "always"),
  // Chunks.
  "chunk-size-invalid": fault(HTTP1("7.1"), "never"),
  "chunk-size-overflow": fault(HTTP1("7.1"), "never"),
  "chunk-size-whitespace": fault(HTTP1("7.1"), "lenient"),
  "chunk-extension-invalid": fault(HTTP1("7.1.1"), "lenient"),
  "chunk-end-missing": fault(HTTP1("7.1"), "never"),
  // Limits.
  "header-bytes": fault(HTTP("5.4"), "never"),
  "header-count": fault(HTTP("5.4"), "never"),
  "trailer-bytes": fault(HTTP("5.4"), "never"),
  "trailer-count": fault(HTTP("5.4"), "never"),
  "chunk-line-bytes": fault(HTTP1("7.1.1"), "never"),
  "chunk-extension-bytes": fault(HTTP1("7.1.1"), "never"),
  "body-bytes": fault(HTTP("17.5"), "never"),
  "informational-count": fault(HTTP("15.2"), "never"),
  // The end of the connection.
  "no-response": fault(HTTP1("8"), "never"),
  "truncated-head": fault(HTTP1("8"), "never"),
  "truncated-body": fault(HTTP1("8"), "never"),
  "truncated-chunked": fault(HTTP1("8"), "never"),
};

/** Every code there is. */
export const HTTP_ERROR_CODES: readonly HttpErrorCode[] = Object.freeze(
  Object.keys(FAULTS) as HttpErrorCode[],
);

/** The rule that a code stands for, such as `RFC 9112, section 6.3`. */
export function sectionOf(code: HttpErrorCode): string {
  return FAULTS[code].section;
}

const LIMITS: ReadonlySet<HttpErrorCode> = new Set([
  "header-bytes",
  "header-count",
  "trailer-bytes",
  "trailer-count",
  "chunk-line-bytes",
  "chunk-extension-bytes",
  "body-bytes",
  "informational-count",
]);

/** Whether a code stands for a limit of the client's: the response may be right, and only too long. */
export function isLimit(code: HttpErrorCode): boolean {
  return LIMITS.has(code);
}

/** Whether a parser goes on after this fault. */
export function tolerates(code: HttpErrorCode, lenient: boolean): boolean {
  const { tolerated } = FAULTS[code];
  return tolerated === "always" || (lenient && tolerated === "lenient");
}

/**
 * Takes note of a fault. Returns when the parser goes on in spite of it.
 *
 * @throws {HttpParseError} when it does not
 */
export type Report = (
  code: HttpErrorCode,
  message: string,
  offset: number,
) => void;

/** A response that is not what the RFCs say, or exceeds a limit. */
export class HttpParseError extends Error {
  /** Always `HttpParseError`. */
  override readonly name = "HttpParseError";
  /** What is wrong. */
  readonly code: HttpErrorCode;
  /** Where, in bytes from the start of the response. */
  readonly offset: number;
  /** The rule, such as `RFC 9112, section 6.3`. */
  readonly section: string;

  /** For the library's own use; a constructor cannot be hidden. */
  constructor(code: HttpErrorCode, message: string, offset: number) {
    super(message);
    this.code = code;
    this.offset = offset;
    this.section = sectionOf(code);
  }
}

/** A request that cannot be sent as it was asked for. */
export class HttpRequestError extends Error {
  /** Always `HttpRequestError`. */
  override readonly name = "HttpRequestError";
  /** What is wrong: `method`, `request target`, `field name`, or `value of` and the name of the field. */
  readonly part: string;

  /** For the library's own use; a constructor cannot be hidden. */
  constructor(part: string, message: string) {
    super(message);
    this.part = part;
  }
}
