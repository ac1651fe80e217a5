/** TLS over a connection that is there already, and what its handshake showed. */

import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import tls from "node:tls";
import { parseAddress } from "../wire/address.ts";
import type { ByteStream } from "./byte_stream.ts";
import {
  type Certificate,
  type CertificateProblem,
  findProblems,
  readChain,
} from "./certificate.ts";

/** How to secure a connection. */
export interface TlsOptions {
  /** The host to ask for, and which the certificate has to be for. */
  readonly serverName: string;
  /** Protocols to offer (ALPN, RFC 7301). */
  readonly protocols: readonly string[];
  /** Authorities to trust in place of the built-in ones, in PEM. */
  readonly authorities?: string | undefined;
  /** Whether a server that is not to be trusted is refused afterwards: older versions of Deno have to know. */
  readonly verify: boolean;
  /** Gives the handshake up; the connection is closed then. */
  readonly signal: AbortSignal;
}

/** What a handshake showed. */
export interface TlsDetails {
  /** The host that was asked for. */
  readonly serverName: string;
  /** `TLSv1.3`; undefined where this version of Deno does not tell. */
  readonly version: string | undefined;
  /** As RFC 8446 and the IANA registry name it; undefined where this version of Deno does not tell. */
  readonly cipher: string | undefined;
  /** The protocol that the server picked; undefined where it picked none. */
  readonly alpn: string | undefined;
  /** What the server sent, its own certificate first. */
  readonly chain: readonly Certificate[];
  /** Why the server is not to be trusted; empty when it is. */
  readonly problems: readonly CertificateProblem[];
}

/** A secured connection. */
export interface TlsConnection {
  readonly stream: ByteStream;
  readonly details: TlsDetails;
}

/** There was no TLS to be had. */
export class TlsError extends Error {
  /** The name of the class. */
  override readonly name = "TlsError";
}

/** What Node's API knows about a TLS socket; older versions of Deno have less of it. */
interface Socket extends tls.TLSSocket {
  getProtocol(): string | null;
  getCipher(): { name: string; standardName: string; version: string };
}

/** Whether Node's API, in this version of Deno, tells all of {@linkcode TlsDetails}, and whether a certificate is to be trusted. */
export const TELLS_ALL = "getProtocol" in tls.TLSSocket.prototype;

/** What older versions of Deno tell about a handshake. */
export const UNTOLD = {
  version: undefined,
  cipher: undefined,
  chain: [],
  problems: [],
} as const;

/** The first bytes of a server that does not speak TLS tell what it does speak. */
const PREFIX_BYTES = 64;

/**
 * Begins TLS. A certificate that is not to be trusted is no error here:
 * nothing has been sent to the server yet, and {@linkcode TlsDetails.problems}
 * says what is wrong.
 *
 * @param stream is closed when this fails, and together with the secured one
 * @throws {TlsError} when the handshake fails
 * @throws whatever `signal` aborts with
 */
export async function startTls(
  stream: ByteStream,
  options: TlsOptions,
): Promise<TlsConnection> {
  if (!TELLS_ALL && options.verify) {
    const { startDenoTls } = await import("./tls_by_deno.ts");
    return await startDenoTls(stream, options);
  }
  const carrier = new Carrier(stream);
  const socket = tls.connect({
    socket: carrier,
    host: options.serverName,
    // RFC 6066 section 3: an address is no server name.
    ...(parseAddress(options.serverName) === undefined
      ? { servername: options.serverName }
      : {}),
    ALPNProtocols: [...options.protocols],
    ...(options.authorities === undefined ? {} : { ca: options.authorities }),
    // Verified all the same; what came of it is in authorizationError.
    rejectUnauthorized: false,
  }) as Socket;
  try {
    await handshake(socket, carrier, options.signal);
  } catch (error) {
    socket.on("error", () => {}); // of what is closed nobody wants to know
    socket.destroy();
    stream.close();
    if (options.signal.aborted) throw options.signal.reason;
    throw new TlsError(explain(error as Error, carrier.prefix), {
      cause: error,
    });
  }
  return {
    stream: new TlsByteStream(stream, socket),
    details: detailsOf(socket, options.serverName),
  };
}

function detailsOf(socket: Socket, serverName: string): TlsDetails {
  const alpn = socket.alpnProtocol || undefined;
  if (!TELLS_ALL) {
    return { ...UNTOLD, serverName, alpn };
  }
  const chain = readChain(socket.getPeerCertificate(true));
  const code = socket.authorized
    ? undefined
    : codeOf(socket.authorizationError);
  return {
    serverName,
    version: socket.getProtocol() ?? undefined,
    cipher: socket.getCipher()?.standardName,
    alpn,
    chain,
    problems: findProblems(chain, serverName, code),
  };
}

