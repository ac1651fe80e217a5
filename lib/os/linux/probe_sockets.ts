import type { PortProbeOptions } from "../types.ts";
import * as c from "./constants.ts";
import type { LinuxEventLoop } from "./event_loop.ts";
import { type Libc, libc } from "./libc.ts";
import { closing, openSocket } from "./socket.ts";

const POLLFD_BYTES = 8;

/** A probe with a socket of its own. */
export interface OpenProbe {
  readonly cookie: number;
  readonly socket: number;
}

/** The sockets of the open probes of a port, from their opening to their end. */
export class ProbeSockets<Probe extends OpenProbe> implements Disposable {
  readonly #libc: Libc = libc();
  readonly #loop: LinuxEventLoop;
  readonly #options: PortProbeOptions;
  readonly #events: number;
  readonly #probes = new Map<number, Probe>();
  #pollfds = new Int32Array();
  readonly #noTime = new Uint8Array(16);

  /** @param events what tells that a probe has come to something: `EPOLLIN` or `EPOLLOUT` */
  constructor(
    loop: LinuxEventLoop,
    options: PortProbeOptions,
    events: number,
  ) {
    this.#loop = loop;
    this.#options = options;
    this.#events = events;
  }

  /**
   * Opens a probe with its socket, for which there must be room.
   *
   * @param begin sets the socket up and sends the probe; where it fails, the socket is closed
   */
  open(cookie: number, begin: (socket: number) => Probe): void {
    const { family, protocol, places } = this.#options;
    // One that is alone may be answered before there is anything to wait for.
    if (places.taken > 0) this.#loop.reserve();
    const socket = openSocket(
      family,
      protocol === "tcp" ? c.SOCK_STREAM : c.SOCK_DGRAM,
      0,
      `a ${protocol.toUpperCase()} socket`,
    );
    closing(socket, () => {
      const probe = begin(socket);
      this.#loop.add(socket, this.#events);
      this.#probes.set(cookie, probe);
      places.take(cookie, () => this.close(probe));
    });
  }

  /** The probes whose sockets have something to tell. */
  ready(): Probe[] {
    const probes = [...this.#probes.values()];
    if (probes.length === 0) return probes;
    if (this.#pollfds.length < 2 * probes.length) {
      this.#pollfds = new Int32Array(4 * probes.length);
    }
    const pollfds = this.#pollfds;
    probes.forEach(({ socket }, i) => {
      pollfds[2 * i] = socket;
      pollfds[2 * i + 1] = this.#events;
    });
    const ready = this.#libc.ppoll(
      new Uint8Array(pollfds.buffer, 0, probes.length * POLLFD_BYTES),
      BigInt(probes.length),
      this.#noTime,
      null,
    );
    if (ready <= 0) return [];
    return probes.filter((_, i) => pollfds[2 * i + 1]! >>> 16 !== 0);
  }

  close({ cookie, socket }: OpenProbe): void {
    this.#probes.delete(cookie);
    this.#options.places.leave(cookie);
    this.#loop.forget(socket);
    this.#libc.close(socket);
  }

  [Symbol.dispose](): void {
    for (const probe of this.#probes.values()) this.close(probe);
  }
}
