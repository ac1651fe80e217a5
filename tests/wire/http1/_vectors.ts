/** Responses, right and wrong, with what RFC 9112 and RFC 9110 make of them. */

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

const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
const CHUNKED_LINES = [
  "HTTP/1.1 200 OK",
  "Transfer-Encoding: chunked",
  "framing: chunked",
];

export const GOOD: readonly GoodVector[] = [
  {
    name: "a length",
    response: `${OK}Content-Length: 5\r\n\r\nhello`,
    lines: [
      "HTTP/1.1 200 OK",
      "Content-Length: 5",
      "framing: 5 bytes",
      "body: hello",
      "end, keep-alive",
    ],
  },
  {
    name: "the next response behind it",
    response: `${OK}Content-Length: 2\r\n\r\nhiHTTP/1.1 404`,
    rest: 12,
    lines: [
      "HTTP/1.1 200 OK",
      "Content-Length: 2",
      "framing: 2 bytes",
      "body: hi",
      "end, keep-alive",
    ],
  },
  {
    name: "a body that ends with the connection",
    response: `${OK}\r\nhello\r\n`,
    lines: [
      "HTTP/1.1 200 OK",
      "framing: close",
      "body: hello\r\n",
      "end, close",
    ],
  },
  {
    name: "an empty body that ends with the connection",
    response: `${OK}\r\n`,
    lines: ["HTTP/1.1 200 OK", "framing: close", "end, close"],
  },
  {
    name: "a length of zero",
    response: `${OK}content-length: 0\r\n\r\n`,
    lines: [
      "HTTP/1.1 200 OK",
      "content-length: 0",
      "framing: 0 bytes",
      "end, keep-alive",
    ],
  },
  {
    name: "Connection: close",
    response: `${OK}Content-Length: 0\r\nConnection: foo, Close\r\n\r\n`,
    lines: [
      "HTTP/1.1 200 OK",
      "Content-Length: 0",
      "Connection: foo, Close",
      "framing: 0 bytes",
      "end, close",
    ],
  },
  {
    name: "HTTP/1.0, which closes",
    response: "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    lines: [
      "HTTP/1.0 200 OK",
      "Content-Length: 0",
      "framing: 0 bytes",
      "end, close",
    ],
  },
  {
    name: "HTTP/1.0 with keep-alive",
    response:
      "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n",
    lines: [
      "HTTP/1.0 200 OK",
      "Connection: Keep-Alive",
      "Content-Length: 0",
      "framing: 0 bytes",
      "end, keep-alive",
    ],
  },
  {
    name: "HTTP/1.0 with keep-alive and no length",
    response: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nx",
    lines: [
      "HTTP/1.0 200 OK",
      "Connection: keep-alive",
      "framing: close",
      "body: x",
      "end, close",
    ],
  },
  {
    name: "a later minor version",
    response: "HTTP/1.9 200 OK\r\nContent-Length: 0\r\n\r\n",
    lines: [
      "HTTP/1.9 200 OK",
      "Content-Length: 0",
      "framing: 0 bytes",
      "end, keep-alive",
    ],
  },
  {
    name: "no reason, spaces in a reason, and octets beyond ASCII",
    response:
      "HTTP/1.1 100 \r\n\r\nHTTP/1.1 103  a \tb \r\n\r\nHTTP/1.1 204 fin\xe9\x80\r\nX: \xe9\x80\xff\r\n\r\n",
    lines: [
      "HTTP/1.1 100 ",
      "framing: none",
      "HTTP/1.1 103  a \tb ",
      "framing: none",
      "HTTP/1.1 204 fin\xe9\x80",
      "X: \xe9\x80\xff",
      "framing: none",
      "end, keep-alive",
    ],
  },
  {
    name: "informational responses with headers",
    response:
      `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n${OK}Content-Length: 1\r\n\r\nx`,
    lines: [
      "HTTP/1.1 103 Early Hints",
      "Link: </a>",
      "framing: none",
      "HTTP/1.1 100 Continue",
      "framing: none",
      "HTTP/1.1 200 OK",
      "Content-Length: 1",
      "framing: 1 bytes",
      "body: x",
      "end, keep-alive",
    ],
  },
  {
    name: "101, after which HTTP ends",
    response: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n\0\0",
    rest: 2,
    lines: [
      "HTTP/1.1 101 Switching Protocols",
      "Upgrade: x",
      "framing: none",
      "end, close",
    ],
  },
  {
    name: "304 with a length but no body",
    response: "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\nHTTP",
    rest: 4,
    lines: [
      "HTTP/1.1 304 Not Modified",
      "Content-Length: 7",
      "framing: none",
      "end, keep-alive",
    ],
  },
  {
    name: "the response to HEAD",
    response: `${CHUNKED}HTTP`,
    options: { method: "HEAD" },
    rest: 4,
    lines: [
      "HTTP/1.1 200 OK",
      "Transfer-Encoding: chunked",
      "framing: none",
      "end, keep-alive",
    ],
  },
  {
    name: "a tunnel after CONNECT",
    response: `${OK}Content-Length: 9\r\n\r\n\x16\x03`,
    options: { method: "CONNECT" },
    rest: 2,
    lines: [
      "HTTP/1.1 200 OK",
      "Content-Length: 9",
      "framing: none",
      "end, close",
    ],
  },
  {
    name: "a refused CONNECT",
    response: "HTTP/1.1 403 No\r\nContent-Length: 1\r\n\r\nx",
    options: { method: "CONNECT" },
    lines: [
      "HTTP/1.1 403 No",
      "Content-Length: 1",
      "framing: 1 bytes",
      "body: x",
      "end, keep-alive",
    ],
  },
  {
    name: "white space around values, empty values, duplicates, and odd names",
    response:
      `${OK}A:b\r\nA: \t c d \t\r\nE:\r\nE2: \t \r\n!#$%&'*+-.^_\`|~09aZ: :\r\nContent-Length:0\r\n\r\n`,
    lines: [
      "HTTP/1.1 200 OK",
      "A: b",
      "A: c d",
      "E: ",
      "E2: ",
      "!#$%&'*+-.^_`|~09aZ: :",
      "Content-Length: 0",
      "framing: 0 bytes",
      "end, keep-alive",
    ],
  },
  {
    name: "chunks",
    response: `${CHUNKED}5\r\nhello\r\n00B\r\n \r\n0\r\n\r\n...\r\n0\r\n\r\n`,
    lines: [
      ...CHUNKED_LINES,
      "body: hello \r\n0\r\n\r\n...",
      "end, keep-alive",
    ],
  },
  {
    name: "no chunk but the last",
    response: `${CHUNKED}000\r\n\r\nHTTP`,
    rest: 4,
    lines: [...CHUNKED_LINES, "end, keep-alive"],
  },
  {
    name: "chunk extensions",
    response:
      `${CHUNKED}1;a\r\nx\r\n1;a=b;c="d;\\"";e\r\ny\r\n0 ; a = b\r\n\r\n`,
    lines: [...CHUNKED_LINES, "body: xy", "end, keep-alive"],
  },
  {
    name: "trailers",
    response:
      `${CHUNKED}a\r\n0123456789\r\n0\r\nDigest: x\r\nContent-Length: 3\r\n\r\n`,
    lines: [
      ...CHUNKED_LINES,
      "body: 0123456789",
      "trailer Digest: x",
      "trailer Content-Length: 3",
      "end, keep-alive",
    ],
  },
  {
    name: "another coding under chunked",
    response:
      `${OK}transfer-encoding: gzip;q="a,b" , ,\r\nTRANSFER-ENCODING: Chunked\r\n\r\n0\r\n\r\n`,
    lines: [
      "HTTP/1.1 200 OK",
      'transfer-encoding: gzip;q="a,b" , ,',
      "TRANSFER-ENCODING: Chunked",
      "framing: chunked",
      "end, keep-alive",
    ],
  },
  {
    name: "a coding other than chunked, which ends with the connection",
    response: `${OK}Transfer-Encoding: gzip\r\n\r\n0\r\n`,
    lines: [
      "HTTP/1.1 200 OK",
      "Transfer-Encoding: gzip",
      "framing: close",
      "body: 0\r\n",
      "end, close",
    ],
  },
  {
    name: "all that the limits allow",
    response: `${CHUNKED}1;a\r\nx\r\n0\r\nA: 1\r\n\r\n`,
    options: { maxHeaderBytes: 47, maxHeaders: 1, maxChunkLine: 5, maxBody: 1 },
    lines: [...CHUNKED_LINES, "body: x", "trailer A: 1", "end, keep-alive"],
  },
];

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

