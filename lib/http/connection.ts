/** Connections to web servers: found, made, secured, and timed. */

import {
  type ByteStream,
  connectTcp,
  connectUnix,
  findDestination,
} from "../socket/byte_stream.ts";
import {
  AbandonedError,
  type Attempt,
  ConnectError,
} from "../socket/happy_eyeballs.ts";
import type { TlsDetails } from "../socket/tls.ts";
import { HttpError } from "./errors.ts";
import { READ_BYTES } from "./limits.ts";
import type { HttpOptions } from "./types.ts";
import { type HttpUrl, placeOf } from "./url.ts";
import type { Watch } from "./watch.ts";

/** When something was reached: milliseconds on the clock of `performance.now()`. */
export interface Marks {
  readonly startedAt: number;
  lookedUpAt?: number;
  connectedAt?: number;
  securedAt?: number;
  requestedAt?: number;
  firstByteAt?: number;
  endedAt?: number;
}

/** Learns what becomes of a connection, even of one that does not come about. */
export interface ConnectionObserver {
  attempted(attempts: readonly Attempt[]): void;
  connected(stream: ByteStream): void;
  secured(tls: TlsDetails): void;
}

/** An open connection. Whoever opened it closes it. */
export interface HttpConnection extends Disposable {
  readonly stream: ByteStream;
  /** What is read goes here. */
  readonly buffer: Uint8Array<ArrayBuffer>;
  /** Exchanges that were begun on it. */
  exchanges: number;
}

/**
 * Connects to where a URL points.
 *
 * @throws {HttpError} when nobody answers, or with a certificate that is not to be trusted
 */
export async function openConnection(
  url: HttpUrl,
  options: HttpOptions,
  watch: Watch,
  marks: Marks,
  observer: ConnectionObserver,
): Promise<HttpConnection> {
  let stream = await connect(url, options, watch, marks, observer);
  try {
    observer.connected(stream);
    if (url.secure) {
      watch.enter("tls");
      stream = await secure(stream, url, options, watch, marks, observer);
    }
    return {
      stream,
      buffer: new Uint8Array(new ArrayBuffer(READ_BYTES)),
      exchanges: 0,
      [Symbol.dispose]: () => stream.close(),
    };
  } catch (error) {
    stream.close();
    throw error;
  }
}

async function connect(
  url: HttpUrl,
  options: HttpOptions,
  watch: Watch,
  marks: Marks,
  observer: ConnectionObserver,
): Promise<ByteStream> {
  const { signal } = watch;
  const { host, port } = placeOf(url, options.connectTo);
  const destination = options.unixPath === undefined
    ? await findDestination(host, port, options.family, signal)
    : undefined;
  marks.lookedUpAt = performance.now();
  watch.enter("connect");
  try {
    const startedAt = performance.now();
    const { winner, attempts, connectedMs } = destination === undefined
      ? await connectUnix(options.unixPath!, signal)
      : await connectTcp(destination, signal);
    marks.connectedAt = startedAt + connectedMs;
    observer.attempted(attempts);
    return winner;
  } catch (error) {
    if (error instanceof AbandonedError) {
      observer.attempted(error.attempts);
      throw error.cause;
    }
    if (!(error instanceof ConnectError)) throw error;
    observer.attempted(error.attempts);
    const to = options.unixPath ??
      (host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);
    throw new HttpError({
      code: "connect",
      phase: "connect",
      message: `Cannot connect to ${to}: ${error.message}`,
    }, { cause: error });
  }
}

async function secure(
  stream: ByteStream,
  url: HttpUrl,
  options: HttpOptions,
  { signal }: Watch,
  marks: Marks,
  observer: ConnectionObserver,
): Promise<ByteStream> {
  const { startTls, TlsError } = await import("../socket/tls.ts");
  try {
    const { stream: secured, details } = await startTls(stream, {
      serverName: url.host,
      protocols: ["http/1.1"],
      authorities: options.authorities,
      verify: options.verify ?? true,
      signal,
    });
    marks.securedAt = performance.now();
    observer.secured(details);
    if (details.problems.length > 0 && (options.verify ?? true)) {
      secured.close();
      throw new HttpError({
        code: "certificate",
        phase: "tls",
        message: `Cannot trust the certificate of ${url.host}: ${
          details.problems.map(({ message }) => message).join("; and ")
        }`,
      });
    }
    return secured;
  } catch (error) {
    if (!(error instanceof TlsError)) throw error;
    throw new HttpError({
      code: "tls",
      phase: "tls",
      message: `TLS handshake with ${url.host} failed: ${error.message}`,
    }, { cause: error });
  }
}
