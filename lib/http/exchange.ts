/** One request, and the response to it. */

import { HttpParseError, isLimit } from "../wire/http1/errors.ts";
import { isSwitch } from "../wire/http1/framing.ts";
import {
  type HttpConnection,
  type Marks,
  openConnection,
} from "./connection.ts";
import { type ByteSink, codingsOf, DecodeError } from "./coding.ts";
import type { DecoderChain } from "./decode.ts";
import { HttpError } from "./errors.ts";
import { findFindings, type Observations } from "./findings.ts";
import type { PreparedRequest } from "./request.ts";
import type { ByteStream } from "../socket/byte_stream.ts";
import { systemWords } from "../os/errno.ts";
import { abortable } from "../socket/resolve.ts";
import type {
  Attempt,
  ConnectionInfo,
  Exchange,
  Failure,
  HttpOptions,
  RequestInfo,
  ResponseHead,
  TlsDetails,
} from "./types.ts";
import { phasesOf } from "./phases.ts";
import { parserOptions } from "./options.ts";
import { type HeadEvent, IncomingResponse } from "./response.ts";
import type { HttpUrl } from "./url.ts";
import { Watch } from "./watch.ts";

/** What becomes known while an exchange goes on. */
export type HttpEvent =
  | {
    readonly type: "connected";
    readonly connection: ConnectionInfo;
    readonly attempts: readonly Attempt[];
  }
  | { readonly type: "tls"; readonly tls: TlsDetails }
  | { readonly type: "request"; readonly request: RequestInfo }
  | HeadEvent
  | { readonly type: "redirect"; readonly location: string };

/** How long a server that said that it will close may take to do so, or to send more than it said. */
const LINGER_MS = 100;

/** An exchange that goes on. */
export class ExchangeRun implements Disposable {
  readonly #url: HttpUrl;
  readonly #request: PreparedRequest;
  readonly #options: HttpOptions;
  readonly #tell: (event: HttpEvent) => void;
  readonly #watch: Watch;
  readonly #marks: Marks = { startedAt: performance.now() };
  #attempts: readonly Attempt[] = [];
  #tls: TlsDetails | undefined;
  #isRequested = false;
  readonly #response: IncomingResponse;
  readonly #close = () => this.#connection?.stream.close();
  #connection: HttpConnection | undefined;
  #connectionInfo: ConnectionInfo | undefined;
  #staysOpen = false;
  #decoder: DecoderChain | undefined;
  #sendFailure: unknown;
  #failure: Failure | undefined;
  redirect: string | undefined;
  /** It follows one that found its kept connection closed. */
  replacesClosed = false;

