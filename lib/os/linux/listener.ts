import type {
  Listener,
  ListenHandler,
  ListenOptions,
  SocketName,
} from "../network.ts";
import { SocketFile } from "../unix_socket_file.ts";
import * as c from "./constants.ts";
import type { LinuxEventLoop, Ready } from "./event_loop.ts";
import { check, errno, type Libc, libc, systemError } from "./libc.ts";
import type { LinuxNetwork } from "./network.ts";
import { SOCKADDR_UN_BYTES } from "./sockaddr.ts";
import { decodeName, encodeName, familyOfName } from "./socket_name.ts";
import {
  closing,
  interfaceIndex,
  openSocket,
  setOption,
  socketName,
} from "./socket.ts";
import {
  bindTo,
  setBuffers,
  setStreamOptions,
  shareName,
} from "./socket_options.ts";
import { LinuxStream } from "./stream.ts";

/** Connections that are accepted before others get their turn. */
const ACCEPTS_A_TURN = 64;
const DEFAULT_BACKLOG = 511;
/** How long a listener rests when the system has no room for one more connection. */
const REST_MS = 100;

/** A descriptor or memory is lacking. The connection waits on, and would be reported without end. */
const NO_ROOM: ReadonlySet<number> = new Set([
  c.EMFILE,
  c.ENFILE,
  c.ENOBUFS,
  c.ENOMEM,
]);

/** A listening socket. */
export class LinuxListener implements Listener, Ready {
  readonly name: SocketName;
  readonly #libc: Libc = libc();
  readonly #network: LinuxNetwork;
  readonly #loop: LinuxEventLoop;
  readonly #socket: number;
  readonly #handler: ListenHandler;
  readonly #address = new Uint8Array(new ArrayBuffer(SOCKADDR_UN_BYTES));
  readonly #length = new Int32Array(1);
  readonly #lengthBytes = new Uint8Array(this.#length.buffer);
  #file: SocketFile | undefined;
  /** Given up to accept, and turn away, a connection when descriptors run out. */
  #spare: number;
  #closed = false;

  constructor(
    network: LinuxNetwork,
    at: SocketName,
    options: ListenOptions,
    handler: ListenHandler,
  ) {
    this.#network = network;
    this.#loop = network.loop;
    this.#handler = handler;
    const family = familyOfName(at);
    this.#socket = openSocket(family, c.SOCK_STREAM, 0, "a socket");
    this.name = closing(this.#socket, () => {
      if (family !== "unix") {
        setOption(
          this.#socket,
          c.SOL_SOCKET,
          c.SO_REUSEADDR,
          1,
          "SO_REUSEADDR",
        );
      }
      shareName(this.#socket, family, options);
      // What is accepted inherits these.
      setBuffers(this.#socket, options);
      setStreamOptions(this.#socket, family, options);
      bindTo(this.#socket, at);
      // Nobody can connect before it listens.
      if ("path" in at) this.#file = new SocketFile(at.path, options.mode);
      check(
        this.#libc.listen(this.#socket, options.backlog ?? DEFAULT_BACKLOG),
        "listen",
      );
      const bytes = socketName(this.#socket);
      return "path" in at ? at : decodeName(bytes, bytes.length);
    });
    this.#spare = this.#openSpare();
    network.sockets.add(this);
    this.#loop.add(this.#socket, c.EPOLLIN, this);
  }

  #openSpare(): number {
    return this.#libc.eventfd(0, c.EFD_CLOEXEC);
  }

  ready(): void {
    for (let i = 0; i < ACCEPTS_A_TURN && !this.#closed; i++) {
      const socket = this.#accept();
      if (socket < 0) {
        const error = errno();
        if (NO_ROOM.has(error)) this.#turnAway(error);
        return;
      }
      const peer = decodeName(this.#address, this.#length[0]!);
      const stream = new LinuxStream(this.#network, socket, peer, false);
      const handler = this.#handler.accept(stream);
      if (handler === undefined) stream.close();
      else stream.start(handler);
    }
  }

  #accept(): number {
    this.#length[0] = this.#address.length;
    return this.#libc.accept4(
      this.#socket,
      this.#address,
      this.#lengthBytes,
      c.SOCK_NONBLOCK | c.SOCK_CLOEXEC,
    );
  }

  /** There is no room: turns one connection away, which would wait in vain, and rests where even that fails. */
  #turnAway(error: number): void {
    if (this.#spare >= 0) {
      this.#libc.close(this.#spare);
      const socket = this.#accept();
      if (socket >= 0) this.#libc.close(socket);
      this.#spare = this.#openSpare();
      this.#handler.refused(systemError("accept a connection", error));
      if (socket >= 0) return;
    }
    this.#loop.change(this.#socket, 0);
    this.#network.schedule(this.#network.now() + REST_MS, () => {
      if (this.#closed) return;
      if (this.#spare < 0) this.#spare = this.#openSpare();
      this.#loop.change(this.#socket, c.EPOLLIN);
    });
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#network.sockets.delete(this);
    this.#loop.forget(this.#socket);
    this.#libc.close(this.#socket);
    this.#file?.[Symbol.dispose]();
    if (this.#spare >= 0) this.#libc.close(this.#spare);
  }
}

/** Whether somebody receives at the path of a Unix socket. */
export function isReceiving(path: string, type: number): boolean {
  const socket = openSocket("unix", type, 0, "a socket");
  const name = encodeName({ path }, interfaceIndex);
  const status = libc().connect(socket, name, name.length);
  const error = status < 0 ? errno() : 0;
  libc().close(socket);
  return error !== c.ECONNREFUSED;
}
