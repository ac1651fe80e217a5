import { ICMP4, ICMP6, ICMP_HEADER_BYTES } from "../../wire/icmp.ts";
import { PacketError } from "../../wire/errors.ts";
import { decodeIpv4Header } from "../../wire/ip.ts";
import { MessageTooLongError, SystemError } from "../errno.ts";
import type {
  ClockSource,
  IcmpErrorReport,
  IcmpHandler,
  IcmpSocketOptions,
  IcmpTransport,
  OutgoingSlot,
} from "../types.ts";
import {
  Ancillary,
  ERROR_CONTROL,
  RECEIVE_STAMPS,
  REPLY_CONTROL,
  SEND_STAMPS,
} from "./ancillary.ts";
import { monotonicNow, WallClock } from "./clock.ts";
import * as c from "./constants.ts";
import type { LinuxEventLoop } from "./event_loop.ts";
import { filterIcmp } from "./icmp_filter.ts";
import { check, errno, type Libc, libc, systemError } from "./libc.ts";
import { MessageBatch } from "./messages.ts";
import { socketAddress } from "./sockaddr.ts";
import {
  closing,
  configurePackets,
  openSocket,
  requestReports,
  setOption,
  setReceiveBuffer,
  socketName,
  takeSocketError,
  trySetOption,
} from "./socket.ts";

/** The longest IPv4 header; a raw socket delivers it in front of the message. */
const IP_HEADER_ROOM = 60;
/** How much longer than what was sent a reply may be and still be seen whole. */
const REPLY_ROOM = 64;
/** What is kept of a message that an error quotes: all that can identify a probe. */
const QUOTED_BYTES = 128;
/** Bytes that one receive batch may take, and the most messages in it. */
const RECEIVE_MEMORY = 1 << 20;
const RECEIVE_BATCH = 256;
/** Messages whose send timestamp may be outstanding. */
const STAMP_RING = 1 << 13;
/** How often an asynchronous error may get in the way of one call before the call gives up. */
const ATTEMPTS = 8;
const DEFAULT_RECEIVE_BUFFER = 1 << 20;
/** SO_SNDBUF counts the kernel's own overhead, which this is enough for. */
const SEND_BUFFER_PER_MESSAGE = 2048;

/**
 * ICMP echo through a datagram ICMP socket (icmp(7), `ping_group_range`) or,
 * where that is refused, a raw socket.
 *
 * @throws {SystemError} EPERM or EACCES when both are refused
 */
export class LinuxIcmpTransport implements IcmpTransport {
  readonly family: 4 | 6;
  readonly kind: "datagram" | "raw";
  readonly identifier: number;
  readonly clock: ClockSource;
  readonly outgoing: readonly OutgoingSlot[];

  readonly #libc: Libc = libc();
  readonly #loop: LinuxEventLoop;
  readonly #socket: number;
  readonly #out: MessageBatch;
  readonly #in: MessageBatch;
  readonly #errors: MessageBatch;
  readonly #wall = new WallClock();
  readonly #ancillary: Ancillary;
  /** Cookies of the messages sent last, by the number that the kernel gives them. */
  readonly #cookies: Float64Array | undefined;
  #nextStamp = 0;
  /** Read while a failed send was looked into; handed over at the next receive. */
  #deferred: (IcmpErrorReport | { cookie: number; at: number })[] = [];
  /** What the last report of this machine itself said of the longest packet. */
  #localMtu = 0;
  #trusted = true;

