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
import { SOCK_DGRAM, SOCK_STREAM } from "./constants.ts";
import { LinuxDatagramSocket } from "./datagram.ts";
import { LinuxEventLoop } from "./event_loop.ts";
import { isReceiving, LinuxListener } from "./listener.ts";
import { connectStream } from "./stream.ts";
import { Timers } from "./timers.ts";

/** Sockets on one event loop, which runs as long as this exists. */
export class LinuxNetwork implements Network {
  readonly engine = "native";
  readonly loop = new LinuxEventLoop();
  /** Every socket that is open. */
  readonly sockets = new Set<Disposable>();
  readonly #timers = new Timers();
  readonly #running: Promise<void>;
  #closed = false;

  constructor() {
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    // Nothing is to be done before the program has opened its sockets.
    await undefined;
    while (!this.#closed) {
      await this.loop.dispatch(this.#timers.next);
      if (this.#closed || !this.#timers.run(this.now())) continue;
      // What was put off to the end of their moment, such as sending datagrams, is done before the next wait.
      await undefined;
      this.loop.expectAnswer();
    }
  }

  now(): number {
    return this.loop.now();
  }

  schedule(at: number, callback: () => void): Cancel {
    const isSooner = at < this.#timers.next;
    const cancel = this.#timers.add(at, callback);
    if (isSooner && this.loop.isWaiting) this.loop.wake();
    return cancel;
  }

  /** Calls back as soon as what runs now has returned to the loop. */
  later(callback: () => void): void {
    this.schedule(0, callback);
  }

  async listen(
    at: SocketName,
    options: ListenOptions,
    handler: ListenHandler,
  ): Promise<Listener> {
    this.#requireOpen();
    await makeRoom(at, SOCK_STREAM);
    this.#requireOpen();
    return new LinuxListener(this, at, options, handler);
  }

  connect(
    to: SocketName,
    options: ConnectOptions,
    handler: StreamHandler,
  ): StreamConnection {
    this.#requireOpen();
    return connectStream(this, to, options, handler);
  }

  async bind(
    at: SocketName,
    options: DatagramOptions,
    handler: DatagramHandler,
  ): Promise<DatagramSocket> {
    this.#requireOpen();
    await makeRoom(at, SOCK_DGRAM);
    this.#requireOpen();
    return new LinuxDatagramSocket(this, { local: at }, options, handler);
  }

  // deno-lint-ignore require-await
  async associate(
    to: SocketName,
    options: DatagramOptions,
    handler: DatagramHandler,
  ): Promise<DatagramSocket> {
    this.#requireOpen();
    return new LinuxDatagramSocket(this, { remote: to }, options, handler);
  }

  /** Asked right before a socket is opened: nobody would close it any more. */
  #requireOpen(): void {
    if (this.#closed) throw new Error("The network is closed");
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timers.clear();
    for (const socket of [...this.sockets]) socket[Symbol.dispose]();
    this.loop[Symbol.dispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
    await this.#running;
  }
}

/** Removes what a server left at the path of a Unix socket. */
async function makeRoom(at: SocketName, type: number): Promise<void> {
  if (!("path" in at)) return;
  await removeStale(at.path, () => isReceiving(at.path, type));
}
