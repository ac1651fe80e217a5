import type {
  DatagramHandler,
  DatagramOptions,
  DatagramPeer,
  DatagramSocket,
  SocketName,
} from "../network.ts";
import { SocketFile } from "../unix_socket_file.ts";
import * as c from "./constants.ts";
import type { LinuxEventLoop, Ready } from "./event_loop.ts";
import { check, errno, type Libc, libc, systemError } from "./libc.ts";
import { MessageBatch } from "./messages.ts";
import type { LinuxNetwork } from "./network.ts";
import { portOf, type SocketFamily } from "./sockaddr.ts";
import { decodeName, encodeName, familyOfName } from "./socket_name.ts";
import { closing, interfaceIndex, openSocket, socketName } from "./socket.ts";
import { bindTo, setBuffers, shareName } from "./socket_options.ts";

/** Datagrams that one call reads or sends. */
const BATCH = 64;

/** A socket address of the system's, in memory that is used again. */
class Peer implements DatagramPeer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How much of {@linkcode bytes} it is. */
  length: number;
  readonly #family: SocketFamily;

  constructor(
    bytes: Uint8Array<ArrayBuffer>,
    length: number,
    family: SocketFamily,
  ) {
    this.bytes = bytes;
    this.length = length;
    this.#family = family;
  }

  get port(): number {
    return this.#family === "unix" ? 0 : portOf(this.bytes);
  }

  get name(): SocketName {
    return decodeName(this.bytes, this.length);
  }

  keep(): Peer {
    return new Peer(this.bytes.slice(), this.length, this.#family);
  }
}

/** A UDP socket, or a Unix one for datagrams; what comes and goes does so in batches. */
export class LinuxDatagramSocket implements DatagramSocket, Ready {
  readonly name: SocketName;
  readonly #libc: Libc = libc();
  readonly #network: LinuxNetwork;
  readonly #loop: LinuxEventLoop;
  readonly #socket: number;
  readonly #family: SocketFamily;
  readonly #handler: DatagramHandler;
  readonly #isConnected: boolean;
  #file: SocketFile | undefined;
  readonly #incoming: MessageBatch;
  readonly #outgoing: MessageBatch;
  readonly #senders: Peer[];
  /** Outgoing messages, from index {@linkcode #sent} on not sent yet. */
  #filled = 0;
  #sent = 0;
  /** The system has no room: what is outgoing waits for it. */
  #isFull = false;
  /** Somebody was told that there is no room. */
  #isRefusing = false;
  #isFlushPlanned = false;
  #closed = false;

