import type {
  ConnectOptions,
  SocketName,
  StreamConnection,
  StreamHandler,
} from "../network.ts";
import * as c from "./constants.ts";
import type { LinuxEventLoop, Ready } from "./event_loop.ts";
import { errno, type Libc, libc, systemError } from "./libc.ts";
import type { LinuxNetwork } from "./network.ts";
import { setBuffers, setStreamOptions } from "./socket_options.ts";
import { decodeName, encodeName, familyOfName } from "./socket_name.ts";
import {
  closing,
  interfaceIndex,
  openSocket,
  resetAtClose,
  socketName,
  takeSocketError,
} from "./socket.ts";

/** What one read takes. */
const READ_BYTES = 65_536;
const READ_SIZE = BigInt(READ_BYTES);

/**
 * What breaks a connection. Anything else that a call fails with is taken for
 * "not now": errno may be what the runtime met in between, and a connection
 * that is broken is reported broken again.
 */
const FATAL: ReadonlySet<number> = new Set([
  c.EPIPE,
  c.ENETDOWN,
  c.ENETUNREACH,
  c.ECONNABORTED,
  c.ECONNRESET,
  c.ENOTCONN,
  c.ETIMEDOUT,
  c.ECONNREFUSED,
  c.EHOSTUNREACH,
]);

/** One buffer for all connections: what is read is handed over before the next read. */
const readBuffer = new Uint8Array(new ArrayBuffer(READ_BYTES));
/** What was handed over last. Most reads are alike, and a view takes as long to make as a short call. */
let readView = readBuffer;

/** A TCP connection, or one over a Unix socket. */
export class LinuxStream implements StreamConnection, Ready {
  readonly #libc: Libc = libc();
  readonly #network: LinuxNetwork;
  readonly #loop: LinuxEventLoop;
  readonly #socket: number;
  readonly #peer: SocketName;
  #local: SocketName | undefined;
  #handler: StreamHandler | undefined;
  /** What the system did not take yet, the oldest first. */
  #queue: Uint8Array<ArrayBuffer>[] = [];
  #queued = 0;
  /** Events that are waited for; -1 is not even errors. */
  #interest: number;
  #isConnecting: boolean;
  #isPaused = false;
  #peerEnded = false;
  #ending = false;
  #ended = false;
  #closed = false;

  constructor(
    network: LinuxNetwork,
    socket: number,
    peer: SocketName,
    isConnecting: boolean,
  ) {
    this.#network = network;
    this.#loop = network.loop;
    this.#socket = socket;
    this.#peer = peer;
    this.#isConnecting = isConnecting;
    this.#interest = isConnecting ? c.EPOLLOUT : c.EPOLLIN;
  }

  /** Begins to tell what happens. */
  start(handler: StreamHandler): void {
    this.#handler = handler;
    this.#network.sockets.add(this);
    this.#loop.add(this.#socket, this.#interest, this);
  }

  get peer(): SocketName {
    return this.#peer;
  }

