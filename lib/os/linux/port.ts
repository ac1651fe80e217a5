import { ICMP4, ICMP6 } from "../../wire/icmp.ts";
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
import { MessageBatch } from "./messages.ts";
import { socketAddress } from "./sockaddr.ts";
import {
  closing,
  configurePackets,
  openSocket,
  requestReports,
  takeSocketError,
} from "./socket.ts";

/** What a UDP answer may hold and still be read whole. */
const DATAGRAM_BYTES = 65_535;
const POLLFD_BYTES = 8;
/** What one socket may deliver before the others get their turn. */
const DATAGRAMS_A_TURN = 64;

// struct tcp_info (linux/tcp.h): the smoothed round trip in microseconds, and all retransmissions.
const TCP_INFO_BYTES = 104;
/** The state of a socket without a connection (net/tcp_states.h). */
const TCP_CLOSE = 7;
const TCP_INFO_RTT = 68;
const TCP_INFO_TOTAL_RETRANSMISSIONS = 100;

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
  readonly #libc: Libc = libc();
  readonly #loop: LinuxEventLoop;
  readonly #options: PortProbeOptions;
  readonly #wall = new WallClock();
  readonly #ancillary: Ancillary;
  readonly #batch: MessageBatch;
  /** Open probes, the oldest first. */
  readonly #probes = new Map<number, OpenProbe>();
  readonly #early: EarlyResult[] = [];
  /** Answers that were read and are not yet told. */
  readonly #answers: { cookie: number; answer: PortAnswer }[] = [];
  readonly #pollfds: Int32Array<ArrayBuffer>;
  readonly #pollfdBytes: Uint8Array<ArrayBuffer>;
  readonly #noTime = new Uint8Array(16);

  constructor(loop: LinuxEventLoop, options: PortProbeOptions) {
    this.#loop = loop;
    this.#options = options;
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
    if (!this.#makeRoom()) return false;
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
      configurePackets(socket, this.#options);
      if (!isTcp) requestReports(socket, family);
      const name = socketAddress(family, destination, port);
      probe.startedAt = monotonicNow();
      const status = this.#libc.connect(socket, name, name.length);
      const error = status < 0 ? errno() : 0;
      const at = monotonicNow();
      // connect(2) never fails with ENOENT: that is the runtime's own, met before errno was read (seen with
      // Deno 2.6 under load). The socket itself tells what came of it.
      const isUnderWay = error === c.EINPROGRESS || error === c.ENOENT;
      const isAnswer = error === 0 || error === c.ECONNREFUSED;
      if (!isUnderWay && !isAnswer) throw systemError("connect", error);
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
    return true;
  }

  /** Closes the oldest probe that is not waited for, if all places are taken. */
  #makeRoom(): boolean {
    if (this.#probes.size < this.#options.capacity) return true;
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

  #connected(
    probe: OpenProbe,
    error: number,
    at: number,
    handler: PortHandler,
  ): void {
    if (error === 0 && this.#isClosed(probe.socket)) error = c.ECONNREFUSED;
    const ms = error === 0 ? this.#handshakeMs(probe.socket) : undefined;
    this.#close(probe);
    if (error === 0 || error === c.ECONNREFUSED) {
      handler.answered(probe.cookie, {
        refused: error !== 0,
        at: NaN,
        readAt: at,
        roundTrip: ms === undefined
          ? { ms: at - probe.startedAt, clock: "user" }
          : { ms, clock: "kernel" },
        hopLimit: -1,
        data: new Uint8Array(),
      });
    } else {
      handler.failed(probe.cookie, systemError("connect", error));
    }
  }

  /** Whether there is no connection, though no error is left to tell: somebody took it. */
  #isClosed(socket: number): boolean {
    return this.#tcpInfo(socket)?.getUint8(0) === TCP_CLOSE;
  }

  #tcpInfo(socket: number): DataView | undefined {
    const info = new Uint8Array(TCP_INFO_BYTES);
    const length = new Uint8Array(Uint32Array.of(TCP_INFO_BYTES).buffer);
    const status = this.#libc.getsockopt(
      socket,
      c.IPPROTO_TCP,
      c.TCP_INFO,
      info,
      length,
    );
    return status < 0 ? undefined : new DataView(info.buffer);
  }

  /** The kernel's own measure of SYN to SYN/ACK; none where a SYN was repeated. */
  #handshakeMs(socket: number): number | undefined {
    const view = this.#tcpInfo(socket);
    if (view === undefined) return undefined;
    const microseconds = view.getUint32(TCP_INFO_RTT, true);
    const isRepeated = view.getUint32(TCP_INFO_TOTAL_RETRANSMISSIONS, true) > 0;
    return microseconds === 0 || isRepeated ? undefined : microseconds / 1e3;
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
    const ancillary = this.#ancillary;
    switch (ancillary.origin) {
      case c.SO_EE_ORIGIN_TIMESTAMPING:
        handler.sent(probe.cookie, ancillary.at);
        break;
      case c.SO_EE_ORIGIN_ICMP:
      case c.SO_EE_ORIGIN_ICMP6: {
        const report = ancillary.report(this.#batch, 0);
        if (isPortUnreachable(this.#options.family, report)) {
          this.#answer(probe, true, new Uint8Array());
        } else {
          handler.error(probe.cookie, report);
        }
      }
    }
  }

  #close(probe: OpenProbe): void {
    this.#probes.delete(probe.cookie);
    this.#loop.remove(probe.socket);
    this.#libc.close(probe.socket);
  }

  [Symbol.dispose](): void {
    for (const probe of this.#probes.values()) this.#close(probe);
  }
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
