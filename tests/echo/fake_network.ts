/**
 * A network that exists only in memory, with a clock that moves only while
 * somebody waits: what happens to connections and datagrams on their way is
 * written down in a script.
 */

import { setImmediate } from "node:timers";
import { SystemError } from "../../lib/os/errno.ts";
import type {
  Cancel,
  DatagramHandler,
  DatagramOptions,
  DatagramPeer,
  DatagramSocket,
  Listener,
  ListenHandler,
  ListenOptions,
  SocketName,
  StreamConnection,
  StreamHandler,
} from "../../lib/os/network.ts";
import {
  type Endpoint,
  formatName,
  parseEndpoint,
} from "../../lib/socket/endpoint.ts";
import type {
  Place,
  ScopedConnectOptions,
  ScopedNetwork,
} from "../../lib/socket/network.ts";
import { Schedule } from "../netlab/internet/schedule.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What arrives of a datagram that was sent, and how much later than is usual. */
export interface Arrival {
  readonly bytes: Bytes;
  readonly afterMs?: number;
}

/** How the network behaves. */
export interface Script {
  /** From one end to the other. Default 1. */
  readonly delayMs?: number;
  /** The most that one read of a stream returns. Default 65,536. */
  readonly readBytes?: number;
  /** Bytes of a stream that are on their way before its writer has to wait. Default 65,536. */
  readonly capacity?: number;
  /** Hosts that answer nothing, not even a handshake. */
  readonly silent?: readonly string[];
  /** What becomes of a datagram; `index` counts those of its direction from 0. Default: it arrives. */
  readonly datagram?: (
    bytes: Bytes,
    index: number,
    direction: "to-server" | "to-client",
  ) => readonly Arrival[];
}

/** The address of every client. */
export const CLIENT = "192.0.2.1";
const FIRST_PORT = 50_000;

function refused(operation: string): SystemError {
  return new SystemError(operation, 111, "ECONNREFUSED", "Connection refused");
}

function reset(): SystemError {
  return new SystemError("read", 104, "ECONNRESET", "Connection reset by peer");
}

/** The network, and its clock. */
export class FakeNetwork implements ScopedNetwork {
  readonly engine = "native";
  readonly script: Required<Script>;
  /** Sockets that nobody has closed. */
  readonly open = new Set<unknown>();
  readonly listeners = new Map<string, ListenHandler>();
  readonly sockets = new Map<string, FakeDatagramSocket>();
  isDisposed = false;
  readonly #schedule = new Schedule<() => void>();
  #now = 1000;
  #ports = FIRST_PORT;

  constructor(script: Script = {}) {
    this.script = {
      delayMs: 1,
      readBytes: 65_536,
      capacity: 65_536,
      silent: [],
      datagram: (bytes) => [{ bytes }],
      ...script,
    };
  }

  now(): number {
    return this.#now;
  }