  /** @param kept a connection to use in place of a new one; it is the exchange's now */
  constructor(
    url: HttpUrl,
    request: PreparedRequest,
    options: HttpOptions,
    kept: HttpConnection | undefined,
    tell: (event: HttpEvent) => void,
  ) {
    this.#url = url;
    this.#request = request;
    this.#options = options;
    this.#tell = tell;
    this.#connection = kept;
    this.#watch = new Watch(options.timeouts, options.signal);
    this.#watch.signal.addEventListener("abort", this.#close);
    this.#response = new IncomingResponse(
      parserOptions(options, request.info.method),
      url.secure,
      tell,
    );
  }

  /**
   * Sends the request, and reads the response up to its body.
   *
   * @throws {HttpError} when there is none, or not a right one
   */
  async head(): Promise<ResponseHead> {
    return await this.#guard(async () => {
      const connection = await this.#connect();
      this.#send(connection);
      const { stream, buffer } = connection;
      while (this.#response.head === undefined) {
        this.#received(await stream.read(buffer), buffer);
      }
      this.#response.keepPieces();
      return this.#response.head;
    });
  }

  /**
   * Reads the body to its end, and delivers it: decoded, with `compressed`.
   *
   * @throws {HttpError} when it breaks off, or is not right
   */
  async body(sink: ByteSink): Promise<void> {
    await this.#guard(async () => {
      const { stream, buffer } = this.#connection!;
      const decoded = await this.#decoded(sink);
      await this.#deliver(decoded);
      while (!this.#response.isComplete) {
        this.#received(await stream.read(buffer), buffer);
        await this.#deliver(decoded);
      }
      await this.#decoder?.end();
      await this.#linger();
    });
  }

  async #decoded(sink: ByteSink): Promise<ByteSink> {
    const codings = this.#options.compressed
      ? codingsOf(this.#response.head!.headers) ?? []
      : [];
    if (codings.length === 0) return sink;
    const { DecoderChain } = await import("./decode.ts");
    const decoder = new DecoderChain(codings, sink, this.#options.maxBody);
    this.#decoder = decoder;
    return (bytes) => decoder.write(bytes);
  }

  /** What it returns is to be awaited, if it is anything. */
  #deliver(sink: ByteSink): Promise<void> | undefined {
    const pieces = this.#response.takePieces();
    this.#watch.deliver();
    let last: Promise<void> | undefined;
    for (const piece of pieces) {
      last = last === undefined
        ? sink(piece) ?? undefined
        : last.then(() => sink(piece));
    }
    if (last === undefined) {
      this.#watch.delivered();
      return undefined;
    }
    // Whoever takes the body may never ask for more.
    return abortable(last, this.#watch.signal)
      .then(() => this.#watch.delivered());
  }

  async #connect(): Promise<HttpConnection> {
    if (this.#connection === undefined) {
      this.#connection = await openConnection(
        this.#url,
        this.#options,
        this.#watch,
        this.#marks,
        {
          attempted: (attempts) => this.#attempts = attempts,
          connected: (stream) => this.#connected(stream, 0),
          secured: (tls) => {
            this.#tls = tls;
            this.#tell({ type: "tls", tls });
          },
        },
      );
    } else {
      const { startedAt } = this.#marks;
      this.#marks.lookedUpAt = startedAt;
      this.#marks.connectedAt = startedAt;
      if (this.#url.secure) this.#marks.securedAt = startedAt;
      this.#connected(this.#connection.stream, this.#connection.exchanges);
    }
    const connection = this.#connection;
    this.#watch.signal.throwIfAborted();
    connection.exchanges++;
    return connection;
  }

  #connected({ local, remote }: ByteStream, exchangesBefore: number): void {
    this.#connectionInfo = {
      local,
      remote,
      reused: exchangesBefore > 0,
      exchangesBefore,
    };
    this.#tell({
      type: "connected",
      connection: this.#connectionInfo,
      attempts: this.#attempts,
    });
  }

  /** Begins to send; the response may come before all is sent. */
  #send({ stream }: HttpConnection): void {
    const { head, body, info } = this.#request;
    this.#watch.enter("request");
    this.#isRequested = true;
    this.#tell({ type: "request", request: info });
    const parts = body === undefined
      ? [head]
      : body.length < 65_536
      ? [concatenated(head, body)]
      : [head, body];
    for (const part of parts) this.#options.tap?.("sent", part);
    const write = async () => {
      for (const part of parts) await stream.write(part);
      this.#marks.requestedAt = performance.now();
      if (this.#watch.phase === "request") this.#watch.enter("first-byte");
    };
    write().catch((error) => this.#sendFailure = error);
  }

  /** What was read, and what it means. */
  #received(count: number | null, buffer: Uint8Array): void {
    if (count === null) {
      if (this.#sendFailure !== undefined && this.#watch.received === 0) {
        throw this.#sendFailure;
      }
      this.#response.finish();
      this.#ended();
      return;
    }
    if (this.#watch.received === 0) {
      this.#marks.firstByteAt = performance.now();
      this.#watch.enter("transfer");
    }
    this.#watch.received += count;
    const bytes = buffer.subarray(0, count);
    this.#options.tap?.("received", bytes);
    this.#response.feed(bytes);
    this.#ended();
  }

  #ended(): void {
    if (this.#response.isComplete) this.#marks.endedAt = performance.now();
  }

  /** Sees whether a server that has nothing more to say goes on talking. */
  async #linger(): Promise<void> {
    const connection = this.#connection!;
    const { head, keepAlive, extraBytes } = this.#response;
    const isOpenEnded = head!.framing.kind === "close";
    if (keepAlive || isOpenEnded || extraBytes > 0) return;
    if (isSwitch(this.#request.info.method, head!.status)) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), LINGER_MS);
    });
    const more = connection.stream.read(connection.buffer).catch(() => null);
    const count = await Promise.race([more, late]);
    clearTimeout(timer);
    if (count === "late") this.#staysOpen = true;
    else this.#response.exceed(count ?? 0);
  }

  /** Runs a step; whatever the peer did wrong becomes an {@linkcode HttpError}. */
  async #guard<T>(step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      const failure = this.#failureOf(error);
      if (failure === undefined) throw error;
      this.#failure = failure;
      this.#marks.endedAt = performance.now();
      throw new HttpError(failure, { cause: error, exchange: this.result() });
    }
  }

  #failureOf(error: unknown): Failure | undefined {
    const { phase, signal, received } = this.#watch;
    if (signal.aborted) error = signal.reason;
    if (error instanceof HttpError) {
      return { code: error.code, phase: error.phase, message: error.message };
    }
    if (error instanceof HttpParseError) {
      const { code, offset, section, message } = error;
      const isRight = code === "no-response" || code.startsWith("truncated-") ||
        isLimit(code);
      return {
        code,
        phase,
        message: isRight
          ? message
          : `Bad response: ${message} (byte ${offset}, ${section})`,
      };
    }
    if (error instanceof DecodeError) {
      return { code: error.code, phase, message: error.message };
    }
    if (isBroken(error)) {
      const reason = systemWords(error.message);
      return {
        code: "broken",
        phase,
        message:
          `The connection broke after ${received} bytes of response: ${reason}`,
      };
    }
    return undefined;
  }

  /** What is known by now. */
  result(): Exchange {
    const exchange: Exchange = {
      type: "exchange",
      url: this.#url.text,
      request: this.#isRequested ? this.#request.info : undefined,
      connection: this.#connectionInfo,
      attempts: this.#attempts,
      tls: this.#tls,
      phases: phasesOf(this.#marks, this.#url.secure, this.#failure?.phase),
      response: this.#response.info(this.#decoder?.decodedBytes),
      findings: [],
      redirect: this.redirect,
      error: this.#failure,
    };
    return {
      ...exchange,
      findings: findFindings(exchange, this.#observations(), this.#options),
    };
  }

  #observations(): Observations {
    const { deviations, extraBytes, keepAlive } = this.#response;
    return {
      deviations,
      extraBytes,
      trailingBytes: this.#decoder?.trailingBytes ?? 0,
      staysOpen: this.#staysOpen,
      replacesClosed: this.replacesClosed,
      sendFailure: this.#sendFailure instanceof Error
        ? this.#sendFailure.message
        : undefined,
      keepAlive,
    };
  }

  /** Hands the connection over, if another request may be sent on it. */
  takeConnection(): HttpConnection | undefined {
    const connection = this.#connection;
    const { isComplete, keepAlive, extraBytes } = this.#response;
    const isFree = isComplete && keepAlive && extraBytes === 0 &&
      this.#sendFailure === undefined && this.#marks.requestedAt !== undefined;
    if (!isFree) return undefined;
    this.#connection = undefined;
    return connection;
  }

  [Symbol.dispose](): void {
    this.#watch.signal.removeEventListener("abort", this.#close);
    this.#watch[Symbol.dispose]();
    this.#decoder?.[Symbol.dispose]();
    this.#connection?.[Symbol.dispose]();
  }
}

/** Errors of the system's on a connection that stood. */
function isBroken(error: unknown): error is Error {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.TimedOut ||
    error instanceof Deno.errors.UnexpectedEof ||
    error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.InvalidData ||
    error instanceof Error &&
      typeof (error as { code?: unknown }).code === "string" &&
      /^E[A-Z]+$|^ERR_(SSL|TLS|STREAM)/.test(
        (error as unknown as { code: string }).code,
      );
}

function concatenated(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
