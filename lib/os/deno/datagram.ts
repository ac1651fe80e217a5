import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { withoutZone } from "../../wire/address.ts";
import { SystemError } from "../errno.ts";
import type {
  DatagramHandler,
  DatagramOptions,
  DatagramPeer,
  DatagramSocket,
  SocketName,
} from "../network.ts";
import { SocketFile } from "../unix_socket_file.ts";
import type { DenoNetwork } from "./network.ts";
import { nameOf } from "./stream.ts";

/** Datagrams that may wait for the system at one time. */
const MAX_QUEUED = 64;

/** Nothing of it is used again, so it may be kept as it is. */
class Peer implements DatagramPeer {
  readonly name: SocketName;

  constructor(name: SocketName) {
    this.name = name;
  }

  get port(): number {
    return "port" in this.name ? this.name.port : 0;
  }

  keep(): Peer {
    return this;
  }
}

/** The system's words for what may go wrong; node:dgram says `bind EADDRINUSE 127.0.0.1:7`. */
const WORDS: Readonly<Record<string, string>> = {
  EACCES: "Permission denied",
  EADDRINUSE: "Address already in use",
  EADDRNOTAVAIL: "Cannot assign requested address",
  EAFNOSUPPORT: "Address family not supported by protocol",
  EHOSTUNREACH: "No route to host",
  EMSGSIZE: "Message too long",
  ENETUNREACH: "Network is unreachable",
};

function inWords(error: unknown, operation: string): unknown {
  const { code, errno } = error as { code?: string; errno?: number };
  const words = WORDS[code ?? ""];
  return words === undefined
    ? error
    : new SystemError(operation, Math.abs(errno ?? 0), code!, words);
}

interface Outgoing {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly to: DatagramPeer | undefined;
}

/** What sockets of both kinds have: a bound on what is on its way, and an end. */
abstract class Base implements DatagramSocket, Disposable {
  abstract readonly name: SocketName;
  protected readonly network: DenoNetwork;
  protected readonly handler: DatagramHandler;
  protected readonly maxDatagram: number;
  protected isClosed = false;
  readonly #queue: Outgoing[] = [];
  #isSending = false;
  #isRefusing = false;

  constructor(
    network: DenoNetwork,
    { maxDatagram }: DatagramOptions,
    handler: DatagramHandler,
  ) {
    this.network = network;
    this.handler = handler;
    this.maxDatagram = maxDatagram;
    network.sockets.add(this);
  }

  /** Hands one datagram to the system. */
  protected abstract transmit(
    bytes: Uint8Array<ArrayBuffer>,
    to: SocketName | undefined,
  ): Promise<void>;

  protected abstract close(): void;

  /** Tells of a datagram that arrived. */
  protected tell(bytes: Uint8Array<ArrayBuffer>, from: SocketName): void {
    this.handler.datagram(
      bytes.subarray(0, this.maxDatagram),
      new Peer(from),
      bytes.length,
    );
  }

  send(bytes: Uint8Array<ArrayBuffer>, to?: DatagramPeer): boolean {
    if (this.isClosed) return true;
    if (this.#queue.length >= MAX_QUEUED) {
      this.#isRefusing = true;
      return false;
    }
    this.#queue.push({ bytes: bytes.slice(), to });
    if (!this.#isSending) this.#sendAll();
    return true;
  }

  /** One after the other: what is handed to Deno at the same time goes out in any order. */
  async #sendAll(): Promise<void> {
    this.#isSending = true;
    for (let next; (next = this.#queue.shift()) !== undefined;) {
      try {
        await this.transmit(next.bytes, next.to?.name);
      } catch (error) {
        if (this.isClosed) return;
        const { to, bytes } = next;
        this.handler.error(inWords(error, "send") as Error, to, bytes.length);
      }
      if (this.isClosed) return;
      if (!this.#isRefusing) continue;
      this.#isRefusing = false;
      this.handler.drained();
    }
    this.#isSending = false;
  }

  [Symbol.dispose](): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.network.sockets.delete(this);
    this.close();
  }
}

type Address = Pick<RemoteInfo, "address" | "port">;

/** A UDP socket of node:dgram, which needs no flag, as `Deno.listenDatagram` does. */
export class DenoUdpSocket extends Base {
  readonly name: SocketName;
  readonly #socket: Socket;

