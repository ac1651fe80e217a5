import type { SystemError } from "../errno.ts";
import type {
  IcmpErrorReport,
  PortHandler,
  PortProbeOptions,
  PortTransport,
  SystemAddress,
} from "../types.ts";
import { monotonicNow } from "./clock.ts";
import * as c from "./constants.ts";
import type { LinuxEventLoop } from "./event_loop.ts";
import { errno, type Libc, libc, systemError } from "./libc.ts";
import { LocalPorts, NoLocalPortError } from "./local_ports.ts";
import { isPortUnreachable, ProbeMessages } from "./probe_messages.ts";
import { type OpenProbe, ProbeSockets } from "./probe_sockets.ts";
import { route } from "./route.ts";
import { socketAddress } from "./sockaddr.ts";
import {
  chooseLocalPortLate,
  configurePackets,
  requestErrors,
  resetAtClose,
  takeSocketError,
} from "./socket.ts";
import { handshakeOf } from "./tcp_info.ts";

interface TcpProbe extends OpenProbe {
  /** When the handshake was asked for. */
  readonly startedAt: number;
}

/** What is known as soon as the handshake is asked for. */
interface EarlyResult {
  readonly probe: TcpProbe;
  readonly error: number;
  readonly at: number;
}

/** TCP handshakes, each on a socket of its own, so that nothing can be mixed up. */
export class LinuxTcpProbes implements PortTransport {
  congestion: SystemError | undefined;
  readonly #libc: Libc = libc();
  readonly #options: PortProbeOptions;
  readonly #sockets: ProbeSockets<TcpProbe>;
  readonly #messages: ProbeMessages;
  readonly #ports = new LocalPorts();
  readonly #early: EarlyResult[] = [];

  constructor(loop: LinuxEventLoop, options: PortProbeOptions) {
    this.#options = options;
    this.#sockets = new ProbeSockets(loop, options, c.EPOLLOUT);
    this.#messages = new ProbeMessages(options.family);
  }

  send(cookie: number, destination: SystemAddress): boolean {
    this.congestion = undefined;
    const { places } = this.#options;
    if (!places.makeRoom()) return false;
    let early: EarlyResult | undefined;
    try {
      this.#sockets.open(cookie, (socket) => {
        this.#configure(socket);
        const { family, port } = this.#options;
        const name = socketAddress(family, destination, port);
        const startedAt = monotonicNow();
        const status = this.#libc.connect(socket, name, name.length);
        const code = status < 0 ? errno() : 0;
        const at = monotonicNow();
        const probe = { cookie, socket, startedAt };
        const error = this.#outcome(socket, code, destination);
        if (error !== undefined) early = { probe, error, at };
        return probe;
      });
    } catch (error) {
      this.congestion = places.postpone(
        error,
        (reason) => reason instanceof NoLocalPortError && this.#ports.hadSome,
      );
      return false;
    }
    // Only now is it sure that the socket stays open.
    if (early !== undefined) this.#early.push(early);
    return true;
  }

  #configure(socket: number): void {
    if (this.#options.sourceAddress !== undefined) chooseLocalPortLate(socket);
    configurePackets(socket, this.#options);
    requestErrors(socket, this.#options.family);
  }

  /** What came of a handshake, 0 for a connection, where that is known as soon as connect(2) returns. */
  #outcome(
    socket: number,
    code: number,
    destination: SystemAddress,
  ): number | undefined {
    if (code === 0 || code === c.ECONNREFUSED) return code;
    // connect(2) never fails with ENOENT: that is the runtime's own, met before errno was read (seen with
    // Deno 2.6 under load). The socket itself tells what came of it.
    if (code !== c.EINPROGRESS && code !== c.ENOENT) {
      throw this.#refusal(code, destination);
    }
    // What is nearby has answered before the call returns.
    return takeSocketError(socket) || undefined;
  }

  #refusal(error: number, destination: SystemAddress): SystemError {
    if (error !== c.EADDRNOTAVAIL) return systemError("connect", error);
    // It may also mean that no address of this machine will do, and then the route has none, either.
    route({ ...this.#options, destination });
    return this.#ports.ranOut(monotonicNow());
  }

  done(cookie: number): void {
    this.#options.places.done(cookie);
  }

  receive(handler: PortHandler): number {
    let count = this.#early.length;
    for (const { probe, error, at } of this.#early.splice(0)) {
      this.#connected(probe, error, at, handler);
    }
    for (const probe of this.#sockets.ready()) {
      const at = monotonicNow();
      this.#connected(probe, takeSocketError(probe.socket), at, handler);
      count++;
    }
    return count;
  }

  /** Tells what a handshake has come to; nothing where it is still under way. */
  #connected(
    probe: TcpProbe,
    error: number,
    at: number,
    handler: PortHandler,
  ): void {
    const handshake = error === 0 ? handshakeOf(probe.socket) : undefined;
    const isConnected = handshake?.state === "connected";
    // It says who was the cause of an error, and may be there before the error is.
    const report = isConnected ? undefined : this.#nextReport(probe);
    if (report === undefined && handshake?.state === "under way") return;
    if (isConnected && !this.#ports.endsWithFin(at)) resetAtClose(probe.socket);
    this.#sockets.close(probe);
    const isRefused = report === undefined
      // Where nothing tells why there is no connection, somebody took the error.
      ? error === c.ECONNREFUSED || handshake?.state === "closed"
      : isPortUnreachable(this.#options.family, report);
    if (isConnected || isRefused) {
      const ms = handshake?.roundTripMs;
      handler.answered(probe.cookie, {
        refused: isRefused,
        at: NaN,
        readAt: at,
        roundTrip: ms === undefined
          ? { ms: at - probe.startedAt, clock: "user" }
          : { ms, clock: "kernel" },
        hopLimit: -1,
        data: new Uint8Array(),
      });
    } else if (report !== undefined) {
      handler.error(probe.cookie, report);
    } else {
      handler.failed(probe.cookie, systemError("connect", error));
    }
  }

  /** The next ICMP error about a probe. */
  #nextReport({ socket }: TcpProbe): IcmpErrorReport | undefined {
    while (this.#messages.receive(socket, c.MSG_ERRQUEUE)) {
      const report = this.#messages.icmpReport();
      if (report !== undefined) return report;
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    this.#sockets[Symbol.dispose]();
  }
}