  get local(): SocketName {
    const bytes = socketName(this.#socket);
    return this.#local ??= decodeName(bytes, bytes.length);
  }

  get queued(): number {
    return this.#queued;
  }

  ready(events: number): void {
    if (this.#isConnecting) return this.#connected();
    if (this.#queued > 0) this.#flush();
    if (this.#closed) return;
    if (!this.#isPaused && !this.#peerEnded) {
      this.#read(events);
    } else if ((events & (c.EPOLLERR | c.EPOLLHUP)) !== 0) {
      this.#hungUp();
    }
  }

  #connected(): void {
    const error = takeSocketError(this.#socket);
    if (error !== 0) return this.#fail("connect", error);
    this.#isConnecting = false;
    this.#handler!.opened?.();
    if (this.#closed) return;
    if (this.#queued > 0) this.#flush();
    else if (this.#ending) this.#shutDown();
    this.#update();
  }

  /** Ends a connection that the system refused at once. */
  refuse(handler: StreamHandler, error: number): void {
    this.#handler = handler;
    this.#fail("connect", error);
  }

  #read(events: number): void {
    const count = this.#libc.recv(this.#socket, readBuffer, READ_SIZE, 0);
    if (count > 0) {
      if (readView.length !== count) readView = readBuffer.subarray(0, count);
      this.#handler!.data(readView);
    } else if (count === 0) {
      this.#peerEnded = true;
      this.#update();
      this.#handler!.end();
      if (!this.#closed && this.#ended) this.#finish();
    } else {
      const error = errno();
      if (FATAL.has(error)) this.#fail("read", error);
      else if ((events & c.EPOLLERR) !== 0) this.#hungUp();
    }
  }

  /** An error is pending, or both directions are shut, while nothing is read. */
  #hungUp(): void {
    const error = takeSocketError(this.#socket);
    if (error !== 0) return this.#fail("read", error);
    // Readiness that nobody can act upon would be reported without end.
    if (this.#queued === 0) this.#watch(-1);
  }

  write(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#closed || this.#ending) return;
    const length = bytes.length;
    let sent = 0;
    if (this.#queued === 0 && !this.#isConnecting) {
      sent = this.#send(bytes);
      if (sent === length) return;
      if (sent < 0) return;
    }
    this.#queue.push(bytes.slice(sent));
    this.#queued += length - sent;
    this.#update();
  }

  /** How many bytes the system took; negative where the connection is broken, which is told later. */
  #send(bytes: Uint8Array<ArrayBuffer>): number {
    const sent = this.#libc.send(
      this.#socket,
      bytes,
      BigInt(bytes.length),
      c.MSG_NOSIGNAL,
    );
    if (sent >= 0) return sent;
    const error = errno();
    if (!FATAL.has(error)) return 0;
    this.#network.later(() => this.#fail("write", error));
    return -1;
  }

  #flush(): void {
    while (this.#queue.length > 0) {
      const first = this.#queue[0]!;
      const sent = this.#send(first);
      if (sent < 0) return;
      this.#queued -= sent;
      if (sent < first.length) {
        this.#queue[0] = first.subarray(sent);
        return;
      }
      this.#queue.shift();
    }
    if (this.#ending) this.#shutDown();
    this.#handler!.drained();
    if (!this.#closed) this.#update();
  }

  pause(): void {
    this.#isPaused = true;
    this.#update();
  }

  resume(): void {
    this.#isPaused = false;
    this.#update();
  }

  end(): void {
    if (this.#closed || this.#ending) return;
    this.#ending = true;
    if (this.#queued === 0 && !this.#isConnecting) this.#shutDown();
  }

  #shutDown(): void {
    this.#ended = true;
    // It fails where the connection is broken already, which is told anyway.
    this.#libc.shutdown(this.#socket, c.SHUT_WR);
    if (this.#peerEnded) this.#network.later(() => this.#finish());
  }

  /** Waits for what can be acted upon: bytes to read, and room for what is queued. */
  #update(): void {
    if (this.#closed) return;
    const reads = !this.#isPaused && !this.#peerEnded && !this.#isConnecting;
    const writes = this.#queued > 0 || this.#isConnecting;
    this.#watch((reads ? c.EPOLLIN : 0) | (writes ? c.EPOLLOUT : 0));
  }

  #watch(interest: number): void {
    if (interest === this.#interest) return;
    if (interest === -1) this.#loop.remove(this.#socket);
    else if (this.#interest === -1) {
      // Nothing to act upon, and hung up: it stays as it is.
      if (interest === 0) return;
      this.#loop.add(this.#socket, interest, this);
    } else this.#loop.change(this.#socket, interest);
    this.#interest = interest;
  }

  #fail(operation: string, error: number): void {
    if (this.#closed) return;
    this.close();
    this.#handler!.closed(systemError(operation, error));
  }

  #finish(): void {
    if (this.#closed) return;
    this.close();
    this.#handler!.closed();
  }

  close(reset?: "reset"): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue = [];
    this.#network.sockets.delete(this);
    this.#loop.forget(this.#socket);
    if (reset !== undefined) resetAtClose(this.#socket);
    this.#libc.close(this.#socket);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
/** Begins to connect. */
export function connectStream(
  network: LinuxNetwork,
  to: SocketName,
  options: ConnectOptions,
  handler: StreamHandler,
): LinuxStream {
  const family = familyOfName(to);
  const socket = openSocket(family, c.SOCK_STREAM, 0, "a socket");
  return closing(socket, () => {
    setStreamOptions(socket, family, options);
    setBuffers(socket, options);
    const stream = new LinuxStream(network, socket, to, true);
    const name = encodeName(to, interfaceIndex);
    const status = libc().connect(socket, name, name.length);
    const error = status < 0 ? errno() : c.EINPROGRESS;
    // connect(2) to a host never fails with ENOENT: that is the runtime's own, and the socket tells the result.
    const isUnderWay = error === c.EINPROGRESS ||
      error === c.ENOENT && family !== "unix";
    // A Unix socket that was refused is ready to write, as if it were connected.
    if (isUnderWay) stream.start(handler);
    else network.later(() => stream.refuse(handler, error));
    return stream;
  });
}
