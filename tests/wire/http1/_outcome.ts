/** What a parser made of a response, as lines of text that do not depend on how it was cut into pieces. */

import { HttpParseError } from "../../../lib/wire/http1/errors.ts";
import type { ResponseEvent } from "../../../lib/wire/http1/events.ts";
import {
  type ParserOptions,
  ResponseParser,
} from "../../../lib/wire/http1/parser.ts";

/** Each character as one octet. */
export function octets(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function text(bytes: Uint8Array): string {
  let result = "";
  for (let at = 0; at < bytes.length; at++) {
    result += String.fromCharCode(bytes[at]!);
  }
  return result;
}

/** The lines for one event; those of a body belong together. */
export function lines(event: ResponseEvent): string[] {
  switch (event.type) {
    case "status": {
      const { version, status, reason } = event;
      return [`HTTP/${version.major}.${version.minor} ${status} ${reason}`];
    }
    case "headers": {
      const { headers, framing } = event;
      return [
        ...headers.map(({ name, value }) => `${name}: ${value}`),
        framing.kind === "length"
          ? `framing: ${framing.length} bytes`
          : `framing: ${framing.kind}`,
      ];
    }
    case "data":
      return [`body: ${text(event.data)}`];
    case "trailers":
      return event.headers.map(({ name, value }) =>
        `trailer ${name}: ${value}`
      );
    case "end":
      return [`end, ${event.keepAlive ? "keep-alive" : "close"}`];
    case "deviation":
      return [`${event.deviation.code} at ${event.deviation.offset}`];
  }
}

/** Feeds the pieces one after another, then the end of the connection unless the response is complete. */
export function outcome(
  pieces: Iterable<Uint8Array>,
  options?: ParserOptions,
): string[] {
  const parser = new ResponseParser(options);
  const result: string[] = [];
  let body = "";
  const flush = () => {
    if (body !== "") result.push(`body: ${body}`);
    body = "";
  };
  const handler = (event: ResponseEvent) => {
    if (event.type === "data") {
      body += text(event.data);
      return;
    }
    flush();
    result.push(...lines(event));
  };
  let consumed = 0;
  try {
    for (const piece of pieces) consumed += parser.feed(piece, handler);
    if (parser.state !== "done") parser.finish(handler);
    result.push(`consumed ${consumed}`);
  } catch (error) {
    if (!(error instanceof HttpParseError)) throw error;
    flush();
    result.push(`${error.code} at ${error.offset}: ${error.message}`);
  }
  return result;
}

/** Single octets. */
export function* singly(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at++) yield bytes.subarray(at, at + 1);
}

/** Every way to cut the bytes in two. */
export function* cuts(bytes: Uint8Array): Generator<Uint8Array[]> {
  for (let at = 0; at <= bytes.length; at++) {
    yield [bytes.subarray(0, at), bytes.subarray(at)];
  }
}
