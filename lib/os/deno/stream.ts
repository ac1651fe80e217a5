import { asSystemError } from "../errno.ts";
import type {
  Listener,
  ListenHandler,
  ListenOptions,
  SocketName,
  StreamConnection,
  StreamHandler,
  StreamOptions,
} from "../network.ts";
import { SocketFile } from "../unix_socket_file.ts";
import type { DenoNetwork } from "./network.ts";

/** A read takes this much at first, so that idle connections cost little, and four times more whenever that was filled. */
const FIRST_READ_BYTES = 4096;
const MAX_READ_BYTES = 65_536;
/** How long a listener rests after the system refused it a connection. */
const REST_MS = 100;
/** What Deno's accept says of a client that has gone again. */
const GONE: ReadonlySet<string> = new Set([
  "ECONNABORTED",
  "ECONNRESET",
  "ENOTCONN",
]);
/** TLS handshakes that may be under way at one time, and how long each may take. */
const MAX_HANDSHAKES = 256;
const HANDSHAKE_MS = 10_000;

/** What Deno calls a connection; one that was accepted or connected. */
export type DenoConn = Deno.Conn<Deno.Addr>;

/** A connection of Deno's API. */
export class DenoStream implements StreamConnection, Disposable {
  readonly #network: DenoNetwork;
  readonly #abort = new AbortController();
  #peer: SocketName;
  #conn: DenoConn | undefined;
  #handler: StreamHandler | undefined;
  #queue: Uint8Array<ArrayBuffer>[] = [];
  #queued = 0;
  #isWriting = false;
  /** While reading is paused: resolved by {@linkcode resume}. */
  #paused: PromiseWithResolvers<void> | undefined;
  #peerEnded = false;
  #ending = false;
  #ended = false;
  #closed = false;

  constructor(network: DenoNetwork, peer: SocketName) {
    this.#network = network;
    this.#peer = peer;
    network.sockets.add(this);
  }

  get peer(): SocketName {
    return this.#peer;
  }

