/**
 * The HTTP/1.1 response parser: bytes in, events out, no I/O. Written to
 * RFC 9112 (messages) and RFC 9110 (fields and status codes).
 */

import { ChunkedDecoder } from "./chunked.ts";
import {
  type HttpErrorCode,
  HttpParseError,
  type Report,
  sectionOf,
  tolerates,
} from "./errors.ts";
import type { ResponseHandler } from "./events.ts";
import { FieldSection } from "./field_section.ts";
import { frame, isInformational } from "./framing.ts";
import type { StatusLine } from "./status_line.ts";

/** What a parser has to know, and what it puts up with. */
export interface ParserOptions {
  /** The method of the request, on which the framing depends; `GET` unless given. */
  readonly method?: string;
  /** Accept what browsers do, each time with a `deviation` event. */
  readonly lenient?: boolean;
  /** The longest header section, and the longest trailer section, in bytes; 64 KiB unless given. */
  readonly maxHeaderBytes?: number;
  /** The most fields in a section; 1000 unless given. */
  readonly maxHeaders?: number;
  /** The longest line before a chunk, in bytes; 4 KiB unless given. All chunk extensions together may be 16 times as long. */
  readonly maxChunkLine?: number;
  /** The longest body, in bytes of content; no limit unless given. */
  readonly maxBody?: number;
}

type Limit = "maxHeaderBytes" | "maxHeaders" | "maxChunkLine" | "maxBody";

/** The limits that hold unless others are given. */
export const DEFAULT_LIMITS: Readonly<Record<Limit, number>> = Object.freeze({
  maxHeaderBytes: 64 * 1024,
  maxHeaders: 1000,
  maxChunkLine: 4096,
  maxBody: Infinity,
});

/** So many times the longest chunk line may all chunk extensions take. */
const EXTENSIONS_FACTOR = 16;
/** So many informational responses may come before the final one. */
const MAX_INFORMATIONAL = 100;

/** So many times in a response is the same deviation reported: every chunk of a long body may have it. */
const MAX_REPORTS = 100;

/** Where a parser is: in the status line and the headers, in the body or the trailers, at the end, or at a fault. */
export type ParserState = "head" | "body" | "done" | "failed";

function ignore(): void {}

/** What cannot be compared with would be no limit at all. */
function limitsOf(options: ParserOptions): Record<Limit, number> {
  const limits = { ...DEFAULT_LIMITS };
  for (const name of Object.keys(limits) as Limit[]) {
    const limit = options[name];
    if (limit === undefined) continue;
    if (!(typeof limit === "number" && limit >= 0)) {
      throw new RangeError(
        `Cannot use ${limit} as ${name}: not a number from 0`,
      );
    }
    limits[name] = limit;
  }
  return limits;
}

/**
 * Parses one response, then, after {@linkcode ResponseParser.reset}, the next
 * one of the same connection.
 *
 * What it rejects, it rejects with an {@linkcode HttpParseError}. What the RFC
 * has a client accept although the server is at fault, and in lenient mode
 * also what browsers accept, is reported as a `deviation` event: the first 100
 * times in a response.
 *
 * @example
 * ```ts
 * import { ResponseParser } from "./parser.ts";
 *
 * const parser = new ResponseParser({ method: "GET" });
 * const bytes = new TextEncoder().encode(
 *   "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
 * );
 * parser.feed(bytes, (event) => console.log(event.type));
 * if (parser.state !== "done") throw new Error(); // after status, headers, data, end
 * ```
 */
export class ResponseParser {
  readonly #lenient: boolean;
  readonly #maxBody: number;
  readonly #report: Report;
  readonly #reported: Map<HttpErrorCode, number> = new Map();
  readonly #head: FieldSection;
  readonly #chunked: ChunkedDecoder;
  #method: string;
  #handler: ResponseHandler = ignore;
  #state: "head" | "length" | "chunked" | "close" | "done" | "failed" = "head";
  #failure: HttpParseError | undefined;
  /** Bytes of the response before those being fed. */
  #offset = 0;
  #statusLine: StatusLine | undefined;
  #informational = 0;
  #keepAlive = false;
  #bodyBytes = 0;
  /** With a length: the bytes of the body that have not come. */
  #missing = 0;

