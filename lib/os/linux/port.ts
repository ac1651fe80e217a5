import { ICMP4, ICMP6 } from "../../wire/icmp.ts";
import { isCongestion, SystemError } from "../errno.ts";
import type {
  IcmpErrorReport,
  PortAnswer,
  PortHandler,
  PortProbeOptions,
  PortTransport,
  SystemAddress,
} from "../types.ts";
import { Ancillary, ERROR_CONTROL } from "./ancillary.ts";
import { monotonicNow, WallClock } from "./clock.ts";
import * as c from "./constants.ts";
import type { LinuxEventLoop } from "./event_loop.ts";
import { check, errno, type Libc, libc, systemError } from "./libc.ts";
import { LocalPorts, NoLocalPortError } from "./local_ports.ts";
import { MessageBatch } from "./messages.ts";
import { route } from "./route.ts";
import { socketAddress } from "./sockaddr.ts";
import {
  chooseLocalPortLate,
  closing,
  configurePackets,
  openSocket,
  requestErrors,
  requestReports,
  resetAtClose,
  takeSocketError,
} from "./socket.ts";
import { handshakeOf } from "./tcp_info.ts";

/** What a UDP answer may hold and still be read whole. */
const DATAGRAM_BYTES = 65_535;
const POLLFD_BYTES = 8;
/** What one socket may deliver before the others get their turn. */
const DATAGRAMS_A_TURN = 64;

/** One probe: a socket, and whether its first answer is still waited for. */
interface OpenProbe {
  readonly cookie: number;
  readonly socket: number;
  /** When the handshake was asked for. */
  startedAt: number;
  isWaiting: boolean;
}

/** What is known as soon as the handshake is asked for. */
interface EarlyResult {
  readonly probe: OpenProbe;
  readonly error: number;
  readonly at: number;
}

/** Probes of a TCP or UDP port, each on a connected socket of its own, so that nothing can be mixed up. */
export class LinuxPortTransport implements PortTransport {
  congestion: SystemError | undefined;
  readonly #libc: Libc = libc();
  readonly #loop: LinuxEventLoop;
  readonly #options: PortProbeOptions;
  readonly #wall = new WallClock();
  readonly #ancillary: Ancillary;
  readonly #batch: MessageBatch;
  /** Open probes, the oldest first. */
  readonly #probes = new Map<number, OpenProbe>();
  /** How many may be open. */
  #capacity: number;
  readonly #ports = new LocalPorts();
  readonly #early: EarlyResult[] = [];
  /** Answers that were read and are not yet told. */
  readonly #answers: { cookie: number; answer: PortAnswer }[] = [];
  readonly #pollfds: Int32Array<ArrayBuffer>;
  readonly #pollfdBytes: Uint8Array<ArrayBuffer>;
  readonly #noTime = new Uint8Array(16);

