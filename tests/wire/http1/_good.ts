/** Responses that nothing is wrong with, and what RFC 9112 and RFC 9110 make of them. */

import { CHUNKED, type GoodVector, OK } from "./_vectors.ts";

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