  get local(): SocketName {
    return this.#conn === undefined
      ? { path: "" }
      : nameOf(this.#conn.localAddr);
  }

  get queued(): number {
    return this.#queued;
  }

  /** Serves a connection that was accepted. */
  start(conn: DenoConn, handler: StreamHandler): void {
    this.#conn = conn;
    this.#handler = handler;
    this.#read(conn);
    this.#flush();
  }

  /** Serves a connection that is still to be made. */
  async connect(
    connecting: (signal: AbortSignal) => Promise<DenoConn>,
    handler: StreamHandler,
  ): Promise<void> {
    this.#handler = handler;
    try {
      const conn = await connecting(this.#abort.signal);
      if (this.#closed) return conn.close();
      // Not every version of Deno tells of an abstract name.
      if ("host" in this.#peer) this.#peer = nameOf(conn.remoteAddr);
      this.#conn = conn;
    } catch (error) {
      return this.#fail("connect", error);
    }
    handler.opened?.();
    if (this.#closed) return;
    this.#read(this.#conn);
    this.#flush();
  }

  async #read(conn: DenoConn): Promise<void> {
    let buffer = new Uint8Array(FIRST_READ_BYTES);
    for (;;) {
      if (this.#paused !== undefined) await this.#resumed();
      if (this.#closed) return;
      let count: number | null;
      try {
        count = await conn.read(buffer);
      } catch (error) {
        return this.#fail("read", error);
      }
      if (this.#paused !== undefined) await this.#resumed();
      if (this.#closed) return;
      if (count === null) return this.#peerHasEnded();
      this.#handler!.data(buffer.subarray(0, count));
      if (count === buffer.length && count < MAX_READ_BYTES) {
        buffer = new Uint8Array(4 * count);
      }
    }
  }

  async #resumed(): Promise<void> {
    while (this.#paused !== undefined) await this.#paused.promise;
  }

  #peerHasEnded(): void {
    this.#peerEnded = true;
    this.#handler!.end();
    if (this.#ended) this.#finish();
  }

  write(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#closed || this.#ending) return;
    this.#queue.push(bytes.slice());
    this.#queued += bytes.length;
    this.#flush();
  }

  async #flush(): Promise<void> {
    const conn = this.#conn;
    if (conn === undefined || this.#isWriting || this.#closed) return;
    this.#isWriting = true;
    const hadWork = this.#queue.length > 0;
    try {
      for (let chunk; (chunk = this.#queue.shift()) !== undefined;) {
        for (let at = 0; at < chunk.length;) {
          const count = await conn.write(chunk.subarray(at));
          if (this.#closed) return;
          at += count;
          this.#queued -= count;
        }
      }
      this.#isWriting = false;
      if (this.#ending && !this.#ended) {
        this.#ended = true;
        await conn.closeWrite();
      }
    } catch (error) {
      return this.#fail("write", error);
    }
    if (this.#closed) return;
    if (this.#ended && this.#peerEnded) return this.#finish();
    if (hadWork) this.#handler!.drained();
  }

  pause(): void {
    this.#paused ??= Promise.withResolvers();
  }

  resume(): void {
    this.#paused?.resolve();
    this.#paused = undefined;
  }

  end(): void {
    if (this.#closed || this.#ending) return;
    this.#ending = true;
    this.#flush();
  }

  /** What Deno throws at a connection that was closed is no news. */
  #fail(operation: string, error: unknown): void {
    if (this.#closed) return;
    this.close();
    this.#handler!.closed(
      error instanceof Deno.errors.UnexpectedEof
        // RFC 8446, section 6.1.
        ? new Error("The peer ended TLS without close_notify")
        : asSystemError(error, operation) as Error,
    );
  }

  #finish(): void {
    if (this.#closed) return;
    this.close();
    this.#handler!.closed();
  }

  /** Deno's API has no reset: what was not read makes one. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue = [];
    this.#network.sockets.delete(this);
    this.resume();
    this.#abort.abort();
    this.#conn?.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Listeners that are being closed, by path: when that is done, Deno removes whatever is at the path. */
const closing = new Map<string, Promise<void>>();

/** Resolves when no listener of before will remove a file at this path any more. */
export async function pathIsFree(path: string): Promise<void> {
  await closing.get(path);
}

/** A listener of Deno's API. */
export class DenoListener implements Listener {
  readonly name: SocketName;
  readonly #network: DenoNetwork;
  readonly #listener: Deno.Listener<Deno.Conn, Deno.Addr>;
  readonly #options: ListenOptions;
  readonly #handler: ListenHandler;
  readonly #file: SocketFile | undefined;
  readonly #accepting: Promise<void>;
  /** TLS handshakes that are under way, to be given up at the end. */
  readonly #handshakes = new Set<AbortController>();
  #closed = false;

  constructor(
    network: DenoNetwork,
    at: SocketName,
    listener: Deno.Listener<Deno.Conn, Deno.Addr>,
    options: ListenOptions,
    handler: ListenHandler,
  ) {
    this.#network = network;
    this.#listener = listener;
    this.#options = options;
    this.#handler = handler;
    this.name = "path" in at ? at : nameOf(listener.addr);
    try {
      if ("path" in at) this.#file = new SocketFile(at.path, options.mode);
    } catch (error) {
      listener.close();
      throw error;
    }
    network.sockets.add(this);
    this.#accepting = this.#accept();
  }

  async #accept(): Promise<void> {
    while (!this.#closed) {
      let conn: DenoConn;
      try {
        conn = await this.#listener.accept();
      } catch (error) {
        if (this.#closed) return;
        this.#handler.refused(
          asSystemError(error, "accept a connection") as Error,
        );
        const { code } = error as { code?: string };
        if (!GONE.has(code ?? "")) await this.#network.rest(REST_MS);
        continue;
      }
      if (this.#closed) return conn.close();
      if (this.#options.tls === undefined) this.#begin(conn);
      else this.#shakeHands(conn as Deno.TlsConn);
    }
  }

  #begin(conn: DenoConn): void {
    try {
      setStreamOptions(conn, this.#options);
    } catch {
      // Who has gone again is found to be gone by the first read.
    }
    const stream = new DenoStream(this.#network, nameOf(conn.remoteAddr));
    const handler = this.#handler.accept(stream);
    if (handler !== undefined) return stream.start(conn, handler);
    stream.close();
    conn.close();
  }

  /** Goes on accepting meanwhile: a client that never sends a byte holds up nobody. */
  async #shakeHands(conn: Deno.TlsConn): Promise<void> {
    if (this.#handshakes.size >= MAX_HANDSHAKES) {
      conn.close();
      this.#handler.refused(
        new Error(`${MAX_HANDSHAKES} TLS handshakes are under way`),
      );
      return;
    }
    const abort = new AbortController();
    this.#handshakes.add(abort);
    try {
      await completeHandshake(conn, abort.signal);
    } catch (error) {
      if (!this.#closed) this.#handler.refused(error as Error);
      return;
    } finally {
      this.#handshakes.delete(abort);
    }
    if (this.#closed) conn.close();
    else this.#begin(conn);
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#network.sockets.delete(this);
    this.#listener.close();
    for (const abort of this.#handshakes) abort.abort();
    this.#file?.[Symbol.dispose]();
    if ("host" in this.name) return;
    const { path } = this.name;
    const closed = this.#accepting.finally(() => {
      if (closing.get(path) === closed) closing.delete(path);
    });
    closing.set(path, closed);
  }
}

/**
 * Completes a TLS handshake; when it fails, takes too long or is aborted, the
 * connection is closed. (Deno keeps its descriptor until the peer goes, too.)
 */
export async function completeHandshake(
  conn: Deno.TlsConn,
  signal: AbortSignal,
): Promise<void> {
  let isLate = false;
  let isClosed = false;
  const close = () => {
    if (!isClosed) conn.close();
    isClosed = true;
  };
  const timer = setTimeout(() => {
    isLate = true;
    close();
  }, HANDSHAKE_MS);
  signal.addEventListener("abort", close);
  try {
    await conn.handshake();
  } catch (error) {
    close();
    throw isLate
      ? new Error(`No TLS handshake within ${HANDSHAKE_MS / 1000} s`)
      : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", close);
  }
}

/** The name of an address of Deno's. A leading NUL is an abstract name. */
export function nameOf(address: Deno.Addr): SocketName {
  // The addresses of Deno 2.6's TLS listeners name no transport.
  if ("hostname" in address) {
    return { host: address.hostname, port: address.port };
  }
  const { path } = address as { path?: string | null };
  return { path: (path ?? "").replace(/^\0/, "@") };
}

/** What can be told after a connection is made; Unix sockets have neither. */
export function setStreamOptions(
  conn: DenoConn,
  { noDelay, keepAlive }: StreamOptions,
): void {
  if (!("setNoDelay" in conn)) return;
  const tcp = conn as Deno.TcpConn;
  if (noDelay) tcp.setNoDelay(true);
  if (keepAlive) tcp.setKeepAlive(true);
}
