/** The HTTP/1.1 response parser against llhttp, in memory. */

import type { ResponseEvent } from "../../lib/wire/http1/events.ts";
import { ResponseParser } from "../../lib/wire/http1/parser.ts";
import { llhttpRate } from "./llhttp.js";
import {
  compare,
  type Comparison,
  type Limit,
  median,
  rounded,
  run,
} from "./measure.ts";

const RESPONSES = 300_000;
const ROUNDS = 9;

const HEAD = [
  "HTTP/1.1 200 OK",
  "Server: nginx/1.22.1",
  "Date: Sat, 21 Nov 2026 06:28:15 GMT",
  "Content-Type: text/html; charset=utf-8",
  "Content-Length: 89",
  "Last-Modified: Tue, 17 Nov 2026 09:00:00 GMT",
  "Connection: keep-alive",
  'ETag: "6b1c2e40-59"',
  "Cache-Control: max-age=600",
  "Accept-Ranges: bytes",
  "Vary: Accept-Encoding",
].join("\r\n") + "\r\n\r\n";
const RESPONSE = HEAD + "x".repeat(89);
const RESPONSE_BYTES = 391;

/** Responses a second of one parser, which is fed each of them whole. */
function parserRate(text: string): number {
  const response = new TextEncoder().encode(text);
  const parser = new ResponseParser();
  let fields = 0;
  let bodyBytes = 0;
  let complete = 0;
  const handler = (event: ResponseEvent) => {
    switch (event.type) {
      case "headers":
        fields += event.headers.length;
        break;
      case "data":
        bodyBytes += event.data.length;
        break;
      case "end":
        complete++;
        break;
    }
  };
  const start = performance.now();
  for (let index = 0; index < RESPONSES; index++) {
    parser.feed(response, handler);
    parser.reset();
  }
  const seconds = (performance.now() - start) / 1000;
  if (complete !== RESPONSES || fields === 0 || bodyBytes === 0) {
    throw new Error(`Parsed ${complete} of ${RESPONSES} responses`);
  }
  return RESPONSES / seconds;
}

/** The rate of llhttp in a process of Node's, after one run that does not count. */
async function nodeRate(): Promise<number> {
  const args = `${JSON.stringify(RESPONSE)}, ${RESPONSES}`;
  const script = `
    import { llhttpRate } from "${new URL("llhttp.js", import.meta.url)}";
    llhttpRate(${args});
    console.log(llhttpRate(${args}));`;
  const { text } = await run(
    ["node", "--no-warnings", "--input-type=module", "--eval", script],
    "text",
  );
  return Number(text);
}

/** Responses of 391 bytes: against llhttp in this process, and in Node. */
export async function* httpParser(): AsyncGenerator<Comparison> {
  if (RESPONSE.length !== RESPONSE_BYTES) {
    throw new Error(`The response has ${RESPONSE.length} bytes`);
  }
  const options = {
    unit: "responses/s",
    required: { atLeast: 1 },
    rounds: ROUNDS,
    netdiag: () => Promise.resolve(parserRate(RESPONSE)),
  };
  yield await compare({
    ...options,
    name: "http-parser",
    against: "HTTPParser of node:http in Deno",
    peer: () => Promise.resolve(llhttpRate(RESPONSE, RESPONSES)),
  });
  yield await compare({
    ...options,
    name: "http-parser-node",
    against: "HTTPParser of node:http in Node",
    peer: nodeRate,
  });
}

const GIB = 2 ** 30;
const CHUNK_BYTES = 4096;
const READ_BYTES = 64 * 1024;

/** 1 MiB of content in chunks. */
function chunks(): Uint8Array {
  const size = `${CHUNK_BYTES.toString(16)}\r\n`;
  const chunk = `${size}${"x".repeat(CHUNK_BYTES)}\r\n`;
  return new TextEncoder().encode(chunk.repeat(2 ** 20 / CHUNK_BYTES));
}

/** GB/s of content. */
function chunkedRate(coded: Uint8Array): number {
  const encoder = new TextEncoder();
  const parser = new ResponseParser();
  let received = 0;
  let bodyBytes = 0;
  const handler = (event: ResponseEvent) => {
    if (event.type === "data") received += event.data.length;
    else if (event.type === "end") bodyBytes = event.bodyBytes;
  };
  const start = performance.now();
  parser.feed(
    encoder.encode("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    handler,
  );
  for (let fed = 0; fed < GIB; fed += 2 ** 20) {
    // As a socket would be read; most reads end within a chunk.
    for (let at = 0; at < coded.length; at += READ_BYTES) {
      parser.feed(coded.subarray(at, at + READ_BYTES), handler);
    }
  }
  parser.feed(encoder.encode("0\r\n\r\n"), handler);
  const seconds = (performance.now() - start) / 1000;
  if (received !== GIB || bodyBytes !== GIB) {
    throw new Error(`Received ${received} of ${GIB} bytes`);
  }
  return GIB / seconds / 1e9;
}

/** 1 GiB in chunks of 4 KiB, in reads of 64 KiB. */
export async function* chunkedBody(): AsyncGenerator<Limit> {
  const coded = chunks();
  chunkedRate(coded);
  const rates = Array.from({ length: ROUNDS }, () => chunkedRate(coded));
  const rate = rounded(median(rates));
  yield {
    name: "http-chunked",
    netdiag: rate,
    required: { atLeast: 1 },
    unit: "GB/s",
    pass: rate >= 1,
  };
}
