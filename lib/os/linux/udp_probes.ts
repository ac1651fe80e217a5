import type { SystemError } from "../errno.ts";
import type {
  PortAnswer,
  PortHandler,
  PortProbeOptions,
  PortTransport,
  SystemAddress,
} from "../types.ts";
import { monotonicNow } from "./clock.ts";
import * as c from "./constants.ts";
import type { LinuxEventLoop } from "./event_loop.ts";
import { check, errno, type Libc, libc, systemError } from "./libc.ts";
import { isPortUnreachable, ProbeMessages } from "./probe_messages.ts";
import { type OpenProbe, ProbeSockets } from "./probe_sockets.ts";
import { socketAddress } from "./sockaddr.ts";
import { configurePackets, requestReports } from "./socket.ts";

/** What one socket may deliver before the others get their turn. */
const DATAGRAMS_A_TURN = 64;

/** Datagrams to a port, each from a connected socket of its own, so that nothing can be mixed up. */
export class LinuxUdpProbes implements PortTransport {
  congestion: SystemError | undefined;
  readonly #libc: Libc = libc();
  readonly #options: PortProbeOptions;
  readonly #sockets: ProbeSockets<OpenProbe>;
  readonly #messages: ProbeMessages;
  /** Answers that were read and are not yet told. */
  readonly #answers: { cookie: number; answer: PortAnswer }[] = [];

  constructor(loop: LinuxEventLoop, options: PortProbeOptions) {
    this.#options = options;
    this.#sockets = new ProbeSockets(loop, options, c.EPOLLIN);
    this.#messages = new ProbeMessages(options.family);
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
      this.#sockets.open(cookie, (socket) => {
        this.#begin(socket, destination, payload);
        return { cookie, socket };
      });
      return true;
    } catch (error) {
      this.congestion = places.postpone(error);
      return false;
    }
  }

  #begin(
    socket: number,
    destination: SystemAddress,
    payload: Uint8Array<ArrayBuffer>,
  ): void {
    const { family, port } = this.#options;
    configurePackets(socket, this.#options);
    requestReports(socket, family);
    const name = socketAddress(family, destination, port);
    if (this.#libc.connect(socket, name, name.length) < 0) {
      const error = errno();
      // connect(2) of a datagram socket waits for nothing: that is the runtime's own, met before errno was
      // read (seen with Deno 2.6 under load). Where the socket is not connected, send fails.
      if (error !== c.ENOENT) throw systemError("connect", error);
    }
    check(
      this.#libc.send(socket, payload, BigInt(payload.length), c.MSG_NOSIGNAL),
      "send",
    );
  }

  done(cookie: number): void {
    this.#options.places.done(cookie);
  }

  receive(handler: PortHandler): number {
    let count = 0;
    for (const probe of this.#sockets.ready()) {
      count += this.#read(probe, handler);
    }
    // Sockets are read one by one; their answers are told in the order in which they came.
    this.#answers.sort((a, b) => arrival(a.answer) - arrival(b.answer));
    for (const { cookie, answer } of this.#answers.splice(0)) {
      handler.answered(cookie, answer);
    }
    return count;
  }

  #read(probe: OpenProbe, handler: PortHandler): number {
    const { socket } = probe;
    let count = 0;
    for (
      let i = 0;
      i < DATAGRAMS_A_TURN && this.#messages.receive(socket, c.MSG_ERRQUEUE);
      i++
    ) {
      count++;
      this.#takeReport(probe, handler);
    }
    for (
      let i = 0;
      i < DATAGRAMS_A_TURN && this.#messages.receive(socket, 0);
      i++
    ) {
      count++;
      this.#answer(probe, false, this.#messages.data());
    }
    return count;
  }

  #takeReport(probe: OpenProbe, handler: PortHandler): void {
    const { ancillary } = this.#messages;
    if (ancillary.origin === c.SO_EE_ORIGIN_TIMESTAMPING) {
      handler.sent(probe.cookie, ancillary.at);
      return;
    }
    const report = this.#messages.icmpReport();
    if (report === undefined) return;
    if (isPortUnreachable(this.#options.family, report)) {
      this.#answer(probe, true, new Uint8Array());
    } else {
      handler.error(probe.cookie, report);
    }
  }

  #answer({ cookie }: OpenProbe, refused: boolean, data: Uint8Array): void {
    const { at, hopLimit } = this.#messages.ancillary;
    const answer = { refused, at, readAt: monotonicNow(), hopLimit, data };
    this.#answers.push({ cookie, answer });
  }

  [Symbol.dispose](): void {
    this.#sockets[Symbol.dispose]();
  }
}

function arrival({ at, readAt }: PortAnswer): number {
  return Number.isNaN(at) ? readAt : at;
}
