/** Chunks that RFC 9112 does not allow, what exceeds a limit, and what ends too soon. */

import { CHUNKED, type FaultVector, MARK, OK } from "./_vectors.ts";

export const FAULTY_BODIES: readonly FaultVector[] = [
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