  constructor(loop: LinuxEventLoop, options: IcmpSocketOptions) {
    const { family } = options;
    this.#loop = loop;
    this.family = family;
    this.#ancillary = new Ancillary(family, this.#wall);
    [this.#socket, this.kind] = openIcmp(family);
    [this.identifier, this.clock] = closing(this.#socket, () => {
      const identifier = this.#bind(options);
      const clock = this.#configure(options, identifier);
      loop.add(this.#socket, c.EPOLLIN);
      return [identifier, clock];
    });
    if (this.clock === "kernel") this.#cookies = new Float64Array(STAMP_RING);

    const received = options.messageBytes + IP_HEADER_ROOM + REPLY_ROOM;
    const room = Math.min(
      RECEIVE_BATCH,
      Math.max(4, Math.floor(RECEIVE_MEMORY / received)),
    );
    const incoming = options.batch === 1 ? Math.min(room, 16) : room;
    this.#out = new MessageBatch(
      family,
      options.batch,
      options.messageBytes,
      0,
    );
    this.#in = new MessageBatch(family, incoming, received, REPLY_CONTROL);
    this.#errors = new MessageBatch(
      family,
      incoming,
      QUOTED_BYTES,
      ERROR_CONTROL,
    );
    this.outgoing = this.#out.packets.map((packet, i) => ({
      packet,
      address: this.#out.addresses[i]!,
      scopeId: 0,
      cookie: 0,
    }));
    this.#wall.sample();
  }

  /** Binds the socket and returns the identifier that its requests carry. */
  #bind(options: IcmpSocketOptions): number {
    configurePackets(this.#socket, options);
    if (this.kind === "raw") {
      return crypto.getRandomValues(new Uint16Array(1))[0]!;
    }
    if (options.sourceAddress === undefined) {
      const any = socketAddress(this.family);
      check(
        this.#libc.bind(this.#socket, any, any.length),
        "bind the ICMP socket",
      );
    }
    // The kernel chose the identifier; it is the "port" of the socket's address.
    const name = socketName(this.#socket);
    return new DataView(name.buffer).getUint16(2);
  }

  #configure(options: IcmpSocketOptions, identifier: number): ClockSource {
    const socket = this.#socket;
    const four = options.family === 4;
    if (this.kind === "raw") filterIcmp(socket, options.family, identifier);
    const level = four ? c.IPPROTO_IP : c.IPPROTO_IPV6;
    if (options.pathMtu !== undefined) {
      // IP_PMTUDISC_DONT, _WANT, _DO (linux/in.h); the same numbers in IPv6.
      const mode = { dont: 0, want: 1, do: 2 }[options.pathMtu];
      const option = four ? c.IP_MTU_DISCOVER : c.IPV6_MTU_DISCOVER;
      setOption(socket, level, option, mode, "path MTU discovery");
    }
    if (options.broadcast === true) {
      setOption(socket, c.SOL_SOCKET, c.SO_BROADCAST, 1, "broadcast");
    }
    setReceiveBuffer(socket, options.receiveBuffer ?? DEFAULT_RECEIVE_BUFFER);
    const sendBuffer = options.batch *
      (options.messageBytes + SEND_BUFFER_PER_MESSAGE);
    if (
      !trySetOption(socket, c.SOL_SOCKET, c.SO_SNDBUFFORCE, sendBuffer)
    ) trySetOption(socket, c.SOL_SOCKET, c.SO_SNDBUF, sendBuffer);
    return requestReports(socket, options.family);
  }

  #setStamps(flags: number): boolean {
    return trySetOption(this.#socket, c.SOL_SOCKET, c.SO_TIMESTAMPING, flags);
  }

  send(from: number, count: number): number {
    for (let attempt = 1;; attempt++) {
      this.#prepare(from, count);
      const sent = this.#libc.sendmmsg(
        this.#socket,
        this.#out.headersFrom(from),
        count,
        c.MSG_DONTWAIT,
      );
      if (sent >= 0) {
        this.#nextStamp += sent;
        return sent;
      }
      const number = errno();
      if (
        number === c.EAGAIN || number === c.ENOBUFS || number === c.ENOMEM
      ) {
        this.#restartStamps();
        return 0;
      }
      // A report about an earlier message fails the call as well: take the reports, and try again.
      this.#localMtu = 0;
      this.#deferReports();
      this.#restartStamps();
      if (number === c.EMSGSIZE) {
        const error = systemError("send", number);
        throw new MessageTooLongError(error, this.#localMtu);
      }
      if (attempt === ATTEMPTS) throw systemError("send", number);
    }
  }

  #prepare(from: number, count: number): void {
    for (let i = 0; i < count; i++) {
      const slot = this.outgoing[from + i]!;
      if (this.family === 6) this.#out.setScope(from + i, slot.scopeId);
      if (this.#cookies !== undefined) {
        this.#cookies[(this.#nextStamp + i) & (STAMP_RING - 1)] = slot.cookie;
      }
    }
  }

  /** Empties the error queue into {@linkcode #deferred}, and clears the socket's pending error. */
  #deferReports(): void {
    const later: IcmpHandler = {
      message() {},
      error: (report) => this.#deferred.push(copy(report)),
      sent: (cookie, at) => this.#deferred.push({ cookie, at }),
    };
    while (this.#receiveErrors(later) === this.#errors.size);
    takeSocketError(this.#socket);
  }

  /**
   * Starts the kernel's numbering of messages anew. Linux before 6.8 counts
   * messages that it refused, which would shift all later stamps by one.
   */
  #restartStamps(): void {
    if (this.#cookies === undefined) return;
    this.#setStamps(
      (SEND_STAMPS | RECEIVE_STAMPS) & ~c.SOF_TIMESTAMPING_OPT_ID,
    );
    this.#setStamps(SEND_STAMPS | RECEIVE_STAMPS);
    this.#nextStamp = 0;
  }

  receive(handler: IcmpHandler): number {
    const batch = this.#in;
    let count = this.#read(batch, c.MSG_DONTWAIT);
    const readAt = monotonicNow();
    this.#trusted = this.#wall.sample();
    // A reply's own send stamp is queued before the reply, so it is there by now.
    let others = this.#deferred.length;
    for (const item of this.#deferred.splice(0)) {
      if ("cookie" in item) handler.sent(item.cookie, item.at);
      else handler.error(item);
    }
    for (let n = batch.size; n === batch.size; others += n) {
      n = this.#receiveErrors(handler);
    }
    for (let i = 0; i < count; i++) {
      if (!this.#deliver(batch, i, readAt, handler)) count--, others++;
    }
    return count + others;
  }

  /** One recvmmsg; reports about earlier messages, which fail it too, wait in the error queue. */
  #read(batch: MessageBatch, flags: number): number {
    batch.reset();
    for (let attempt = 1;; attempt++) {
      const count = this.#libc.recvmmsg(
        this.#socket,
        batch.headers,
        batch.size,
        flags,
        null,
      );
      if (count >= 0) {
        batch.used = count;
        return count;
      }
      const number = errno();
      if (number === c.EAGAIN || attempt === ATTEMPTS) return 0;
    }
  }

  #deliver(
    batch: MessageBatch,
    i: number,
    readAt: number,
    handler: IcmpHandler,
  ): boolean {
    let packet: Uint8Array = batch.packets[i]!;
    const length = Math.min(batch.length(i), packet.length);
    this.#ancillary.read(batch, i);
    let start = 0;
    if (this.kind === "raw" && this.family === 4) {
      if (length < 20) return false;
      start = (packet[0]! & 15) * 4;
      this.#ancillary.hopLimit = packet[8]!;
    }
    if (length < start + ICMP_HEADER_BYTES) return false;
    packet = packet.subarray(start, length);
    const from = batch.addresses[i]!;
    const type = packet[0]!;
    if (type === (this.family === 4 ? ICMP4.REDIRECT : ICMP6.REDIRECT)) {
      const redirect = this.#redirect(packet, from);
      if (redirect !== undefined) handler.error(redirect);
      return true;
    }
    handler.message(
      packet,
      from,
      this.#ancillary.hopLimit,
      this.#trusted ? this.#ancillary.at : NaN,
      readAt,
    );
    return true;
  }

  /** Reads one batch of the error queue: reports, and the times at which messages were sent. */
  #receiveErrors(handler: IcmpHandler): number {
    const batch = this.#errors;
    const count = this.#read(batch, c.MSG_DONTWAIT | c.MSG_ERRQUEUE);
    for (let i = 0; i < count; i++) {
      const ancillary = this.#ancillary;
      ancillary.read(batch, i);
      switch (ancillary.origin) {
        case c.SO_EE_ORIGIN_TIMESTAMPING:
          if (!this.#trusted || this.#cookies === undefined) break;
          handler.sent(
            this.#cookies[ancillary.stampNumber & (STAMP_RING - 1)]!,
            ancillary.at,
          );
          break;
        case c.SO_EE_ORIGIN_LOCAL:
          this.#localMtu = ancillary.info;
          break;
        case c.SO_EE_ORIGIN_ICMP:
        case c.SO_EE_ORIGIN_ICMP6:
          handler.error(ancillary.report(batch, i));
      }
    }
    return count;
  }

  /** A redirect that a raw socket received as a message (RFC 792; RFC 4861 section 4.5). */
  #redirect(
    packet: Uint8Array,
    from: Uint8Array,
  ): IcmpErrorReport | undefined {
    const common = {
      from,
      type: packet[0]!,
      code: packet[1]!,
      mtu: 0,
    };
    if (this.family === 6) {
      if (packet.length < 40) return undefined;
      return {
        ...common,
        gateway: packet.subarray(8, 24),
        destination: packet.subarray(24, 40),
        quoted: new Uint8Array(),
      };
    }
    try {
      const { destination, headerBytes } = decodeIpv4Header(packet.subarray(8));
      return {
        ...common,
        gateway: packet.subarray(4, 8),
        destination,
        quoted: packet.subarray(8 + headerBytes),
      };
    } catch (error) {
      if (error instanceof PacketError) return undefined;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#loop.remove(this.#socket);
    this.#libc.close(this.#socket);
  }
}

function openIcmp(family: 4 | 6): [socket: number, kind: "datagram" | "raw"] {
  const protocol = family === 4 ? c.IPPROTO_ICMP : c.IPPROTO_ICMPV6;
  try {
    return [
      openSocket(family, c.SOCK_DGRAM, protocol, "a datagram ICMP socket"),
      "datagram",
    ];
  } catch (error) {
    const refused = error instanceof SystemError &&
      [c.EPERM, c.EACCES, c.EPROTONOSUPPORT].includes(error.errno);
    if (!refused) throw error;
    return [
      openSocket(family, c.SOCK_RAW, protocol, "a raw ICMP socket"),
      "raw",
    ];
  }
}

/** A report that outlives the buffers it was read into. */
function copy(report: IcmpErrorReport): IcmpErrorReport {
  return {
    ...report,
    from: report.from?.slice(),
    destination: report.destination.slice(),
    quoted: report.quoted.slice(),
  };
}