const EMPTY = ["framing: 0 bytes", "end, keep-alive"];
const LENGTH = "Content-Length: 0\r\n\r\n";
const LENGTH_0 = ["Content-Length: 0", ...EMPTY];
const CLOSED = ["framing: close", "end, close"];

function header(
  code: HttpErrorCode,
  line: string,
  message: string,
  lenient?: string[],
): FaultVector {
  return {
    code,
    message,
    response: `${OK}${line}\r\n${LENGTH}`,
    ...(lenient && { lenient: ["HTTP/1.1 200 OK", ...lenient, ...LENGTH_0] }),
  };
}

function framing(
  code: HttpErrorCode,
  fields: string,
  message: string,
  lenient?: readonly string[],
): FaultVector {
  return {
    code,
    message,
    response: `${OK}${fields}\r\n\r\n`,
    ...(lenient && { lenient }),
  };
}

function always(vector: FaultVector): FaultVector {
  return { ...vector, always: true };
}

export const FAULTS: readonly FaultVector[] = [
  // The status line.
  {
    code: "not-http",
    response: `${MARK}SSH-2.0-OpenSSH_9.2\r\n`,
    message: 'Response starts with "S", not with "HTTP/"',
  },
  {
    code: "not-http",
    response: `${MARK}\x15\x03\x03\0\x02`,
    message: 'Response starts with "\\u0015", not with "HTTP/"',
  },
  { code: "not-http", response: `HTT${MARK}p/1.1 200 OK\r\n\r\n` },
  { code: "not-http", response: `${MARK}\rHTTP/1.1 200 OK\r\n\r\n` },
  {
    code: "version-invalid",
    response: `HTTP/${MARK}1 200 OK\r\n\r\n`,
    message: 'Version "HTTP/1" is not HTTP/1.1',
  },
  { code: "version-invalid", response: `HTTP/${MARK}1.10 200 OK\r\n\r\n` },
  { code: "version-invalid", response: `HTTP/${MARK}\r\n\r\n` },
  {
    code: "version-unsupported",
    response: `HTTP/${MARK}2.0 200 OK\r\n\r\n`,
    message: "Version HTTP/2.0 is not HTTP/1.0 or HTTP/1.1",
  },
  {
    code: "status-invalid",
    response: `HTTP/1.1 ${MARK}20 OK\r\n\r\n`,
    message: 'Status code "20" is not three digits',
  },
  { code: "status-invalid", response: `HTTP/1.1 ${MARK}2000 OK\r\n\r\n` },
  { code: "status-invalid", response: `HTTP/1.1 ${MARK}-20 OK\r\n\r\n` },
  { code: "status-invalid", response: `HTTP/1.1 ${MARK}OK\r\n\r\n` },
  { code: "status-invalid", response: `HTTP/1.1${MARK}\r\n\r\n` },
  { code: "status-invalid", response: `HTTP/1.1 ${MARK}\r\n\r\n` },
  always({
    code: "status-range",
    response: `HTTP/1.1 ${MARK}999 No\r\n${LENGTH}`,
    message: "Status code 999 is not 100 to 599",
    lenient: ["HTTP/1.1 999 No", ...LENGTH_0],
  }),
  always({
    code: "status-range",
    response: `HTTP/1.1 ${MARK}099 No\r\n${LENGTH}`,
    lenient: ["HTTP/1.1 99 No", ...LENGTH_0],
  }),
  {
    code: "status-whitespace",
    response: `HTTP/1.1 200${MARK}\r\n${LENGTH}`,
    message: 'Status line "HTTP/1.1 200" has no space after the status code',
    lenient: ["HTTP/1.1 200 ", ...LENGTH_0],
  },
  {
    code: "status-whitespace",
    response: `HTTP/1.1${MARK}  200 OK\r\n${LENGTH}`,
    message: 'Status line "HTTP/1.1  200 OK" is not separated by single spaces',
    lenient: ["HTTP/1.1 200 OK", ...LENGTH_0],
  },
  {
    code: "status-whitespace",
    response: `HTTP/1.1 200${MARK}\tOK\r\n${LENGTH}`,
    lenient: ["HTTP/1.1 200 OK", ...LENGTH_0],
  },
  {
    code: "leading-empty-line",
    response: `${MARK}\r\n${OK}${LENGTH}`,
    message: "Response starts with an empty line",
    lenient: ["HTTP/1.1 200 OK", ...LENGTH_0],
  },
  // Lines.
  {
    code: "bare-lf",
    response: `HTTP/1.1 200 OK${MARK}\n${LENGTH}`,
    message: 'Line "HTTP/1.1 200 OK" ends in LF without CR',
    lenient: ["HTTP/1.1 200 OK", ...LENGTH_0],
  },
  {
    code: "bare-lf",
    response: `${OK}Content-Length: 0\r\n${MARK}\n`,
    lenient: LENGTH_0,
  },
  {
    code: "bare-lf",
    response: `${CHUNKED}1${MARK}\nx\r\n0\r\n\r\n`,
    lenient: ["body: x", "end, keep-alive"],
  },
  {
    code: "bare-lf",
    response: `${CHUNKED}1\r\nx${MARK}\n0\r\n\r\n`,
    message: "Data of a chunk is followed by LF without CR",
    lenient: ["end, keep-alive"],
  },
  header(
    "bare-cr",
    `A: b${MARK}\rc`,
    'Line "A: b\\rc" contains CR without LF',
    [
      "A: b c",
    ],
  ),
  header("bare-cr", `A: b${MARK}\r`, 'Line "A: b\\r" contains CR without LF', [
    "A: b",
  ]),
  header("nul", `A: ${MARK}\0b`, 'Line "A: \\u0000b" contains NUL', ["A: b"]),
  {
    code: "nul",
    response: `HTTP/1.1 200 ${MARK}\0OK\r\n${LENGTH}`,
    lenient: ["HTTP/1.1 200  OK", ...LENGTH_0],
  },
  header(
    "control-character",
    `A: b${MARK}\x1bc`,
    'Line "A: b\\u001bc" contains 0x1b',
    [
      "A: b\x1bc",
    ],
  ),
  header(
    "control-character",
    `A: b${MARK}\x7f`,
    'Line "A: b\\u007f" contains 0x7f',
    [
      "A: b\x7f",
    ],
  ),
  // Fields.
  header(
    "whitespace-before-headers",
    `${MARK} A: b\r\n\tC: d`,
    'White space is before the first field: " A: b"',
    [],
  ),
  header(
    "field-colon-missing",
    `${MARK}Header\r\n more`,
    'Field line "Header" has no colon',
    [],
  ),
  header(
    "field-name-invalid",
    `A${MARK}(b: c`,
    'Field name "A(b" contains "("',
    [],
  ),
  header(
    "field-name-invalid",
    `A${MARK} b : c`,
    'Field name "A b" contains a space',
    [],
  ),
  header(
    "field-name-invalid",
    `A${MARK}\xe9: c`,
    'Field name "A\xe9" contains 0xe9',
    [],
  ),
  header(
    "field-name-invalid",
    `${MARK}: c`,
    'Field line ": c" has no field name',
    [],
  ),
  header(
    "whitespace-before-colon",
    `A${MARK} \t: b`,
    'Field name "A" is followed by white space before the colon',
    ["A: b"],
  ),
  always(header(
    "obs-fold",
    `A: b \r\n${MARK}  c`,
    'Field value goes on in the next line: "  c"',
    ["A: b     c"],
  )),
  always(header(
    "obs-fold",
    `A:\r\n${MARK}\tc`,
    'Field value goes on in the next line: "\\tc"',
    ["A: c"],
  )),
  // Framing.
  ...["+5", "0x5", "5.0", "1e3", "", "5,", "5 6", "five"].map((value) =>
    framing(
      "content-length-invalid",
      `Content-Length: ${MARK}${value}`,
      `Content-Length "${value}" is not a number of bytes`,
      [...CLOSED],
    )
  ),
  framing(
    "content-length-negative",
    `Content-Length: ${MARK}-1`,
    'Content-Length "-1" is negative',
    CLOSED,
  ),
  framing(
    "content-length-overflow",
    `Content-Length: ${MARK}9007199254740992`,
    'Content-Length "9007199254740992" is more than 9007199254740991',
    CLOSED,
  ),
  framing(
    "content-length-overflow",
    `Content-Length: ${MARK}${"9".repeat(400)}`,
    `Content-Length "${"9".repeat(60)}"... is more than 9007199254740991`,
    CLOSED,
  ),
  framing(
    "content-length-conflict",
    `Content-Length: 5\r\nContent-Length: ${MARK}6`,
    'Content-Length "5, 6" contradicts itself',
  ),
  framing(
    "content-length-conflict",
    `Content-Length: ${MARK}5, 5, 6`,
    'Content-Length "5, 5, 6" contradicts itself',
  ),
  always(framing(
    "content-length-repeated",
    `Content-Length: ${MARK}0\r\nContent-Length: 00, 0`,
    "Content-Length 0 is given 3 times",
    EMPTY,
  )),
  always({
    code: "content-length-forbidden",
    response: `HTTP/1.1 204 None\r\nContent-Length: ${MARK}5\r\n\r\n`,
    message: "A response with status 204 must not have Content-Length",
    lenient: ["framing: none", "end, keep-alive"],
  }),
  always({
    code: "transfer-encoding-forbidden",
    response:
      `HTTP/1.1 100 Go\r\nTransfer-Encoding: ${MARK}chunked\r\n\r\n${OK}${LENGTH}`,
    message: "A response with status 100 must not have Transfer-Encoding",
    lenient: ["framing: none", "HTTP/1.1 200 OK", ...LENGTH_0],
  }),
  {
    code: "content-length-with-transfer-encoding",
    response:
      `${OK}Content-Length: ${MARK}5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    message:
      'Response has both Transfer-Encoding "chunked" and Content-Length "5"',
    lenient: ["framing: chunked", "end, close"],
  },
  framing(
    "transfer-encoding-invalid",
    `Transfer-Encoding: ${MARK}"chunked"`,
    'Transfer-Encoding "\\"chunked\\"" is not a list of codings',
    CLOSED,
  ),
  {
    code: "transfer-encoding-invalid",
    response: `${OK}Transfer-Encoding:${MARK}\r\n${LENGTH}`,
    message: 'Transfer-Encoding "" is not a list of codings',
    lenient: ["Content-Length: 0", "framing: 0 bytes", "end, close"],
  },
  {
    code: "transfer-encoding-http10",
    response:
      `HTTP/1.0 200 OK\r\nTransfer-Encoding: ${MARK}chunked\r\nConnection: keep-alive\r\n${LENGTH}`,
    message: "A response of HTTP/1.0 must not have Transfer-Encoding",
    lenient: ["framing: 0 bytes", "end, close"],
  },
  {
    code: "chunked-repeated",
    response:
      `${OK}Transfer-Encoding: ${MARK}chunked, chunked\r\n\r\n0\r\n\r\n`,
    message: 'Transfer-Encoding "chunked, chunked" has chunked more than once',
    lenient: ["framing: chunked", "end, keep-alive"],
  },
  always({
    code: "chunked-not-last",
    response: `${OK}Transfer-Encoding: ${MARK}chunked, gzip\r\n\r\n0\r\n`,
    message: 'Transfer-Encoding "chunked, gzip" does not end in chunked',
    lenient: ["framing: close", "body: 0\r\n", "end, close"],
  }),
  // Chunks.
  {
    code: "chunk-size-invalid",
    response: `${CHUNKED}${MARK}xyz\r\n`,
    message: 'Chunk size "xyz" is not a hexadecimal number',
  },
  { code: "chunk-size-invalid", response: `${CHUNKED}${MARK}\r\n` },
  { code: "chunk-size-invalid", response: `${CHUNKED}${MARK}-1\r\n` },
  { code: "chunk-size-invalid", response: `${CHUNKED}0${MARK}x5\r\n` },
  { code: "chunk-size-invalid", response: `${CHUNKED}${MARK};a=b\r\n` },
  { code: "chunk-size-invalid", response: `${CHUNKED}${MARK} 5\r\n` },
  {
    code: "chunk-size-overflow",
    response: `${CHUNKED}${MARK}FFFFFFFFFFFFFFFF\r\n`,
    message:
      'Chunk size "FFFFFFFFFFFFFFFF" is more than 9007199254740991 bytes',
  },
  {
    code: "chunk-size-overflow",
    response: `${CHUNKED}${MARK}20000000000000\r\n`,
  },
  {
    code: "chunk-size-whitespace",
    response: `${CHUNKED}1${MARK}  \r\nx\r\n0\r\n\r\n`,
    message: 'Chunk size "1  " is followed by white space',
    lenient: ["body: x", "end, keep-alive"],
  },
  {
    code: "chunk-extension-invalid",
    response: `${CHUNKED}1${MARK};a=\r\nx\r\n0\r\n\r\n`,
    message: 'Chunk extension ";a=" is not ";name" or ";name=value"',
    lenient: ["body: x", "end, keep-alive"],
  },
  {
    code: "chunk-extension-invalid",
    response: `${CHUNKED}1${MARK} x\r\nx\r\n0\r\n\r\n`,
    lenient: ["body: x", "end, keep-alive"],
  },
  {
    code: "nul",
    response: `${CHUNKED}1;a="${MARK}\0"\r\nx\r\n0\r\n\r\n`,
    lenient: ["body: x", "end, keep-alive"],
  },
  {
    code: "chunk-end-missing",
    response: `${CHUNKED}1\r\nx${MARK}y\r\n`,
    message: 'Data of a chunk is followed by "y", not by CR LF',
  },
  {
    code: "chunk-end-missing",
    response: `${CHUNKED}1\r\nx\r${MARK}\r\n`,
    message: "Data of a chunk is followed by CR, not by LF after CR",
  },
  {
    code: "field-colon-missing",
    response: `${CHUNKED}0\r\n${MARK}Trailer\r\n\r\n`,
    lenient: ["end, keep-alive"],
  },
  // Limits.
  {
    code: "header-bytes",
    response: `${OK}Content-Length: 0\r\n${MARK}\r\n`,
    options: { maxHeaderBytes: 36 },
    message: "Header section is longer than 36 bytes",
  },
  {
    code: "header-bytes",
    response: `HTTP/1.1 200 for ever and ${MARK}ever`,
    options: { maxHeaderBytes: 26 },
  },
  {
    code: "header-count",
    response: `${OK}A: 1\r\n B\r\nA: 2\r\n${MARK}A: 3\r\n\r\n`,
    options: { maxHeaders: 2 },
    message: "Header section has more than 2 fields",
  },
  {
    code: "trailer-bytes",
    response: `${CHUNKED}0\r\nA: ${"x".repeat(57)}${MARK}\r\n\r\n`,
    options: { maxHeaderBytes: 60 },
    message: "Trailer section is longer than 60 bytes",
  },
  {
    code: "trailer-count",
    response: `${CHUNKED}0\r\nA: 1\r\n${MARK}A: 2\r\n\r\n`,
    options: { maxHeaders: 1 },
    message: "Trailer section has more than 1 fields",
  },
  {
    code: "chunk-line-bytes",
    response: `${CHUNKED}1;abcdef${MARK}\r\nx\r\n`,
    options: { maxChunkLine: 8 },
    message: "Chunk line is longer than 8 bytes",
  },
  {
    code: "chunk-extension-bytes",
    response: `${CHUNKED}${
      "1;abcde\r\nx\r\n".repeat(24)
    }1${MARK};abcde\r\nx\r\n`,
    options: { maxChunkLine: 9 },
    message: "Chunk extensions are longer than 144 bytes together",
  },
  {
    code: "body-bytes",
    response: `${OK}Content-Length: 9\r\n\r\n${MARK}012345678`,
    options: { maxBody: 8 },
    message: "Body is longer than 8 bytes: Content-Length is 9",
  },
  {
    code: "body-bytes",
    response: `${OK}\r\n01234567${MARK}8`,
    options: { maxBody: 8 },
    message: "Body is longer than 8 bytes",
  },
  {
    code: "body-bytes",
    response: `${CHUNKED}8\r\n01234567\r\n${MARK}1\r\n8\r\n0\r\n\r\n`,
    options: { maxBody: 8 },
    message: "Body is longer than 8 bytes: a chunk of 1 follows 8",
  },
  {
    code: "informational-count",
    response: "HTTP/1.1 100 \r\n\r\n".repeat(101) + MARK,
    message: "More than 100 informational responses came before the final one",
  },
  // The end of the connection.
  {
    code: "no-response",
    response: MARK,
    message: "Connection was closed before a response came",
  },
  {
    code: "truncated-head",
    response: `HTTP/1.1 20${MARK}`,
    message: "Connection was closed in the status line, after 11 bytes",
  },
  {
    code: "truncated-head",
    response: `${OK}Content-Length: 5\r\n${MARK}`,
    message: "Connection was closed in the header section, after 36 bytes",
  },
  {
    code: "truncated-head",
    response: `HTTP/1.1 100 Continue\r\n\r\n${MARK}`,
    message: "Connection was closed in the status line, after 25 bytes",
  },
  {
    code: "truncated-body",
    response: `${OK}Content-Length: 5\r\n\r\nhel${MARK}`,
    message: "Connection was closed after 3 of 5 bytes of the body",
  },
  {
    code: "truncated-chunked",
    response: `${CHUNKED}5\r\nhel${MARK}`,
    message:
      "Connection was closed with 2 bytes of a chunk missing, after 3 bytes of the body",
  },
  {
    code: "truncated-chunked",
    response: `${CHUNKED}5\r\nhello${MARK}`,
    message:
      "Connection was closed at the end of a chunk, after 5 bytes of the body",
  },
  {
    code: "truncated-chunked",
    response: `${CHUNKED}5\r\nhello\r\n${MARK}`,
    message:
      "Connection was closed before the last chunk, after 5 bytes of the body",
  },
  {
    code: "truncated-chunked",
    response: `${CHUNKED}0\r\n${MARK}`,
    message:
      "Connection was closed in the trailer section, after 0 bytes of the body",
  },
];
