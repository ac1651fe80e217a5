import { withoutZone } from "../../wire/address.ts";
import { UnsupportedError } from "../library.ts";
import type {
  Cancel,
  ConnectOptions,
  DatagramHandler,
  DatagramOptions,
  DatagramSocket,
  Listener,
  ListenHandler,
  ListenOptions,
  Network,
  SocketName,
  StreamConnection,
  StreamHandler,
} from "../network.ts";
import { removeStale } from "../unix_socket_file.ts";
import { DenoUdpSocket, DenoUnixDatagramSocket } from "./datagram.ts";
import {
  completeHandshake,
  type DenoConn,
  DenoListener,
  DenoStream,
  pathIsFree,
  setStreamOptions,
} from "./stream.ts";

/** The longest delay that a timer takes. */
const LONGEST_MS = 2 ** 31 - 1;

/** Sockets of Deno's own API: no FFI, and TLS, which the native layer has not. Hosts may be names. */
export class DenoNetwork implements Network {
  readonly engine = "deno";
  /** Every socket that is open. */
  readonly sockets = new Set<Disposable>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  /** Who rests, to be woken at the end. */
  readonly #resting = new Set<() => void>();
  #closed = false;

  now(): number {
    return performance.now();
  }

  schedule(at: number, callback: () => void): Cancel {
    const delay = Math.max(0, Math.min(Math.ceil(at - this.now()), LONGEST_MS));
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      callback();
    }, delay);
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
      clearTimeout(timer);
    };
  }

  /** Resolves after some time, or when all this ends. */
  rest(milliseconds: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.schedule(this.now() + milliseconds, () => {
        this.#resting.delete(end);
        resolve();
      });
      const end = () => {
        cancel();
        resolve();
      };
      this.#resting.add(end);
    });
  }

  /**
   * Asked right before a socket is opened: nobody would close it any more.
   *
   * @throws {Error} when this network was disposed of
   */
  requireOpen(): void {
    if (this.#closed) throw new Error("The network is closed");
  }

  async listen(
    at: SocketName,
    options: ListenOptions,
    handler: ListenHandler,
  ): Promise<Listener> {
    refuse(options, ["sendBuffer", "receiveBuffer", "reusePort", "ipv6Only"]);
    refusePath(at);
    this.requireOpen();
    if ("path" in at) {
      await pathIsFree(at.path);
      await removeStale(at.path, () => isListening(at.path));
      this.requireOpen();
      return await atPath(at.path, (path) => {
        const listener = Deno.listen({ transport: "unix", path });
        return new DenoListener(this, at, listener, options, handler);
      });
    }
    const tcp = {
      hostname: at.host,
      port: at.port,
      ...(options.backlog === undefined ? {} : { tcpBacklog: options.backlog }),
    };
    const { tls } = options;
    const listener = tls === undefined
      ? Deno.listen(tcp)
      : Deno.listenTls({ ...tcp, cert: tls.certificate, key: tls.key });
    return new DenoListener(this, at, listener, options, handler);
  }

  connect(
    to: SocketName,
    options: ConnectOptions,
    handler: StreamHandler,
  ): StreamConnection {
    refuse(options, ["sendBuffer", "receiveBuffer"]);
    refusePath(to);
    this.requireOpen();
    const stream = new DenoStream(this, to);
    stream.connect((signal) => connectTo(to, options, signal), handler);
    return stream;
  }

  async bind(
    at: SocketName,
    options: DatagramOptions,
    handler: DatagramHandler,
  ): Promise<DatagramSocket> {
    refuse(options, ["sendBuffer", "receiveBuffer", "reusePort"]);
    refusePath(at);
    this.requireOpen();
    if (!("path" in at)) {
      return await DenoUdpSocket.open(this, { local: at }, options, handler);
    }
    await removeStale(at.path, () => isListening(at.path));
    this.requireOpen();
    return await atPath(at.path, (path) => {
      const socket = listenUnixDatagram(path);
      return new DenoUnixDatagramSocket(this, socket, options, handler);
    });
  }

  async associate(
    to: SocketName,
    options: DatagramOptions,
    handler: DatagramHandler,
  ): Promise<DatagramSocket> {
    refuse(options, ["sendBuffer", "receiveBuffer", "reusePort"]);
    this.requireOpen();
    if (!("path" in to)) {
      return await DenoUdpSocket.open(this, { remote: to }, options, handler);
    }
    // Answers need a name to go to, and Deno binds to paths only.
    throw new UnsupportedError(
      "Clients of Unix datagram sockets need the native engine",
    );
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const socket of [...this.sockets]) socket[Symbol.dispose]();
    for (const end of this.#resting) end();
  }

  // deno-lint-ignore require-await -- the interface has it asynchronous
  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
  }
}

async function connectTo(
  to: SocketName,
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<DenoConn> {
  if ("path" in to) {
    return await atPath(
      to.path,
      (path) => Deno.connect({ transport: "unix", path }),
    );
  }
  const conn = await Deno.connect({
    hostname: to.host,
    port: to.port,
    signal,
  });
  const { tls } = options;
  try {
    setStreamOptions(conn, options);
    if (tls === undefined) return conn;
    const secure = await Deno.startTls(conn, {
      // A zone is of this machine only, and in no certificate.
      hostname: withoutZone(tls.serverName),
      ...(tls.certificates === undefined
        ? {}
        : { caCerts: [...tls.certificates] }),
    });
    await completeHandshake(secure, signal);
    return secure;
  } catch (error) {
    closeIfOpen(conn);
    throw error;
  }
}

/** Closes a connection unless that was done: TLS takes it over, and may fail afterwards. */
function closeIfOpen(conn: DenoConn): void {
  try {
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

function listenUnixDatagram(path: string): Deno.DatagramConn {
  // deno check knows it; without --unstable-net, it is not there.
  const { listenDatagram } = Deno as Partial<
    Pick<typeof Deno, "listenDatagram">
  >;
  if (listenDatagram === undefined) {
    throw new UnsupportedError(
      "Unix datagram sockets need the native engine, or deno run --unstable-net",
    );
  }
  return listenDatagram({ transport: "unixpacket", path });
}

async function isListening(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.ConnectionRefused);
  }
}

/** Opens a socket at a path as the system has it: there, an abstract name begins with a NUL (unix(7)). */
async function atPath<T>(
  path: string,
  open: (path: string) => T | Promise<T>,
): Promise<T> {
  if (!path.startsWith("@")) return await open(path);
  try {
    return await open(`\0${path.slice(1)}`);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UnsupportedError(
      "This version of Deno has no abstract Unix sockets: they take the native engine",
    );
  }
}

/** @throws {UnsupportedError} for a Unix socket, where Deno has none */
function refusePath(name: SocketName): void {
  if ("path" in name && Deno.build.os === "windows") {
    throw new UnsupportedError("Deno has no Unix sockets on Windows");
  }
}

/** The system's names of options that Deno's API has not. */
const LACKING = {
  sendBuffer: "SO_SNDBUF",
  receiveBuffer: "SO_RCVBUF",
  reusePort: "SO_REUSEPORT",
  ipv6Only: "IPV6_V6ONLY",
} as const;

/** @throws {UnsupportedError} when one of these options is set */
function refuse<T extends keyof typeof LACKING>(
  options: { readonly [K in T]?: unknown },
  names: readonly T[],
): void {
  for (const name of names) {
    const value = options[name];
    if (value === undefined || value === false) continue;
    throw new UnsupportedError(
      `Deno's own sockets have no ${LACKING[name]}: it takes the native engine`,
    );
  }
}
