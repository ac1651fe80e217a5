import { BodyPipe } from "./body_pipe.ts";
import { HttpError } from "./errors.ts";
import { HttpSession } from "./session.ts";
import type { Exchange, HttpOptions, ResponseHead } from "./types.ts";

/** A response whose body is still to be read. Disposing of it gives the body up. */
export interface HttpResponse extends ResponseHead, AsyncDisposable {
  /**
   * The body: as received, or decoded with `compressed`. Beyond 64 KiB the
   * server waits for whoever reads it, and it fails where nobody does for
   * 30 s. Errors with an {@linkcode HttpError}.
   */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** The exchanges before this one, whose responses redirected here. */
  readonly redirects: readonly Exchange[];
  /** Resolves when the body has been read, or has failed: phases, sizes, connection, TLS, findings. */
  readonly done: Promise<Exchange>;
}

/**
 * Asks for a URL, and resolves with the response up to its body.
 *
 * @example
 * ```ts
 * import { httpGet } from "@netdiag/netdiag";
 *
 * const server = Deno.serve({ port: 0, onListen: () => {} }, () => new Response("hello"));
 * await using response = await httpGet(`http://127.0.0.1:${server.addr.port}/`);
 * console.log(response.status, await new Response(response.body).text());
 * const { phases, findings } = await response.done;
 * console.log(`${phases.totalMs} ms`, findings);
 * await server.shutdown();
 * ```
 *
 * @param url `http://`, `https://`, or a bare `host/path`, which means http
 * @throws {UrlError} when the text is no URL
 * @throws {OptionError} when an option has a value that cannot be used
 * @throws {HttpRequestError} when a part of the request has a character that must not be sent
 * @throws {PermissionError} when Deno's permissions do not cover the host and port
 * @throws {ResolutionError} when the name does not resolve
 * @throws {HttpError} when there is no response, or not a right one
 */
export async function httpGet(
  url: string,
  options: HttpOptions = {},
): Promise<HttpResponse> {
  const abort = new AbortController();
  const signal = options.signal === undefined
    ? abort.signal
    : AbortSignal.any([options.signal, abort.signal]);
  const session = new HttpSession(url, { ...options, signal });
  const opened = Promise.withResolvers<ResponseHead>();
  const done = Promise.withResolvers<Exchange>();
  const pipe = new BodyPipe(signal, () => abort.abort());
  const redirects: Exchange[] = [];

  const drive = async () => {
    let last: Exchange | undefined;
    const exchanges = session.run((head) => {
      opened.resolve(head);
      return pipe.sink;
    });
    for await (const exchange of exchanges) {
      if (last !== undefined) redirects.push(last);
      last = exchange;
    }
    const { error } = last!;
    if (error === undefined) pipe.end();
    else {
      const failure = new HttpError(error, { exchange: last! });
      opened.reject(failure);
      pipe.fail(failure);
    }
    done.resolve(last!);
  };
  drive().catch((error) => {
    opened.reject(error);
    done.reject(error);
    pipe.fail(error);
  }).finally(() => session[Symbol.dispose]());
  done.promise.catch(() => {}); // nobody has to wait for it

  const head = await opened.promise;
  return {
    ...head,
    body: pipe.readable,
    redirects,
    done: done.promise,
    async [Symbol.asyncDispose]() {
      abort.abort();
      await done.promise.catch(() => {});
    },
  };
}
