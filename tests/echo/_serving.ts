/** An echo server in a test, and clients to ask it with. */

import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { serveEcho } from "../../lib/echo/server.ts";
import type {
  EchoServer,
  EchoServerEvent,
  EchoServerOptions,
} from "../../lib/echo/server_types.ts";
import { parseEndpoint } from "../../lib/socket/endpoint.ts";
import { openNetwork } from "../../lib/socket/network.ts";

export { ENGINES, forEachEngine } from "../engines.ts";

type EventOf<T extends EchoServerEvent["type"]> = Extract<
  EchoServerEvent,
  { type: T }
>;

/** A server, and everything that it has told so far. */
export class Serving implements AsyncDisposable {
  readonly server: EchoServer;
  readonly events: readonly EchoServerEvent[];
  readonly #waiting: Set<() => void>;

  private constructor(
    server: EchoServer,
    events: readonly EchoServerEvent[],
    waiting: Set<() => void>,
  ) {
    this.server = server;
    this.events = events;
    this.#waiting = waiting;
  }

  static async start(
    endpoints: readonly string[],
    options: EchoServerOptions,
  ): Promise<Serving> {
    const events: EchoServerEvent[] = [];
    const waiting = new Set<() => void>();
    const server = await serveEcho(endpoints, {
      graceMs: 200,
      ...options,
      onEvent(event) {
        events.push(event);
        for (const look of [...waiting]) look();
      },
    });
    return new Serving(server, events, waiting);
  }

  /** The port of an endpoint, by its place. */
  port(i = 0): number {
    return Number(/:(\d+)$/.exec(this.server.endpoints[i]!)![1]);
  }

  /** Every event of a type so far. */
  all<T extends EchoServerEvent["type"]>(type: T): EventOf<T>[] {
    return this.events.filter((event): event is EventOf<T> =>
      event.type === type
    );
  }

  /** The n-th event of a type, as soon as there is one. */
  async event<T extends EchoServerEvent["type"]>(
    type: T,
    n = 1,
  ): Promise<EventOf<T>> {
    for (;;) {
      const event = this.all(type)[n - 1];
      if (event !== undefined) return event;
      await new Promise<void>((resolve) => {
        const look = () => {
          this.#waiting.delete(look);
          resolve();
        };
        this.#waiting.add(look);
      });
    }
  }

  /** Connects to the TCP endpoint at a place. */
  async connect(i = 0): Promise<Deno.Conn> {
    return await Deno.connect({ hostname: "127.0.0.1", port: this.port(i) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
  }
}

/** Connects, sends some bytes, and resets the connection when they have come back. */
export async function resetAfterEcho(port: number): Promise<void> {
  using network = await openNetwork("native");
  const endpoint = parseEndpoint(`tcp://127.0.0.1:${port}`);
  const place = await network.resolve(endpoint);
  await new Promise<void>((resolve, reject) => {
    const connection = network.connect(place, {}, {
      opened: () => connection.write(encode("about to go")),
      data() {
        connection.close("reset");
        resolve();
      },
      end() {},
      drained() {},
      closed: (error) => reject(error ?? new Error("closed")),
    });
  });
}

/** Writes every byte. */
export async function writeAll(
  conn: Deno.Conn,
  bytes: Uint8Array,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await conn.write(bytes.subarray(at));
  }
}

/** Reads exactly so many bytes, or less at the end of the stream. */
export async function read(
  conn: Deno.Conn,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const count = await conn.read(bytes.subarray(at));
    if (count === null) break;
    at += count;
  }
  return bytes.subarray(0, at);
}

/** Reads to the end of the stream. */
export async function readToEnd(conn: Deno.Conn): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const buffer = new Uint8Array(65_536);
  for (let count; (count = await conn.read(buffer)) !== null;) {
    chunks.push(buffer.slice(0, count));
  }
  const bytes = new Uint8Array(
    chunks.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

export const encode = (text: string) => new TextEncoder().encode(text);
export const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** A UDP socket of a client. */
export class UdpClient implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #received: { text: string; from: RemoteInfo }[] = [];
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("message", (bytes: Uint8Array, from: RemoteInfo) => {
      this.#received.push({ text: decode(bytes), from });
      this.#wake?.();
    });
  }

  static async bind(address = "127.0.0.1", port = 0): Promise<UdpClient> {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind({ address, port }, resolve);
    });
    return new UdpClient(socket);
  }

  send(text: string, port: number, address = "127.0.0.1"): void {
    this.#socket.send(encode(text), port, address);
  }

  /** The next datagram. */
  async receive(): Promise<string> {
    while (this.#received.length === 0) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#received.shift()!.text;
  }

  /** How many have come that were not asked for yet. */
  get waiting(): number {
    return this.#received.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }
}