  schedule(at: number, callback: () => void): Cancel {
    let isCancelled = false;
    this.#schedule.add(Math.max(at, this.#now), () => {
      if (!isCancelled && !this.isDisposed) callback();
    });
    return () => {
      isCancelled = true;
    };
  }

  after(ms: number, callback: () => void): Cancel {
    return this.schedule(this.#now + ms, callback);
  }

  /** Lets time pass until a promise is settled. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = () => {
      isSettled = true;
    };
    promise.then(settled, settled);
    for (;;) {
      // Whoever waits for a promise gets to run before time goes on.
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (isSettled) return await promise;
      if (this.#schedule.nextAt === Infinity) {
        throw new Error("Waits for what never happens");
      }
      this.#now = Math.max(this.#now, this.#schedule.nextAt);
      this.#schedule.take(this.#now)!();
    }
  }

  resolve(endpoint: Endpoint): Promise<Place> {
    const name: SocketName = "path" in endpoint
      ? { path: endpoint.path }
      : { host: endpoint.host || "127.0.0.1", port: endpoint.port };
    return Promise.resolve({ endpoint, name });
  }

  clientName(to: SocketName): SocketName {
    return "path" in to ? { path: "" } : { host: CLIENT, port: this.#ports++ };
  }

  /** Listens for streams, without ceremony. */
  serve(
    endpoint: string,
    accept: (connection: StreamConnection) => StreamHandler,
  ): void {
    const { path, host, port } = parseEndpoint(endpoint) as {
      path?: string;
      host: string;
      port: number;
    };
    const name = path === undefined ? { host, port } : { path };
    this.listeners.set(formatName(name), { accept, refused() {} });
  }

  listen(
    at: Place,
    _options: ListenOptions,
    handler: ListenHandler,
  ): Promise<Listener> {
    const key = formatName(at.name);
    this.listeners.set(key, handler);
    this.open.add(handler);
    return Promise.resolve({
      name: at.name,
      [Symbol.dispose]: () => {
        this.listeners.delete(key);
        this.open.delete(handler);
      },
    });
  }

  connect(
    to: Place,
    _options: ScopedConnectOptions,
    handler: StreamHandler,
  ): StreamConnection {
    const client = new FakeStream(this, this.clientName(to.name), to.name);
    client.handler = handler;
    if (this.#isSilent(to.name)) return client;
    this.after(2 * this.script.delayMs, () => {
      if (client.isClosed) return;
      const listener = this.listeners.get(formatName(to.name));
      const server = new FakeStream(this, to.name, client.local);
      const serving = listener?.accept(server);
      if (serving === undefined) {
        server.close();
        return client.fail(refused("connect"));
      }
      server.handler = serving;
      server.other = client;
      client.other = server;
      handler.opened?.();
      client.flush();
    });
    return client;
  }

  #isSilent(name: SocketName): boolean {
    return "host" in name && this.script.silent.includes(name.host);
  }

  bind(
    at: Place,
    _options: DatagramOptions,
    handler: DatagramHandler,
  ): Promise<DatagramSocket> {
    const socket = new FakeDatagramSocket(this, at.name, handler, undefined);
    return Promise.resolve(socket);
  }

  associate(
    to: Place,
    _options: DatagramOptions,
    handler: DatagramHandler,
  ): Promise<DatagramSocket> {
    const name = this.clientName(to.name);
    return Promise.resolve(
      new FakeDatagramSocket(this, name, handler, to.name),
    );
  }

  // deno-lint-ignore require-await -- the interface has it asynchronous
  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.isDisposed = true;
    this.open.clear();
  }
}

/** One end of a connection. */
class FakeStream implements StreamConnection {
  readonly local: SocketName;
  readonly peer: SocketName;
  handler: StreamHandler | undefined;
  other: FakeStream | undefined;
  isClosed = false;
  readonly #network: FakeNetwork;
  /** What the system has not taken. */
  #queue: Bytes[] = [];
  #queued = 0;
  /** Bytes that the system took and the peer has not read. */
  #onTheWay = 0;
  /** What has arrived; undefined is the end. */
  readonly #inbox: (Bytes | undefined)[] = [];
  #isPaused = false;
  #isEnding = false;
  #ended = false;
  #peerEnded = false;

  constructor(network: FakeNetwork, local: SocketName, peer: SocketName) {
    this.#network = network;
    this.local = local;
    this.peer = peer;
    network.open.add(this);
  }

  get queued(): number {
    return this.#queued;
  }

