import { createSocket, type Socket } from "node:dgram";
import type { Buffer } from "node:buffer";
import type {
  EventLoop,
  PortAnswer,
  PortHandler,
  PortProbeOptions,
  PortTransport,
  SystemAddress,
} from "../types.ts";
import { hostnameOf } from "./tcp.ts";

/** What Windows says of a datagram that an ICMP "port unreachable" answered (recvfrom, WSAECONNRESET), and others do. */
const REFUSALS: readonly unknown[] = ["ECONNREFUSED", "ECONNRESET"];

/** Results that nobody has read yet, at the most; more are dropped, as a full receive buffer would. */
const MOST_UNREAD = 4096;

/**
 * Probes of a UDP port by `node:dgram` of Deno (`Deno.listenDatagram` needs a
 * flag), each on a socket of its own. No better clock than the program's, no
 * hop limits, and ICMP errors only as far as Deno tells them.
 */
export class DenoUdpTransport implements PortTransport {
  readonly #loop: EventLoop;
  readonly #options: PortProbeOptions;
  readonly #open = new Map<number, Socket>();
  #results: ((handler: PortHandler) => void)[] = [];

  constructor(loop: EventLoop, options: PortProbeOptions) {
    this.#loop = loop;
    this.#options = options;
  }

  send(
    cookie: number,
    destination: SystemAddress,
    payload: Uint8Array<ArrayBuffer>,
  ): boolean {
    const { family, port, places } = this.#options;
    if (!places.makeRoom()) return false;
    const socket = createSocket(family === 4 ? "udp4" : "udp6");
    this.#open.set(cookie, socket);
    places.take(cookie, () => this.#close(cookie));
    const fail = (error: Error | null) => {
      if (error !== null && this.#open.has(cookie)) this.#fail(cookie, error);
    };
    socket.on("error", fail);
    socket.on("message", (data: Buffer, { address, port: from }) => {
      // The socket is not connected: anybody may write to it.
      if (from === port && address === hostnameOf(destination)) {
        this.#answer(cookie, false, new Uint8Array(data));
      }
    });
    // The socket keeps the bytes until they are out, and the engine writes the next probe into them.
    socket.send(payload.slice(), port, hostnameOf(destination), fail);
    return true;
  }

  #fail(cookie: number, error: Error): void {
    if ("code" in error && REFUSALS.includes(error.code)) {
      this.#answer(cookie, true, new Uint8Array());
    } else {
      this.#tell((handler) => handler.failed(cookie, error));
    }
  }

  #answer(cookie: number, refused: boolean, data: Uint8Array): void {
    const readAt = this.#loop.now();
    const answer: PortAnswer = {
      refused,
      at: NaN,
      readAt,
      hopLimit: -1,
      data,
    };
    this.#tell((handler) => handler.answered(cookie, answer));
  }

  #tell(result: (handler: PortHandler) => void): void {
    if (this.#results.length < MOST_UNREAD) this.#results.push(result);
    this.#loop.wake();
  }

  done(cookie: number): void {
    this.#options.places.done(cookie);
  }

  receive(handler: PortHandler): number {
    const results = this.#results.splice(0);
    for (const result of results) result(handler);
    return results.length;
  }

  #close(cookie: number): void {
    this.#open.get(cookie)!.close();
    this.#open.delete(cookie);
    this.#options.places.leave(cookie);
  }

  [Symbol.dispose](): void {
    for (const cookie of [...this.#open.keys()]) this.#close(cookie);
  }
}
