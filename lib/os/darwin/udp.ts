import type { SystemError } from "../errno.ts";
import type {
  PortHandler,
  PortProbeOptions,
  PortTransport,
  SystemAddress,
} from "../types.ts";
import * as c from "./constants.ts";
import type { DarwinEventLoop } from "./event_loop.ts";
import { type LibSystem, systemError } from "./libsystem.ts";
import { ReceivedMessage } from "./message.ts";
import { socketAddress } from "./sockaddr.ts";
import { Socket } from "./socket.ts";

/** What an answer may hold and still be read whole. */
const DATAGRAM_BYTES = 65_535;
/** What one socket may deliver before the others get their turn. */
const DATAGRAMS_A_TURN = 64;

interface OpenProbe {
  readonly cookie: number;
  readonly socket: Socket;
}

/**
 * Probes of a UDP port, each on a connected socket of its own, so that nothing
 * can be mixed up. There is no error queue: an ICMP error is told as the
 * number that the socket's next call fails with (udp_ctlinput in XNU,
 * bsd/netinet/udp_usrreq.c), without who sent it.
 */
export class DarwinUdpTransport implements PortTransport {
  congestion: SystemError | undefined;
  readonly #lib: LibSystem;
  readonly #loop: DarwinEventLoop;
  readonly #options: PortProbeOptions;
  readonly #message: ReceivedMessage;
  readonly #probes = new Map<number, OpenProbe>();

  constructor(
    lib: LibSystem,
    loop: DarwinEventLoop,
    options: PortProbeOptions,
  ) {
    this.#lib = lib;
    this.#loop = loop;
    this.#options = options;
    this.#message = new ReceivedMessage(lib, options.family, DATAGRAM_BYTES);
    loop.clock.sample();
  }

  send(
    cookie: number,
    destination: SystemAddress,
    payload: Uint8Array<ArrayBuffer>,
  ): boolean {
    this.congestion = undefined;
    const { places } = this.#options;
    if (!places.makeRoom()) return false;
    try {
      this.#begin(cookie, destination, payload);
      return true;
    } catch (error) {
      this.congestion = places.postpone(error);
      return false;
    }
  }

  #begin(
    cookie: number,
    destination: SystemAddress,
    payload: Uint8Array<ArrayBuffer>,
  ): void {
    const { family, port } = this.#options;
    const socket = new Socket(
      this.#lib,
      family,
      c.SOCK_DGRAM,
      c.IPPROTO_UDP,
      "a UDP socket",
    );
    socket.settingUp(() => {
      this.#configure(socket, payload.length);
      socket.connect(socketAddress(family, destination, port));
      this.#lib.check(
        this.#lib.call.sendto(
          socket.descriptor,
          payload,
          BigInt(payload.length),
          c.MSG_DONTWAIT,
          null,
          0,
        ),
        "send",
      );
      this.#loop.add(socket.descriptor);
    });
    const probe = { cookie, socket };
    this.#probes.set(cookie, probe);
    this.#options.places.take(cookie, () => this.#close(probe));
  }

  #configure(socket: Socket, bytes: number): void {
    socket.configurePackets(this.#options);
    // The default, net.inet.udp.maxdgram, is less than a long datagram.
    socket.set(c.SOL_SOCKET, c.SO_SNDBUF, bytes + 1024, "the send buffer");
    socket.trySet(c.SOL_SOCKET, c.SO_TIMESTAMP, 1);
    const [level, option] = socket.family === 4
      ? [c.IPPROTO_IP, c.IP_RECVTTL]
      : [c.IPPROTO_IPV6, c.IPV6_RECVHOPLIMIT];
    socket.set(level, option, 1, "hop limits");
  }

  done(cookie: number): void {
    this.#options.places.done(cookie);
  }

  receive(handler: PortHandler): number {
    let count = 0;
    for (const probe of this.#probes.values()) {
      for (let i = 0; i < DATAGRAMS_A_TURN; i++) {
        if (!this.#receiveOne(probe, handler)) break;
        count++;
      }
    }
    return count;
  }

  #receiveOne({ cookie, socket }: OpenProbe, handler: PortHandler): boolean {
    const message = this.#message;
    const error = message.receive(socket.descriptor);
    if (error === c.EAGAIN) return false;
    const readAt = this.#loop.now();
    if (error === c.ECONNREFUSED) {
      handler.answered(cookie, {
        refused: true,
        at: NaN,
        readAt,
        hopLimit: -1,
        data: new Uint8Array(),
      });
      return true;
    }
    if (error !== 0) {
      handler.failed(cookie, systemError("receive", error));
      return true;
    }
    const isSteady = this.#loop.clock.sample();
    const { at, hopLimit } = message.ancillary(this.#loop.clock);
    handler.answered(cookie, {
      refused: false,
      at: isSteady ? at : NaN,
      readAt,
      hopLimit,
      data: message.packet.subarray(0, message.length),
    });
    return true;
  }

  #close(probe: OpenProbe): void {
    this.#probes.delete(probe.cookie);
    this.#options.places.leave(probe.cookie);
    this.#loop.remove(probe.socket.descriptor);
    probe.socket[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    for (const probe of this.#probes.values()) this.#close(probe);
  }
}
