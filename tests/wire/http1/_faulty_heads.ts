/** Status lines, fields and framing that RFC 9112 and RFC 9110 do not allow. */

import type { HttpErrorCode } from "../../../lib/wire/http1/errors.ts";
import { CHUNKED, type FaultVector, LENGTH, MARK, OK } from "./_vectors.ts";

const EMPTY = ["framing: 0 bytes", "end, keep-alive"];
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

export const FAULTY_HEADS: readonly FaultVector[] = [
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
  // NBSP is white space to many programs, and to HTTP it is not.
  framing(
    "content-length-invalid",
    `Content-Length: ${MARK}\xa05`,
    'Content-Length "\\u00a05" is not a number of bytes',
    [...CLOSED],
  ),
  framing(
    "transfer-encoding-invalid",
    `Transfer-Encoding: ${MARK}chunked\xa0`,
    'Transfer-Encoding "chunked\\u00a0" is not a list of codings',
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
];
