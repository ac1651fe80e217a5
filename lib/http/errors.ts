import type { Exchange, Failure, HttpPhase } from "./types.ts";

/** An exchange failed: the peer did not do what it should, or not in time. */
export class HttpError extends Error {
  /** The name of the class. */
  override readonly name = "HttpError";
  /** What kind of failure: `timeout`, `connect`, `certificate`, `closed` ..., or the code of a parse error. */
  readonly code: string;
  /** The phase that failed; undefined where each went well, and the response leads nowhere. */
  readonly phase: HttpPhase | undefined;
  /** All that is known about the exchange, where it was begun. */
  readonly exchange: Exchange | undefined;

  /** For the library's own use; a constructor cannot be hidden. */
  constructor(
    { code, phase, message }: Failure,
    options: ErrorOptions & { readonly exchange?: Exchange } = {},
  ) {
    super(message, options);
    this.code = code;
    this.phase = phase;
    this.exchange = options.exchange;
  }
}

/** Text that is no URL to ask for. */
export class UrlError extends Error {
  /** The name of the class. */
  override readonly name = "UrlError";

  /** For the library's own use; a constructor cannot be hidden. */
  constructor(text: string, reason: string) {
    super(`Cannot use URL ${JSON.stringify(text)}: ${reason}`);
  }
}
