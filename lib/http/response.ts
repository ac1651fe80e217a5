/** A response as it comes in: what was read goes in, its head and the pieces of its body come out. */

import type {
  Deviation,
  HeaderField,
  ResponseEvent,
} from "../wire/http1/events.ts";
import { HttpParseError } from "../wire/http1/errors.ts";
import { isInformational } from "../wire/http1/framing.ts";
import { quoteOctets } from "../wire/http1/octets.ts";
import { type ParserOptions, ResponseParser } from "../wire/http1/parser.ts";
import { HttpError } from "./errors.ts";
import type { InterimResponse, ResponseHead, ResponseInfo } from "./types.ts";

/** The head of a response has come. */
export type HeadEvent =
  | { readonly type: "interim"; readonly response: InterimResponse }
  | { readonly type: "response"; readonly response: ResponseHead };

/** The value of the first field of a name. */
export function headerValue(
  headers: readonly HeaderField[],
  name: string,
): string | undefined {
  return headers.find((field) => field.name.toLowerCase() === name)?.value;
}

/** What web servers say to a request that came without TLS where they want it: nginx, Apache, Go, and others. */
const WANTS_TLS =
  /plain HTTP request was sent to HTTPS port|speaking plain HTTP to an SSL-enabled|HTTP request to an HTTPS server|port requires TLS/i;
const WORDS_BYTES = 1024;

/** The parser stops at the first octet that is not HTTP's; whoever it is says more. */
function withAnswer(error: unknown, bytes: Uint8Array): unknown {
  if (!(error instanceof HttpParseError) || error.code !== "not-http") {
    return error;
  }
  const message = `The server does not speak HTTP: it answered ${
    quoteOctets(bytes, 0, bytes.length)
  }`;
  return new HttpError({ code: "not-http", phase: "transfer", message }, {
    cause: error,
  });
}

/** A response of which not all has come. */
export class IncomingResponse {
  readonly #parser: ResponseParser;
  readonly #secure: boolean;
  readonly #tell: (event: HeadEvent) => void;
  readonly #handler = (event: ResponseEvent) => this.#take(event);
  readonly #interim: InterimResponse[] = [];
  readonly #deviations: Deviation[] = [];
  #status: Extract<ResponseEvent, { type: "status" }> | undefined;
  #head: ResponseHead | undefined;
  #trailers: readonly HeaderField[] = [];
  #pieces: Uint8Array[] = [];
  #receivedBytes = 0;
  #bodyBytes = 0;
  #extraBytes = 0;
  #isComplete = false;
  #keepAlive = false;

  /** @param secure whether it comes over TLS */
  constructor(
    options: ParserOptions,
    secure: boolean,
    tell: (event: HeadEvent) => void,
  ) {
    this.#parser = new ResponseParser(options);
    this.#secure = secure;
    this.#tell = tell;
  }

  /** Everything before the body; undefined until it has come. */
  get head(): ResponseHead | undefined {
    return this.#head;
  }

  /** Whether its end has come. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Whether the server keeps the connection after it. */
  get keepAlive(): boolean {
    return this.#keepAlive;
  }

  /** Bytes that came after its end. */
  get extraBytes(): number {
    return this.#extraBytes;
  }

  /** What was wrong with it and was accepted. */
  get deviations(): readonly Deviation[] {
    return this.#deviations;
  }

  /**
   * Takes what was read.
   *
   * @throws {HttpParseError} when it is not accepted
   * @throws {HttpError} when it is no HTTP, or the server wanted TLS
   */
  feed(bytes: Uint8Array): void {
    const isFirst = this.#receivedBytes === 0;
    if (isFirst) this.#requireHttp(bytes);
    this.#receivedBytes += bytes.length;
    try {
      this.#extraBytes = bytes.length - this.#parser.feed(bytes, this.#handler);
    } catch (error) {
      throw isFirst ? withAnswer(error, bytes) : error;
    }
  }

  /**
   * Takes note that the server closed the connection.
   *
   * @throws {HttpParseError} when the response is not complete
   */
  finish(): void {
    this.#parser.finish(this.#handler);
  }

  /** Counts what was read after its end. */
  exceed(bytes: number): void {
    this.#receivedBytes += bytes;
    this.#extraBytes += bytes;
  }

  /**
   * Content that has come since the last call: views of what was fed.
   *
   * @throws {HttpError} when it says that the server wanted TLS
   */
  takePieces(): readonly Uint8Array[] {
    const pieces = this.#pieces;
    this.#requirePlain(pieces);
    this.#pieces = [];
    return pieces;
  }

  /** Makes the content its own: what was fed is about to be overwritten. */
  keepPieces(): void {
    this.#pieces = this.#pieces.map((piece) => piece.slice());
  }

  /** What is known by now; undefined without a head. */
  info(decodedBytes: number | undefined): ResponseInfo | undefined {
    if (this.#head === undefined) return undefined;
    return {
      ...this.#head,
      trailers: this.#trailers,
      interim: this.#interim,
      bodyBytes: this.#bodyBytes,
      decodedBytes,
      receivedBytes: this.#receivedBytes - this.#extraBytes,
    };
  }

  /** A TLS alert (RFC 8446 section 6) in place of a status line: the server waited for a handshake. */
  #requireHttp(bytes: Uint8Array): void {
    if (this.#secure || bytes[0] !== 0x15 || bytes[1] !== 3) return;
    throw new HttpError({
      code: "not-http",
      phase: "transfer",
      message:
        "The server speaks TLS on this port, not plain HTTP: use https://",
    });
  }

  /** The same, from servers that say so in HTTP. */
  #requirePlain([piece]: readonly Uint8Array[]): void {
    if (this.#secure || piece === undefined) return;
    if (this.#head!.status !== 400 || this.#bodyBytes > WORDS_BYTES) return;
    const words = new TextDecoder("latin1").decode(piece);
    if (!WANTS_TLS.test(words)) return;
    throw new HttpError({
      code: "wants-tls",
      phase: "transfer",
      message:
        "The server wants TLS on this port, not plain HTTP: use https://",
    });
  }

  #take(event: ResponseEvent): void {
    switch (event.type) {
      case "status":
        this.#status = event;
        break;
      case "headers":
        this.#takeHeaders(event);
        break;
      case "data":
        this.#bodyBytes += event.data.length;
        this.#pieces.push(event.data);
        break;
      case "trailers":
        this.#trailers = event.headers;
        break;
      case "end":
        this.#isComplete = true;
        this.#keepAlive = event.keepAlive;
        break;
      case "deviation":
        this.#deviations.push(event.deviation);
        break;
    }
  }

  #takeHeaders(
    { headers, framing, bytes }: Extract<ResponseEvent, { type: "headers" }>,
  ): void {
    const { version, status, reason } = this.#status!;
    if (isInformational(status)) {
      const response = { status, reason, headers };
      this.#interim.push(response);
      this.#tell({ type: "interim", response });
      return;
    }
    this.#head = {
      version,
      status,
      reason,
      headers,
      framing,
      headerBytes: bytes,
    };
    // Now, as what follows in the same packet may be wrong.
    this.#tell({ type: "response", response: this.#head });
  }
}