  constructor(loop: LinuxEventLoop, options: PortProbeOptions) {
    this.#loop = loop;
    this.#options = options;
    this.#capacity = options.capacity;
    this.#ancillary = new Ancillary(options.family, this.#wall);
    this.#batch = new MessageBatch(
      options.family,
      1,
      DATAGRAM_BYTES,
      ERROR_CONTROL,
    );
    this.#pollfdBytes = new Uint8Array(options.capacity * POLLFD_BYTES);
    this.#pollfds = new Int32Array(this.#pollfdBytes.buffer);
    this.#wall.sample();
  }

  send(
    cookie: number,
    destination: SystemAddress,
    payload: Uint8Array<ArrayBuffer>,
  ): boolean {
    this.congestion = undefined;
    if (!this.#makeRoom()) return false;
    try {
      this.#begin(cookie, destination, payload);
      return true;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (isOutOfDescriptors(error) && this.#probes.size > 0) {
        // This process may have fewer than there are places: those that are open make room.
        this.#capacity = this.#probes.size;
        return false;
      }
      const mayPass = isCongestion(error) ||
        error instanceof NoLocalPortError && this.#ports.hadSome;
      if (!mayPass) throw error;
      this.congestion = error;
      return false;
    }
  }

  #begin(
    cookie: number,
    destination: SystemAddress,
    payload: Uint8Array<ArrayBuffer>,
  ): void {
    // One that is alone may be answered before there is anything to wait for.
    if (this.#probes.size > 0) this.#loop.reserve();
    const { family, protocol, port } = this.#options;
    const isTcp = protocol === "tcp";
    const socket = openSocket(
      family,
      isTcp ? c.SOCK_STREAM : c.SOCK_DGRAM,
      0,
      `a ${protocol.toUpperCase()} socket`,
    );
    const probe: OpenProbe = {
      cookie,
      socket,
      startedAt: NaN,
      isWaiting: true,
    };
    let early: EarlyResult | undefined;
    closing(socket, () => {
      if (isTcp && this.#options.sourceAddress !== undefined) {
        chooseLocalPortLate(socket);
      }
      configurePackets(socket, this.#options);
      if (isTcp) requestErrors(socket, family);
      else requestReports(socket, family);
      const name = socketAddress(family, destination, port);
      probe.startedAt = monotonicNow();
      const status = this.#libc.connect(socket, name, name.length);
      const error = status < 0 ? errno() : 0;
      const at = monotonicNow();
      // connect(2) never fails with ENOENT: that is the runtime's own, met before errno was read (seen with
      // Deno 2.6 under load). The socket itself tells what came of it.
      const isUnderWay = error === c.EINPROGRESS || error === c.ENOENT;
      const isAnswer = error === 0 || error === c.ECONNREFUSED;
      if (!isUnderWay && !isAnswer) throw this.#refusal(error, destination);
      if (isTcp) {
        // What is nearby has answered before the call returns.
        const answer = isUnderWay ? takeSocketError(socket) : error;
        if (!isUnderWay || answer !== 0) early = { probe, error: answer, at };
      } else {
        check(
          this.#libc.send(
            socket,
            payload,
            BigInt(payload.length),
            c.MSG_NOSIGNAL,
          ),
          "send",
        );
      }
      this.#loop.add(socket, isTcp ? c.EPOLLOUT : c.EPOLLIN);
    });
    // Only now is it sure that the socket stays open.
    this.#probes.set(cookie, probe);
    if (early !== undefined) this.#early.push(early);
  }

  #refusal(error: number, destination: SystemAddress): SystemError {
    if (this.#options.protocol === "tcp" && error === c.EADDRNOTAVAIL) {
      // It may also mean that no address of this machine will do, and then the route has none, either.
      route({ ...this.#options, destination });
      return this.#ports.ranOut(monotonicNow());
    }
    return systemError("connect", error);
  }

  /** Closes the oldest probe that is not waited for, if all places are taken. */
  #makeRoom(): boolean {
    if (this.#probes.size < this.#capacity) return true;
    for (const probe of this.#probes.values()) {
      if (!probe.isWaiting) {
        this.#close(probe);
        return true;
      }
    }
    return false;
  }

  done(cookie: number): void {
    const probe = this.#probes.get(cookie);
    if (probe !== undefined) probe.isWaiting = false;
  }

  receive(handler: PortHandler): number {
    let count = this.#early.length;
    for (const { probe, error, at } of this.#early.splice(0)) {
      this.#connected(probe, error, at, handler);
    }
    for (const probe of this.#ready()) {
      if (this.#options.protocol === "tcp") {
        const at = monotonicNow();
        const error = takeSocketError(probe.socket);
        this.#connected(probe, error, at, handler);
        count++;
      } else {
        count += this.#readDatagrams(probe, handler);
      }
    }
    // Sockets are read one by one; their answers are told in the order in which they came.
    this.#answers.sort((a, b) => arrival(a.answer) - arrival(b.answer));
    for (const { cookie, answer } of this.#answers.splice(0)) {
      handler.answered(cookie, answer);
    }
    return count;
  }

  /** The probes whose sockets have something to tell. */
  #ready(): OpenProbe[] {
    const probes = [...this.#probes.values()];
    if (probes.length === 0) return probes;
    const events = this.#options.protocol === "tcp" ? c.EPOLLOUT : c.EPOLLIN;
    probes.forEach(({ socket }, i) => {
      this.#pollfds[2 * i] = socket;
      this.#pollfds[2 * i + 1] = events;
    });
    const ready = this.#libc.ppoll(
      this.#pollfdBytes,
      BigInt(probes.length),
      this.#noTime,
      null,
    );
    if (ready <= 0) return [];
    return probes.filter((_, i) => this.#pollfds[2 * i + 1]! >>> 16 !== 0);
  }

  /** Tells what a handshake has come to; nothing where it is still under way. */
  #connected(
    probe: OpenProbe,
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
    this.#close(probe);
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

  /** The next ICMP error in the error queue of a probe; it is valid until something else is read. */
  #nextReport(probe: OpenProbe): IcmpErrorReport | undefined {
    while (this.#receiveOne(probe, c.MSG_ERRQUEUE)) {
      const report = this.#icmpReport();
      if (report !== undefined) return report;
    }
    return undefined;
  }

  #readDatagrams(probe: OpenProbe, handler: PortHandler): number {
    let count = 0;
    for (
      let i = 0;
      i < DATAGRAMS_A_TURN && this.#receiveOne(probe, c.MSG_ERRQUEUE);
      i++
    ) {
      count++;
      this.#takeReport(probe, handler);
    }
    for (let i = 0; i < DATAGRAMS_A_TURN && this.#receiveOne(probe, 0); i++) {
      count++;
      const length = Math.min(this.#batch.length(0), DATAGRAM_BYTES);
      this.#answer(
        probe,
        false,
        this.#batch.packets[0]!.slice(0, length),
      );
    }
    return count;
  }

  #answer(probe: OpenProbe, refused: boolean, data: Uint8Array): void {
    const { at, hopLimit } = this.#ancillary;
    const answer = { refused, at, readAt: monotonicNow(), hopLimit, data };
    this.#answers.push({ cookie: probe.cookie, answer });
  }

  #receiveOne(probe: OpenProbe, flags: number): boolean {
    this.#batch.reset();
    // The pending error of a socket, told in full by the error queue, may fail the first attempt.
    for (let attempt = 0; attempt < 2; attempt++) {
      const count = this.#libc.recvmmsg(
        probe.socket,
        this.#batch.headers,
        1,
        c.MSG_DONTWAIT | flags,
        null,
      );
      if (count === 1) {
        this.#batch.used = 1;
        const isSteady = this.#wall.sample();
        this.#ancillary.read(this.#batch, 0);
        if (!isSteady) this.#ancillary.at = NaN;
        return true;
      }
      if (errno() === c.EAGAIN) return false;
    }
    return false;
  }

  #takeReport(probe: OpenProbe, handler: PortHandler): void {
    if (this.#ancillary.origin === c.SO_EE_ORIGIN_TIMESTAMPING) {
      handler.sent(probe.cookie, this.#ancillary.at);
      return;
    }
    const report = this.#icmpReport();
    if (report === undefined) return;
    if (isPortUnreachable(this.#options.family, report)) {
      this.#answer(probe, true, new Uint8Array());
    } else {
      handler.error(probe.cookie, report);
    }
  }

  /** What was read last, if it is an ICMP error. */
  #icmpReport(): IcmpErrorReport | undefined {
    switch (this.#ancillary.origin) {
      case c.SO_EE_ORIGIN_ICMP:
      case c.SO_EE_ORIGIN_ICMP6:
        return this.#ancillary.report(this.#batch, 0);
      default:
        return undefined;
    }
  }

  #close(probe: OpenProbe): void {
    this.#probes.delete(probe.cookie);
    this.#loop.forget(probe.socket);
    this.#libc.close(probe.socket);
  }

  [Symbol.dispose](): void {
    for (const probe of this.#probes.values()) this.#close(probe);
  }
}

function isOutOfDescriptors({ errno }: SystemError): boolean {
  return errno === c.EMFILE || errno === c.ENFILE;
}

function arrival({ at, readAt }: PortAnswer): number {
  return Number.isNaN(at) ? readAt : at;
}

/** The host itself says that nobody listens (RFC 792; RFC 4443 section 3.1). */
function isPortUnreachable(
  family: 4 | 6,
  { type, code, from, destination }: IcmpErrorReport,
): boolean {
  const isCode = family === 4
    ? type === ICMP4.DESTINATION_UNREACHABLE && code === 3
    : type === ICMP6.DESTINATION_UNREACHABLE && code === 4;
  return isCode && from.every((byte, i) => byte === destination[i]);
}