  private constructor(
    network: DenoNetwork,
    socket: Socket,
    remote: Address | undefined,
    options: DatagramOptions,
    handler: DatagramHandler,
  ) {
    super(network, options, handler);
    this.#socket = socket;
    const { address, port } = socket.address();
    this.name = { host: address, port };
    socket.on("message", (bytes: Uint8Array, from: RemoteInfo) => {
      if (this.isClosed || !isFrom(remote, from)) return;
      this.tell(new Uint8Array(bytes), {
        host: from.address,
        port: from.port,
      });
    });
    socket.on("error", (error: Error) => {
      if (!this.isClosed) handler.error(error);
    });
  }

  /** Opens a socket that receives at a name, or talks to one only. */
  static async open(
    network: DenoNetwork,
    at: { readonly local: SocketName } | { readonly remote: SocketName },
    options: DatagramOptions,
    handler: DatagramHandler,
  ): Promise<DenoUdpSocket> {
    const { host, port } = ("local" in at ? at.local : at.remote) as {
      host: string;
      port: number;
    };
    const socket = createSocket({
      type: host.includes(":") ? "udp6" : "udp4",
      ipv6Only: options.ipv6Only ?? false,
    });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once("error", reject);
        if ("local" in at) socket.bind({ address: host, port }, resolve);
        else {
          socket.connect(
            port,
            host,
            (error?: Error) => error === undefined ? resolve() : reject(error),
          );
        }
      });
      network.requireOpen();
    } catch (error) {
      socket.close();
      throw inWords(error, "bind");
    }
    const remote = "remote" in at ? socket.remoteAddress() : undefined;
    return new DenoUdpSocket(network, socket, remote, options, handler);
  }

  protected override transmit(
    bytes: Uint8Array<ArrayBuffer>,
    to: SocketName | undefined,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error: Error | null) =>
        error === null ? resolve() : reject(error);
      if (to === undefined) this.#socket.send(bytes, done);
      else if ("port" in to) this.#socket.send(bytes, to.port, to.host, done);
    });
  }

  protected override close(): void {
    this.#socket.close();
  }
}

/** Whether a datagram is from the peer that its socket talks to: Deno's connected sockets hear everybody. */
function isFrom(peer: Address | undefined, { address, port }: Address) {
  return peer === undefined ||
    port === peer.port && withoutZone(address) === withoutZone(peer.address);
}

/** A Unix datagram socket, where `deno run --unstable-net` offers them. */
export class DenoUnixDatagramSocket extends Base {
  readonly name: SocketName;
  readonly #socket: Deno.DatagramConn;
  readonly #file: SocketFile | undefined;

  constructor(
    network: DenoNetwork,
    socket: Deno.DatagramConn,
    options: DatagramOptions,
    handler: DatagramHandler,
  ) {
    super(network, options, handler);
    this.#socket = socket;
    this.name = nameOf(socket.addr);
    const path = "path" in this.name ? this.name.path : "";
    try {
      this.#file = new SocketFile(path, options.mode);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
    this.#receive();
  }

  async #receive(): Promise<void> {
    while (!this.isClosed) {
      try {
        const [bytes, from] = await this.#socket.receive();
        if (this.isClosed) return;
        this.tell(new Uint8Array(bytes), nameOf(from));
      } catch (error) {
        if (this.isClosed) return;
        this.handler.error(error as Error);
        await this.network.rest(1);
      }
    }
  }

  protected override async transmit(
    bytes: Uint8Array<ArrayBuffer>,
    to: SocketName | undefined,
  ): Promise<void> {
    const { path } = to as { path: string };
    await this.#socket.send(bytes, { transport: "unixpacket", path });
  }

  protected override close(): void {
    this.#socket.close();
    this.#file?.[Symbol.dispose]();
  }
}