  /**
   * A parser for the response to a request.
   *
   * @throws {RangeError} when a limit is not a number from 0
   */
  constructor(options: ParserOptions = {}) {
    const { maxHeaderBytes, maxHeaders, maxChunkLine, maxBody } = limitsOf(
      options,
    );
    const section = { bytes: maxHeaderBytes, count: maxHeaders };
    const report: Report = (code, message, offset) => {
      if (!tolerates(code, this.#lenient)) {
        throw new HttpParseError(code, message, offset);
      }
      const count = 1 + (this.#reported.get(code) ?? 0);
      if (count > MAX_REPORTS) return;
      this.#reported.set(code, count);
      this.#handler({
        type: "deviation",
        deviation: { code, message, offset, section: sectionOf(code) },
      });
    };
    this.#report = report;
    this.#method = options.method ?? "GET";
    this.#lenient = options.lenient ?? false;
    this.#maxBody = maxBody;
    this.#head = new FieldSection("header", section, report);
    this.#chunked = new ChunkedDecoder({
      chunkLine: maxChunkLine,
      extensions: EXTENSIONS_FACTOR * maxChunkLine,
      body: maxBody,
      trailers: section,
    }, report);
  }

  /** Where the parser is in the response. */
  get state(): ParserState {
    const state = this.#state;
    return state === "head" || state === "done" || state === "failed"
      ? state
      : "body";
  }

  /**
   * Takes what was read, and calls `handler` for each event in it. The pieces
   * may be cut anywhere.
   *
   * @returns how many bytes belong to the response: all, unless it has ended
   * @throws {HttpParseError} for what is not accepted, and again whenever it is called after that
   */
  feed(bytes: Uint8Array, handler: ResponseHandler): number {
    return this.#guard(handler, () => {
      const at = this.#run(bytes);
      this.#offset += at;
      return at;
    });
  }

  /**
   * Takes note that the server closed the connection, which is the end of
   * some bodies.
   *
   * @throws {HttpParseError} when the response is not complete
   */
  finish(handler: ResponseHandler): void {
    this.#guard(handler, () => this.#close());
  }

  /**
   * Prepares for the next response on the same connection. Offsets start at 0
   * again.
   *
   * @param method of the next request; that of the last one unless given
   * @throws {Error} before the end of a response
   */
  reset(method = this.#method): void {
    const isFresh = this.#state === "head" && this.#offset === 0;
    if (this.#state !== "done" && !isFresh) {
      throw new Error("Cannot start a response: the last one is not complete");
    }
    this.#method = method;
    this.#state = "head";
    this.#offset = 0;
    this.#informational = 0;
    this.#bodyBytes = 0;
    this.#statusLine = undefined;
    this.#reported.clear();
    this.#head.begin(0);
  }

  #guard<T>(handler: ResponseHandler, work: () => T): T {
    if (this.#failure !== undefined) throw this.#failure;
    this.#handler = handler;
    try {
      return work();
    } catch (error) {
      if (error instanceof HttpParseError) {
        this.#failure = error;
        this.#state = "failed";
      }
      throw error;
    } finally {
      this.#handler = ignore;
    }
  }

  /** Returns where it stopped. */
  #run(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length) {
      switch (this.#state) {
        case "head":
          at = this.#readHead(bytes, at);
          break;
        case "length":
          at = this.#readLength(bytes, at);
          break;
        case "chunked": {
          const result = this.#chunked.feed(
            bytes,
            at,
            this.#offset,
            this.#handler,
          );
          at = result.at;
          if (result.done) this.#end(this.#chunked.bodyBytes);
          break;
        }
        case "close":
          at = this.#readRest(bytes, at);
          break;
        default:
          return at;
      }
    }
    return at;
  }

  #readHead(bytes: Uint8Array, from: number): number {
    const head = this.#head;
    const at = from + head.take(bytes, from);
    if (this.#statusLine === undefined) {
      const line = head.statusLine();
      if (line === undefined) return at;
      this.#statusLine = line;
      const { version, status, reason } = line;
      this.#handler({ type: "status", version, status, reason });
    }
    if (!head.fields()) return at;
    const end = at - head.surplusBytes;
    this.#startBody(this.#statusLine, this.#offset + end);
    return end;
  }

  #startBody({ version, status }: StatusLine, offset: number): void {
    const head = this.#head;
    const headers = head.headers();
    const { framing, keepAlive } = frame({
      method: this.#method,
      version,
      status,
      headers,
      valueOffset: (index) => head.valueOffset(index),
    }, this.#report);
    const { bytes } = head;
    this.#handler({ type: "headers", status, headers, framing, bytes });
    this.#keepAlive = keepAlive;
    if (isInformational(status)) return this.#expectNext(offset);
    switch (framing.kind) {
      case "none":
        return this.#end(0);
      case "length":
        if (framing.length > this.#maxBody) {
          throw new HttpParseError(
            "body-bytes",
            `Body is longer than ${this.#maxBody} bytes: Content-Length is ${framing.length}`,
            offset,
          );
        }
        if (framing.length === 0) return this.#end(0);
        this.#missing = framing.length;
        break;
      case "chunked":
        this.#chunked.begin();
        break;
    }
    this.#state = framing.kind;
  }

  /** After an informational response comes another one. */
  #expectNext(offset: number): void {
    if (++this.#informational > MAX_INFORMATIONAL) {
      throw new HttpParseError(
        "informational-count",
        `More than ${MAX_INFORMATIONAL} informational responses came before the final one`,
        offset,
      );
    }
    this.#statusLine = undefined;
    this.#head.begin(offset);
  }

  #readLength(bytes: Uint8Array, at: number): number {
    const end = Math.min(bytes.length, at + this.#missing);
    this.#missing -= end - at;
    this.#bodyBytes += end - at;
    this.#handler({ type: "data", data: bytes.subarray(at, end) });
    if (this.#missing === 0) this.#end(this.#bodyBytes);
    return end;
  }

  #readRest(bytes: Uint8Array, at: number): number {
    const end = Math.min(bytes.length, at + this.#maxBody - this.#bodyBytes);
    if (end > at) {
      this.#bodyBytes += end - at;
      this.#handler({ type: "data", data: bytes.subarray(at, end) });
    }
    if (end < bytes.length) {
      throw new HttpParseError(
        "body-bytes",
        `Body is longer than ${this.#maxBody} bytes`,
        this.#offset + end,
      );
    }
    return end;
  }

  #end(bodyBytes: number): void {
    this.#state = "done";
    this.#handler({ type: "end", keepAlive: this.#keepAlive, bodyBytes });
  }

  #close(): void {
    switch (this.#state) {
      case "head":
        throw this.#head.receivedBytes === 0 && this.#offset === 0
          ? new HttpParseError(
            "no-response",
            "Connection was closed before a response came",
            0,
          )
          : new HttpParseError(
            "truncated-head",
            `Connection was closed in the ${
              this.#statusLine === undefined ? "status line" : "header section"
            }, after ${this.#offset} bytes`,
            this.#offset,
          );
      case "length": {
        const length = this.#bodyBytes + this.#missing;
        throw new HttpParseError(
          "truncated-body",
          `Connection was closed after ${this.#bodyBytes} of ${length} bytes of the body`,
          this.#offset,
        );
      }
      case "chunked":
        throw new HttpParseError(
          "truncated-chunked",
          `Connection was closed ${this.#chunked.position()}, after ${this.#chunked.bodyBytes} bytes of the body`,
          this.#offset,
        );
      case "close":
        this.#end(this.#bodyBytes);
    }
  }
}
