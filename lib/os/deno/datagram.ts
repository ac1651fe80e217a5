import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
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

/** Datagrams that may be on their way to the system at one time. */
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

/** What sockets of both kinds have: a bound on what is on its way, and an end. */
abstract class Base implements DatagramSocket, Disposable {
  abstract readonly name: SocketName;
  protected readonly network: DenoNetwork;
  protected readonly handler: DatagramHandler;
  protected readonly maxDatagram: number;
  protected isClosed = false;
  #queued = 0;
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
    if (this.#queued >= MAX_QUEUED) {
      this.#isRefusing = true;
      return false;
    }
    this.#queued++;
    this.#send(bytes.slice(), to);
    return true;
  }

  async #send(
    bytes: Uint8Array<ArrayBuffer>,
    to: DatagramPeer | undefined,
  ): Promise<void> {
    try {
      await this.transmit(bytes, to?.name);
    } catch (error) {
      if (!this.isClosed) this.handler.error(error as Error, to);
    }
    this.#queued--;
    if (this.isClosed || !this.#isRefusing) return;
    this.#isRefusing = false;
    this.handler.drained();
  }

  [Symbol.dispose](): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.network.sockets.delete(this);
    this.close();
  }
}

/** The system's words for what may refuse a socket; node:dgram says `bind EADDRINUSE 127.0.0.1:7`. */
const WORDS: Readonly<Record<string, string>> = {
  EACCES: "Permission denied",
  EADDRINUSE: "Address already in use",
  EADDRNOTAVAIL: "Cannot assign requested address",
  EAFNOSUPPORT: "Address family not supported by protocol",
};

function inWords(error: unknown): unknown {
  const { code, errno } = error as { code?: string; errno?: number };
  const words = WORDS[code ?? ""];
  return words === undefined
    ? error
    : new SystemError("bind", Math.abs(errno ?? 0), code!, words);
}

/** A UDP socket of node:dgram, which needs no flag, as `Deno.listenDatagram` does. */
export class DenoUdpSocket extends Base {
  readonly name: SocketName;
  readonly #socket: Socket;

  private constructor(
    network: DenoNetwork,
    socket: Socket,
    options: DatagramOptions,
    handler: DatagramHandler,
  ) {
    super(network, options, handler);
    this.#socket = socket;
    const { address, port } = socket.address();
    this.name = { host: address, port };
    socket.on("message", (bytes: Uint8Array, from: RemoteInfo) => {
      if (this.isClosed) return;
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
        else socket.connect(port, host, resolve);
      });
    } catch (error) {
      socket.close();
      throw inWords(error);
    }
    return new DenoUdpSocket(network, socket, options, handler);
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

/** A Unix datagram socket, where `deno run --unstable-net` offers them. */
export class DenoUnixDatagramSocket extends Base {
  readonly name: SocketName;
  readonly #socket: Deno.DatagramConn;
  readonly #remote: SocketName | undefined;
  readonly #file: SocketFile;

  /** @param remote whom it talks to, if to one only */
  constructor(
    network: DenoNetwork,
    socket: Deno.DatagramConn,
    remote: SocketName | undefined,
    options: DatagramOptions,
    handler: DatagramHandler,
  ) {
    super(network, options, handler);
    this.#socket = socket;
    this.#remote = remote;
    this.name = nameOf(socket.addr);
    const path = "path" in this.name ? this.name.path : "";
    this.#file = new SocketFile(path, options.mode);
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
    const { path } = (to ?? this.#remote) as { path: string };
    await this.#socket.send(bytes, { transport: "unixpacket", path });
  }

  protected override close(): void {
    this.#socket.close();
    this.#file[Symbol.dispose]();
  }
}