function handshake(
  socket: Socket,
  carrier: Carrier,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      signal.removeEventListener("abort", abort);
      socket.removeListener("error", fail);
      socket.removeListener("close", close);
      carrier.removeListener("end", close);
      settle();
    };
    const fail = (error: Error) => end(() => reject(error));
    const close = () => fail(new Error("connection closed"));
    const abort = () => fail(signal.reason);
    socket.once("secureConnect", () => end(resolve));
    socket.once("error", fail);
    socket.once("close", close);
    // Older versions of Deno do not pass on that the server closed.
    if (!TELLS_ALL) carrier.once("end", close);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}

function codeOf(error: Error | string | null): string {
  if (error === null) return "UNVERIFIED";
  if (typeof error === "string") return error;
  return (error as { code?: string }).code ?? error.message;
}

/** Why a handshake failed, by what came in place of it. */
function explain(error: Error, prefix: Uint8Array): string {
  const { code } = error as { code?: string };
  const text = new TextDecoder("latin1").decode(prefix);
  if (prefix.length === 0) {
    return code === "ECONNRESET" || error.message === "connection closed"
      ? "the server closed the connection in place of an answer"
      : error.message;
  }
  if (text.startsWith("HTTP/")) {
    return `the server speaks plain HTTP on this port: it answered ${
      JSON.stringify(text.split("\r\n")[0])
    }`;
  }
  // 20 to 23 are the content types of RFC 8446 section 5.1.
  if (prefix[0]! < 20 || prefix[0]! > 23) {
    return `the server does not speak TLS: it answered ${
      JSON.stringify(text.slice(0, 20))
    }`;
  }
  return error.message;
}

/** A byte stream as Node's API has them, which its TLS runs on. */
class Carrier extends Duplex {
  readonly #stream: ByteStream;
  readonly #buffer = new Uint8Array(new ArrayBuffer(262_144));
  /** The first bytes that came. */
  prefix: Uint8Array = new Uint8Array();

  constructor(stream: ByteStream) {
    super();
    this.#stream = stream;
  }

  override _read(): void {
    this.#stream.read(this.#buffer).then(
      (count) => {
        if (count === null) {
          this.push(null);
          return;
        }
        const bytes = this.#buffer.slice(0, count);
        if (this.prefix.length === 0) {
          this.prefix = bytes.slice(0, PREFIX_BYTES);
        }
        this.push(Buffer.from(bytes.buffer));
      },
      (error) => this.destroy(error),
    );
  }

  override _write(
    bytes: Uint8Array,
    _encoding: string,
    done: (error?: Error | null) => void,
  ): void {
    this.#stream.write(bytes).then(() => done(), done);
  }

  override _destroy(
    error: Error | null,
    done: (error?: Error | null) => void,
  ): void {
    this.#stream.close();
    done(error);
  }
}

/** A TLS socket of Node's API as a byte stream. */
class TlsByteStream implements ByteStream {
  readonly #carrier: ByteStream;
  readonly #socket: Socket;
  #rest: Uint8Array = new Uint8Array();
  #failure: Error | undefined;
  #ended = false;
  #changed: (() => void) | undefined;

  constructor(carrier: ByteStream, socket: Socket) {
    this.#carrier = carrier;
    this.#socket = socket;
    socket.on("readable", () => this.#changed?.());
    socket.on("end", () => this.#end());
    socket.on("close", () => this.#end());
    socket.on("error", (error) => {
      this.#failure ??= error;
      this.#end();
    });
  }

  get local() {
    return this.#carrier.local;
  }

  get remote() {
    return this.#carrier.remote;
  }

  #end(): void {
    this.#ended = true;
    this.#changed?.();
  }

  async read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
    while (this.#rest.length === 0) {
      const chunk: Uint8Array | null = this.#socket.read();
      if (chunk !== null) this.#rest = chunk;
      else if (this.#failure !== undefined) throw this.#failure;
      else if (this.#ended) return null;
      else await new Promise<void>((resolve) => this.#changed = resolve);
    }
    const count = Math.min(buffer.length, this.#rest.length);
    buffer.set(this.#rest.subarray(0, count));
    this.#rest = this.#rest.subarray(count);
    return count;
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(
        bytes,
        (error) => error ? reject(error) : resolve(),
      );
    });
  }

  close(): void {
    this.#failure ??= new Deno.errors.Interrupted("The connection was closed");
    this.#socket.destroy();
    this.#carrier.close();
  }
}