  constructor(
    network: LinuxNetwork,
    at: { readonly local: SocketName } | { readonly remote: SocketName },
    options: DatagramOptions,
    handler: DatagramHandler,
  ) {
    this.#network = network;
    this.#loop = network.loop;
    this.#handler = handler;
    this.#isConnected = "remote" in at;
    const name = "remote" in at ? at.remote : at.local;
    const family = familyOfName(name);
    this.#family = family;
    this.#socket = openSocket(family, c.SOCK_DGRAM, 0, "a socket");
    this.name = closing(this.#socket, () => {
      shareName(this.#socket, family, options);
      setBuffers(this.#socket, options);
      if ("remote" in at) this.#connect(at.remote);
      else this.#bind(at.local, options.mode);
      const bytes = socketName(this.#socket);
      return "local" in at && "path" in at.local
        ? at.local
        : decodeName(bytes, bytes.length);
    });
    this.#incoming = new MessageBatch(family, BATCH, options.maxDatagram, 0);
    this.#outgoing = new MessageBatch(family, BATCH, options.maxDatagram, 0);
    this.#senders = this.#incoming.names.map((bytes) =>
      new Peer(bytes, bytes.length, family)
    );
    network.sockets.add(this);
    this.#loop.add(this.#socket, c.EPOLLIN, this);
  }

  #bind(at: SocketName, mode: number | undefined): void {
    bindTo(this.#socket, at);
    if ("path" in at) this.#file = new SocketFile(at.path, mode);
  }

  #connect(to: SocketName): void {
    if (this.#family === "unix") {
      // Without a name of its own (unix(7): autobind) nothing could come back.
      const anonymous = Uint8Array.of(c.AF_UNIX, 0);
      check(this.#libc.bind(this.#socket, anonymous, 2), "bind");
    }
    const name = encodeName(to, interfaceIndex);
    check(this.#libc.connect(this.#socket, name, name.length), "connect");
  }

  ready(events: number): void {
    if (this.#isFull && (events & c.EPOLLOUT) !== 0) {
      this.#isFull = false;
      this.#loop.change(this.#socket, c.EPOLLIN);
      this.#flush();
    }
    if (!this.#closed) this.#receive();
    if (!this.#closed) this.#flush();
  }

  #receive(): void {
    const batch = this.#incoming;
    batch.reset();
    const count = this.#libc.recvmmsg(
      this.#socket,
      batch.headers,
      BATCH,
      c.MSG_DONTWAIT | c.MSG_TRUNC,
      null,
    );
    if (count < 0) {
      const error = errno();
      // Datagrams are lost without a word; what the system does say is that nobody listens, or cannot be reached.
      if (error === c.ECONNREFUSED || error === c.EHOSTUNREACH) {
        this.#handler.error(systemError("receive", error));
      }
      return;
    }
    batch.used = count;
    this.#isFlushPlanned = true;
    for (let i = 0; i < count && !this.#closed; i++) {
      const length = batch.length(i);
      const sender = this.#senders[i]!;
      if (this.#family === "unix") sender.length = batch.nameLength(i);
      const room = batch.packets[i]!.length;
      this.#handler.datagram(
        batch.view(i, 0, Math.min(length, room)),
        sender,
        length,
      );
    }
    this.#isFlushPlanned = false;
  }

  send(bytes: Uint8Array<ArrayBuffer>, to?: DatagramPeer): boolean {
    if (this.#closed) return true;
    if (this.#filled === BATCH) this.#flush();
    if (this.#filled === BATCH) {
      this.#isRefusing = true;
      return false;
    }
    const i = this.#filled++;
    const batch = this.#outgoing;
    if (bytes.length > batch.packets[i]!.length) {
      this.#filled--;
      throw new RangeError(
        `A datagram of ${bytes.length} bytes is longer than maxDatagram`,
      );
    }
    batch.packets[i]!.set(bytes);
    let nameBytes = 0;
    if (to !== undefined) {
      const peer = to as Peer;
      batch.names[i]!.set(peer.bytes);
      nameBytes = peer.length;
    }
    batch.setLengths(i, bytes.length, nameBytes);
    if (!this.#isFlushPlanned && !this.#isFull) {
      this.#isFlushPlanned = true;
      queueMicrotask(() => {
        this.#isFlushPlanned = false;
        if (!this.#closed) this.#flush();
      });
    }
    return true;
  }

  #flush(): void {
    if (this.#isFull) return;
    while (this.#sent < this.#filled) {
      const count = this.#libc.sendmmsg(
        this.#socket,
        this.#outgoing.headersFrom(this.#sent),
        this.#filled - this.#sent,
        c.MSG_DONTWAIT | c.MSG_NOSIGNAL,
      );
      if (count > 0) this.#sent += count;
      else if (!this.#skip(errno())) return;
      if (this.#closed) return;
    }
    this.#sent = 0;
    this.#filled = 0;
    if (this.#isRefusing) {
      this.#isRefusing = false;
      this.#handler.drained();
    }
  }

  /** Deals with a message that the system does not take; returns whether to go on. */
  #skip(error: number): boolean {
    // Whether one recipient among many has room again, the system does not tell.
    const canWait = this.#family !== "unix" || this.#isConnected;
    if (error === c.EAGAIN && canWait) {
      this.#isFull = true;
      this.#loop.change(this.#socket, c.EPOLLIN | c.EPOLLOUT);
      return false;
    }
    if (error === c.ECONNREFUSED && this.#family !== "unix") {
      // What became of the one before; this one was not tried (udp(7)).
      this.#handler.error(systemError("send", error));
      return true;
    }
    const i = this.#sent++;
    const nameBytes = this.#outgoing.nameLength(i);
    const to = nameBytes === 0
      ? undefined
      : new Peer(this.#outgoing.names[i]!, nameBytes, this.#family).keep();
    const length = this.#outgoing.outgoingLength(i);
    this.#handler.error(systemError("send", error), to, length);
    return true;
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#network.sockets.delete(this);
    this.#loop.forget(this.#socket);
    this.#libc.close(this.#socket);
    this.#file?.[Symbol.dispose]();
  }
}
