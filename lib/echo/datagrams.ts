/** The datagram endpoints of an echo server. */

import type {
  DatagramHandler,
  DatagramPeer,
  DatagramSocket,
} from "../os/network.ts";
import { formatName } from "../socket/endpoint.ts";
import type { ScopedNetwork } from "../socket/network.ts";
import { datagramAnswer } from "./answers.ts";
import type { ServerPlan } from "./server_options.ts";
import type { EchoIgnored, EchoServerEvent } from "./server_types.ts";

/** Below it are the ports of services, some of which answer, too: 7, 13, 17, 19, 53. */
const FIRST_CLIENT_PORT = 1024;
/** Datagrams that `delay` holds back at one time. */
const MAX_DELAYED = 4096;
/** The shortest time between two events of the same kind. */
const QUIET_MS = 1000;

/** What a datagram endpoint needs of its server. */
export interface DatagramHost {
  readonly network: ScopedNetwork;
  readonly plan: ServerPlan;
  /** UDP ports that this server answers on. */
  readonly ownPorts: ReadonlySet<number>;
  readonly datagrams: DatagramCounters;
  emit(event: EchoServerEvent): void;
}

/** Counts over all datagram endpoints. */
export interface DatagramCounters {
  received: number;
  sent: number;
  ignored: number;
  failed: number;
  bytesReceived: number;
  bytesSent: number;
}

/** Answers datagrams, one by one. */
export class DatagramService implements DatagramHandler {
  readonly #host: DatagramHost;
  readonly #endpoint: () => string;
  readonly #socket: () => DatagramSocket;
  readonly #loops: Muffled;
  readonly #oversized: Muffled;
  readonly #congested: Muffled;
  readonly #failed: Muffled;
  #delayed = 0;

  /** @param endpoint @param socket what this serves, in text and itself; asked for when there is one */
  constructor(
    host: DatagramHost,
    endpoint: () => string,
    socket: () => DatagramSocket,
  ) {
    this.#host = host;
    this.#endpoint = endpoint;
    this.#socket = socket;
    this.#loops = new Muffled(host.network);
    this.#oversized = new Muffled(host.network);
    this.#congested = new Muffled(host.network);
    this.#failed = new Muffled(host.network);
  }

  datagram(
    bytes: Uint8Array<ArrayBuffer>,
    from: DatagramPeer,
    length: number,
  ): void {
    const { plan, datagrams } = this.#host;
    datagrams.received++;
    datagrams.bytesReceived += length;
    if (length > bytes.length) {
      return this.#ignore("oversize", this.#oversized, from, length);
    }
    if (plan.mode === "hexdump") this.#tellData(bytes, from);
    if (plan.mode === "discard") return;
    if (!plan.allowLoops && this.#mayLoop(from)) {
      return this.#ignore("loop", this.#loops, from, length);
    }
    const reply = datagramAnswer(plan, bytes);
    if (reply === undefined) return;
    if (plan.mode === "delay") this.#delay(reply, from);
    else this.#send(reply, from);
  }

  #mayLoop({ port }: DatagramPeer): boolean {
    // A Unix socket has no port; whoever has two of them answer each other meant to.
    return port !== 0 &&
      (port < FIRST_CLIENT_PORT || this.#host.ownPorts.has(port));
  }

  #send(reply: Uint8Array<ArrayBuffer>, to: DatagramPeer): void {
    const { datagrams } = this.#host;
    if (!this.#socket().send(reply, to)) {
      return this.#ignore("congested", this.#congested, to, reply.length);
    }
    datagrams.sent++;
    datagrams.bytesSent += reply.length;
  }

  #delay(reply: Uint8Array<ArrayBuffer>, to: DatagramPeer): void {
    if (this.#delayed === MAX_DELAYED) {
      return this.#ignore("congested", this.#congested, to, reply.length);
    }
    this.#delayed++;
    const { network, plan } = this.#host;
    const bytes = reply.slice();
    const peer = to.keep();
    network.schedule(network.now() + plan.delayMs, () => {
      this.#delayed--;
      this.#send(bytes, peer);
    });
  }

  error(error: Error, to?: DatagramPeer, length = 0): void {
    const { datagrams, emit } = this.#host;
    datagrams.failed++;
    if (to !== undefined) datagrams.sent--;
    datagrams.bytesSent -= length;
    const { code } = error as { code?: unknown };
    this.#failed.count((count) =>
      emit({
        type: "error",
        endpoint: this.#endpoint(),
        ...(to === undefined ? {} : { peer: formatName(to.name) }),
        message: error.message,
        ...(typeof code === "string" ? { code } : {}),
        count,
        time: Date.now() / 1000,
      })
    );
  }

  drained(): void {
    // What did not fit was not kept.
  }

  #ignore(
    reason: EchoIgnored["reason"],
    muffled: Muffled,
    from: DatagramPeer,
    bytes: number,
  ): void {
    const { datagrams, emit } = this.#host;
    datagrams.ignored++;
    muffled.count((count) =>
      emit({
        type: "ignored",
        endpoint: this.#endpoint(),
        reason,
        peer: formatName(from.name),
        bytes,
        count,
        time: Date.now() / 1000,
      })
    );
  }

  #tellData(bytes: Uint8Array<ArrayBuffer>, from: DatagramPeer): void {
    this.#host.emit({
      type: "data",
      endpoint: this.#endpoint(),
      peer: formatName(from.name),
      data: bytes.slice(),
      time: Date.now() / 1000,
    });
  }
}

/** Counts events of one kind, and tells of them no more often than may be read. */
class Muffled {
  readonly #network: ScopedNetwork;
  #count = 0;
  #toldAt = -Infinity;

  constructor(network: ScopedNetwork) {
    this.#network = network;
  }

  /** Counts one, and calls `tell` with the count since the last time, if that is long enough ago. */
  count(tell: (count: number) => void): void {
    this.#count++;
    const now = this.#network.now();
    if (now - this.#toldAt < QUIET_MS) return;
    this.#toldAt = now;
    tell(this.#count);
    this.#count = 0;
  }
}
