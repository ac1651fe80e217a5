/** Both ends of sockets in a test: they write down what happens to them, and hold their network to its word. */

import { assert } from "@std/assert";
import type {
  ConnectOptions,
  DatagramHandler,
  DatagramOptions,
  DatagramPeer,
  DatagramSocket,
  Listener,
  ListenHandler,
  ListenOptions,
  Network,
  SocketName,
  StreamConnection,
  StreamHandler,
} from "../../lib/os/network.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The network of an engine. */
export async function openNetwork(
  engine: "native" | "deno",
): Promise<Network> {
  if (engine === "native") {
    const { LinuxNetwork } = await import("../../lib/os/linux/network.ts");
    return new LinuxNetwork();
  }
  const { DenoNetwork } = await import("../../lib/os/deno/network.ts");
  return new DenoNetwork();
}

export const LOOPBACK: SocketName = { host: "127.0.0.1", port: 0 };

export const encode = (text: string): Bytes => new TextEncoder().encode(text);
export const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** The bytes of a long message, alike at no two places that are near. */
export function pattern(length: number): Bytes {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 7 + (i >> 8)) & 0xff;
  return bytes;
}

/** Far more than anything on one machine takes. */
const LIMIT_MS = 10_000;

/** Waits until something holds, which is looked at again whenever something happened. */
export class Watch {
  readonly #limitMs: number;
  #changed = Promise.withResolvers<void>();

  constructor(limitMs = LIMIT_MS) {
    this.#limitMs = limitMs;
  }

  notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /**
   * @param condition what stands in the error for `holds`
   * @throws {Error} when the limit is over, so that a broken promise fails one test and holds up no other
   */
  async until(holds: () => boolean, condition: unknown = holds): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error(`${this.#limitMs} ms without ${condition}`)),
      this.#limitMs,
    );
    try {
      while (!holds()) {
        await Promise.race([this.#changed.promise, late.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

/** One end of a connection. */
export class StreamEnd implements StreamHandler {
  connection!: StreamConnection;
  isOpened = false;
  hasPeerEnded = false;
  isClosed = false;
  error: (Error & { code?: string }) | undefined;
  drains = 0;
  #received: Bytes[] = [];
  #receivedBytes = 0;
  #inside = false;
  readonly #watch = new Watch();

  #called(): void {
    assert(!this.#inside, "called back from within its own method");
    assert(!this.isClosed, "called back after the last call");
    queueMicrotask(() => this.#watch.notify());
  }

  opened(): void {
    this.#called();
    assert(!this.isOpened);
    this.isOpened = true;
  }

  data(bytes: Bytes): void {
    this.#called();
    assert(bytes.length > 0 && !this.hasPeerEnded);
    this.#received.push(bytes.slice());
    this.#receivedBytes += bytes.length;
  }

  end(): void {
    this.#called();
    assert(!this.hasPeerEnded);
    this.hasPeerEnded = true;
  }

  drained(): void {
    this.#called();
    assert(this.connection.queued === 0);
    this.drains++;
  }

  closed(error?: Error): void {
    this.#called();
    this.isClosed = true;
    this.error = error;
  }

  #call(method: () => void): void {
    this.#inside = true;
    method();
    this.#inside = false;
  }

  write(bytes: Bytes | string): void {
    const copy = typeof bytes === "string" ? encode(bytes) : bytes.slice();
    this.#call(() => this.connection.write(copy));
    // What was written is the network's own.
    copy.fill(0xee);
  }

  pause(): void {
    this.#call(() => this.connection.pause());
  }

  resume(): void {
    this.#call(() => this.connection.resume());
  }

  finish(): void {
    this.#call(() => this.connection.end());
  }

  close(reset?: "reset"): void {
    this.#call(() => this.connection.close(reset));
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Everything that has come. */
  get received(): Bytes {
    const all = new Uint8Array(this.#receivedBytes);
    let at = 0;
    for (const bytes of this.#received) {
      all.set(bytes, at);
      at += bytes.length;
    }
    return all;
  }

  /** Waits until something holds. */
  until(holds: (end: this) => boolean): Promise<void> {
    return this.#watch.until(() => holds(this), holds);
  }
}

/** A listener, and the connections that it accepted. */
export class Accepting implements ListenHandler, Disposable {
  listener!: Listener;
  readonly ends: StreamEnd[] = [];
  readonly refusals: (Error & { code?: string })[] = [];
  /** How many are turned away from now on. */
  turnAway = 0;
  readonly #watch = new Watch();

  static async at(
    network: Network,
    name: SocketName,
    options: ListenOptions = {},
  ): Promise<Accepting> {
    const accepting = new Accepting();
    accepting.listener = await network.listen(name, options, accepting);
    return accepting;
  }

  accept(connection: StreamConnection): StreamEnd | undefined {
    if (this.turnAway > 0) {
      this.turnAway--;
      return undefined;
    }
    const end = new StreamEnd();
    end.connection = connection;
    this.ends.push(end);
    this.#watch.notify();
    return end;
  }

  refused(error: Error): void {
    this.refusals.push(error);
    this.#watch.notify();
  }

  get name(): SocketName {
    return this.listener.name;
  }

  async accepted(n = 1): Promise<StreamEnd> {
    await this.#watch.until(() => this.ends.length >= n);
    return this.ends[n - 1]!;
  }

  async refusal(n = 1): Promise<Error & { code?: string }> {
    await this.#watch.until(() => this.refusals.length >= n);
    return this.refusals[n - 1]!;
  }

  [Symbol.dispose](): void {
    this.listener[Symbol.dispose]();
  }
}

/** Begins to connect. */
export function connect(
  network: Network,
  to: SocketName,
  options: ConnectOptions = {},
): StreamEnd {
  const end = new StreamEnd();
  end.connection = network.connect(to, options, end);
  return end;
}

/** Both ends of a new connection. */
export async function connected(
  network: Network,
  accepting: Accepting,
): Promise<{ client: StreamEnd; server: StreamEnd }> {
  const n = accepting.ends.length + 1;
  const client = connect(network, accepting.name);
  const server = await accepting.accepted(n);
  await client.until((end) => end.isOpened);
  return { client, server };
}

/** A datagram that was received. */
export interface Received {
  readonly text: string;
  readonly length: number;
  readonly from: DatagramPeer;
}

/** A datagram socket, and what has come. */
export class DatagramEnd implements DatagramHandler, Disposable {
  socket!: DatagramSocket;
  readonly received: Received[] = [];
  readonly errors: (Error & { code?: string })[] = [];
  drains = 0;
  readonly #watch = new Watch();

  static async at(
    network: Network,
    local: SocketName,
    options: Partial<DatagramOptions> = {},
  ): Promise<DatagramEnd> {
    const end = new DatagramEnd();
    const all = { maxDatagram: 65_535, ...options };
    end.socket = await network.bind(local, all, end);
    return end;
  }

  static async to(
    network: Network,
    remote: SocketName,
    options: Partial<DatagramOptions> = {},
  ): Promise<DatagramEnd> {
    const end = new DatagramEnd();
    const all = { maxDatagram: 65_535, ...options };
    end.socket = await network.associate(remote, all, end);
    return end;
  }

  datagram(bytes: Bytes, from: DatagramPeer, length: number): void {
    this.received.push({ text: decode(bytes), length, from: from.keep() });
    queueMicrotask(() => this.#watch.notify());
  }

  error(error: Error): void {
    this.errors.push(error);
    queueMicrotask(() => this.#watch.notify());
  }

  drained(): void {
    this.drains++;
    queueMicrotask(() => this.#watch.notify());
  }

  get name(): SocketName {
    return this.socket.name;
  }

  send(text: string, to?: DatagramPeer): boolean {
    const bytes = encode(text);
    const isTaken = this.socket.send(bytes, to);
    bytes.fill(0xee);
    return isTaken;
  }

  /** The n-th datagram, as soon as there is one. */
  async datagramNumber(n: number): Promise<Received> {
    await this.until(() => this.received.length >= n);
    return this.received[n - 1]!;
  }

  until(holds: () => boolean): Promise<void> {
    return this.#watch.until(holds);
  }

  [Symbol.dispose](): void {
    this.socket[Symbol.dispose]();
  }
}
