/** Exchanges that belong together: redirects, and requests on a connection that is kept. */

import type { HttpConnection } from "./connection.ts";
import type { ByteSink } from "./coding.ts";
import { HttpError, UrlError } from "./errors.ts";
import { ExchangeRun, type HttpEvent } from "./exchange.ts";
import { checkOptions } from "./options.ts";
import { firstState, prepareRequest, type RequestState } from "./request.ts";
import { headerValue } from "./response.ts";
import { rehearse } from "./rehearsal.ts";
import type { Exchange, HttpOptions, ResponseHead } from "./types.ts";
import { parseAddress } from "../wire/address.ts";
import { type HttpUrl, parseHttpUrl, percentEncoded, placeOf } from "./url.ts";

/** RFC 9110 section 15.4: those that a client may follow by itself. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Methods that may be sent again when a kept connection turns out to be closed (RFC 9110 section 9.2.2). */
const REPEATABLE: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "OPTIONS",
  "PUT",
  "DELETE",
  "TRACE",
]);

/** Asks for one URL, once or again and again. Disposing it closes the connection that it kept. */
export class HttpSession implements Disposable {
  readonly #url: HttpUrl;
  readonly #options: HttpOptions;
  readonly #tell: (event: HttpEvent) => void;
  #kept:
    | { readonly connection: HttpConnection; readonly origin: string }
    | undefined;

  /**
   * @param tell is called as things become known
   * @throws {UrlError} when the text is no URL
   * @throws {OptionError} when an option has a value that cannot be used
   */
  constructor(
    url: string,
    options: HttpOptions = {},
    tell: (event: HttpEvent) => void = () => {},
  ) {
    checkOptions(options);
    this.#url = parseHttpUrl(url);
    this.#options = { ...options, user: options.user ?? this.#url.user };
    this.#tell = tell;
    prepareRequest(this.#url, firstState(this.#options), this.#options);
  }

  /**
   * Sends the request, and after redirects the one that they lead to. Yields
   * every exchange when it is over, the last one included, whether it
   * succeeded or not.
   *
   * @param open makes the sink for the body of the last response
   */
  async *run(
    open: (head: ResponseHead) => ByteSink,
  ): AsyncGenerator<Exchange, void, void> {
    const { host } = placeOf(this.#url, this.#options.connectTo);
    await rehearse({
      lookup: parseAddress(host) === undefined,
      secure: this.#url.secure,
      compressed: this.#options.compressed ?? false,
    });
    let url = this.#url;
    let state = firstState(this.#options);
    const seen = new Set<string>();
    for (let left = this.#options.maxRedirects ?? 0;; left--) {
      seen.add(`${state.method} ${url.text}`);
      let run = this.#start(url, state);
      try {
        let head: ResponseHead;
        try {
          head = await run.head();
        } catch (error) {
          if (!this.#isStale(error, state)) throw error;
          run[Symbol.dispose]();
          run = this.#start(url, state);
          run.replacesClosed = true;
          head = await run.head();
        }
        const next = this.#redirect(head, url);
        run.redirect = next?.text;
        const sink = next === undefined ? open(head) : () => {};
        await run.body(sink);
        this.#keep(run, url);
        const exchange = run.result();
        if (next === undefined) {
          yield exchange;
          return;
        }
        const following = afterRedirect(head.status, state, url, next);
        const error = refusal(seen, following, next, left);
        yield error === undefined ? exchange : { ...exchange, error };
        if (error !== undefined) return;
        this.#tell({ type: "redirect", location: next.text });
        state = following;
        url = next;
      } catch (error) {
        yield failed(run, error);
        return;
      } finally {
        run[Symbol.dispose]();
      }
    }
  }

  #start(url: HttpUrl, state: RequestState): ExchangeRun {
    const kept = this.#kept;
    this.#kept = undefined;
    const isUsable = kept?.origin === url.origin;
    if (!isUsable) kept?.connection[Symbol.dispose]();
    const request = prepareRequest(url, state, this.#options);
    return new ExchangeRun(
      url,
      request,
      this.#options,
      isUsable ? kept?.connection : undefined,
      this.#tell,
    );
  }

  /** A server may close a kept connection at any time; a request that it has not seen may be sent again (RFC 9112 section 9.3.1). */
  #isStale(error: unknown, { method }: RequestState): boolean {
    return error instanceof HttpError &&
      (error.code === "no-response" || error.code === "broken") &&
      error.exchange?.response === undefined &&
      error.exchange?.connection?.reused === true && REPEATABLE.has(method);
  }

  #keep(run: ExchangeRun, { origin }: HttpUrl): void {
    const connection = run.takeConnection();
    this.#kept = connection === undefined ? undefined : { connection, origin };
  }

  /** Where a response redirects to, where that is to be followed. */
  #redirect(head: ResponseHead, url: HttpUrl): HttpUrl | undefined {
    if (this.#options.maxRedirects === undefined) return undefined;
    const location = headerValue(head.headers, "location");
    if (!REDIRECTS.has(head.status) || location === undefined) return undefined;
    return parseHttpUrl(percentEncoded(location), url.text);
  }

  /** Closes the connection that was kept: the next exchange opens a new one. */
  forget(): void {
    this.#kept?.connection[Symbol.dispose]();
    this.#kept = undefined;
  }

  [Symbol.dispose](): void {
    this.forget();
  }
}

/** An exchange that ended with an error of the server's; any other error is thrown. */
function failed(run: ExchangeRun, error: unknown): Exchange {
  if (error instanceof HttpError && error.exchange !== undefined) {
    return error.exchange;
  }
  if (error instanceof UrlError) {
    const message = `Bad redirect: ${error.message}`;
    return {
      ...run.result(),
      error: { code: "bad-redirect", phase: undefined, message },
    };
  }
  throw error;
}

/** What the request after a redirect looks like (RFC 9110 section 15.4). */
function afterRedirect(
  status: number,
  state: RequestState,
  from: HttpUrl,
  to: HttpUrl,
): RequestState {
  const { method } = state;
  const becomesGet = status === 303 && method !== "HEAD" ||
    (status === 301 || status === 302) && method === "POST";
  return {
    method: becomesGet ? "GET" : method,
    body: becomesGet ? undefined : state.body,
    withCredentials: state.withCredentials && from.origin === to.origin,
  };
}

function refusal(
  seen: ReadonlySet<string>,
  { method }: RequestState,
  next: HttpUrl,
  left: number,
): Exchange["error"] {
  if (seen.has(`${method} ${next.text}`)) {
    return {
      code: "redirect-loop",
      phase: undefined,
      message: `Redirect loop: ${next.text} was asked for already`,
    };
  }
  if (left > 0) return undefined;
  return {
    code: "too-many-redirects",
    phase: undefined,
    message: `Too many redirects: the next would lead to ${next.text}`,
  };
}