  write(bytes: Bytes): void {
    if (this.isClosed || this.#isEnding) return;
    this.#queue.push(bytes.slice());
    this.#queued += bytes.length;
    this.flush();
  }

  /** Sends what there is room for. */
  flush(): void {
    const { other } = this;
    if (other === undefined || this.isClosed) return;
    if (other.isClosed && this.#queued > 0) {
      this.#network.after(0, () => this.fail(reset()));
      return;
    }
    while (this.#queue.length > 0) {
      const first = this.#queue[0]!;
      const room = this.#network.script.capacity - this.#onTheWay;
      if (room <= 0) return;
      const taken = first.subarray(0, room);
      this.#onTheWay += taken.length;
      this.#queued -= taken.length;
      if (taken.length === first.length) this.#queue.shift();
      else this.#queue[0] = first.subarray(room);
      this.#send(taken);
    }
    if (this.#isEnding && !this.#ended) {
      this.#ended = true;
      this.#send(undefined);
      this.#finishIfOver();
    }
  }

  #send(what: Bytes | undefined): void {
    const { other } = this;
    this.#network.after(this.#network.script.delayMs, () => {
      other!.#inbox.push(what);
      other!.#read();
    });
  }

  /** Hands over what has arrived, a read at a time. */
  #read(): void {
    if (this.isClosed || this.#isPaused || this.#inbox.length === 0) return;
    const first = this.#inbox[0];
    if (first === undefined) {
      this.#inbox.shift();
      this.#peerEnded = true;
      this.handler!.end();
      return this.#finishIfOver();
    }
    const { readBytes } = this.#network.script;
    if (first.length > readBytes) this.#inbox[0] = first.subarray(readBytes);
    else this.#inbox.shift();
    const bytes = first.slice(0, readBytes);
    this.handler!.data(bytes);
    if (this.other !== undefined) this.other.#wasRead(bytes.length);
    this.#network.after(0, () => this.#read());
  }

  #wasRead(bytes: number): void {
    this.#onTheWay -= bytes;
    const wasQueued = this.#queued > 0;
    this.flush();
    if (wasQueued && this.#queued === 0 && !this.isClosed) {
      this.#network.after(0, () => {
        if (!this.isClosed) this.handler!.drained();
      });
    }
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#network.after(0, () => this.#read());
  }

  end(): void {
    if (this.isClosed || this.#isEnding) return;
    this.#isEnding = true;
    this.flush();
  }

  #finishIfOver(): void {
    if (!this.#ended || !this.#peerEnded || this.isClosed) return;
    this.#network.after(0, () => {
      if (this.isClosed) return;
      this.#close();
      this.handler!.closed();
    });
  }

  fail(error: Error): void {
    if (this.isClosed) return;
    this.#close();
    this.handler!.closed(error);
  }

  close(how?: "reset"): void {
    if (this.isClosed) return;
    const { other } = this;
    if (how === "reset" && other !== undefined) {
      this.#network.after(
        this.#network.script.delayMs,
        () => other.fail(reset()),
      );
    } else if (!this.#ended) {
      this.#ended = true;
      if (other !== undefined) this.#send(undefined);
    }
    this.#close();
  }

  #close(): void {
    this.isClosed = true;
    this.#network.open.delete(this);
  }
}

/** A socket for datagrams. */
class FakeDatagramSocket implements DatagramSocket, DatagramPeer {
  readonly name: SocketName;
  readonly #network: FakeNetwork;
  readonly #handler: DatagramHandler;
  readonly #to: SocketName | undefined;
  #sent = 0;

  constructor(
    network: FakeNetwork,
    name: SocketName,
    handler: DatagramHandler,
    to: SocketName | undefined,
  ) {
    this.name = name;
    this.#network = network;
    this.#handler = handler;
    this.#to = to;
    network.open.add(this);
    network.sockets.set(formatName(name), this);
  }

  get port(): number {
    return "port" in this.name ? this.name.port : 0;
  }

  keep(): DatagramPeer {
    return this;
  }

  send(bytes: Bytes, to?: DatagramPeer): boolean {
    const network = this.#network;
    const { script } = network;
    const direction = this.#to === undefined ? "to-client" : "to-server";
    const name = formatName(this.#to ?? to!.name);
    for (
      const { bytes: arriving, afterMs = 0 } of script.datagram(
        bytes.slice(),
        this.#sent++,
        direction,
      )
    ) {
      network.after(script.delayMs + afterMs, () => {
        const receiver = network.sockets.get(name);
        if (receiver !== undefined) {
          receiver.#handler.datagram(arriving, this, arriving.length);
        } else if (this.#to !== undefined && network.open.has(this)) {
          network.after(
            script.delayMs,
            () => this.#handler.error(refused("receive")),
          );
        }
      });
    }
    return true;
  }

  [Symbol.dispose](): void {
    this.#network.open.delete(this);
    this.#network.sockets.delete(formatName(this.name));
  }
}

/** A server's side of a connection that sends back what it reads, changed by `change`. */
export function echoing(
  change: (bytes: Bytes) => Bytes | undefined = (bytes) => bytes,
): (connection: StreamConnection) => StreamHandler {
  return (connection) => ({
    data(bytes) {
      const answer = change(bytes);
      if (answer !== undefined) connection.write(answer);
    },
    end: () => connection.end(),
    drained() {},
    closed() {},
  });
}

/** A datagram socket that sends back what it receives, changed by `change`. */
export async function echoDatagrams(
  network: FakeNetwork,
  endpoint: string,
  change: (bytes: Bytes) => Bytes | undefined = (bytes) => bytes,
): Promise<void> {
  const place = await network.resolve(parseEndpoint(endpoint));
  const socket = await network.bind(place, { maxDatagram: 65_535 }, {
    datagram(bytes, from) {
      const answer = change(bytes);
      if (answer !== undefined) socket.send(answer, from);
    },
    error() {},
    drained() {},
  });
}
