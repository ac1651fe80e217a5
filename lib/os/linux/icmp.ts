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
import { seconds, WallClock } from "./clock.ts";
import * as c from "./constants.ts";
import type { LinuxEventLoop } from "./event_loop.ts";
import { filterIcmp } from "./icmp_filter.ts";
import { check, errno, type Libc, libc, systemError } from "./libc.ts";
import { MessageBatch } from "./messages.ts";
import { SOCKADDR, socketAddress } from "./sockaddr.ts";
import {
  bindToInterface,
  closing,
  openSocket,
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
/** Control data of a reply: three timespecs and a hop limit. */
const REPLY_CONTROL = 96;
/** Control data of an error: the same, and a sock_extended_err with its offender. */
const ERROR_CONTROL = 160;
/** Messages whose send timestamp may be outstanding. */
const STAMP_RING = 1 << 13;
/** How often an asynchronous error may get in the way of one call before the call gives up. */
const ATTEMPTS = 8;
const DEFAULT_RECEIVE_BUFFER = 1 << 20;
/** SO_SNDBUF counts the kernel's own overhead, which this is enough for. */
const SEND_BUFFER_PER_MESSAGE = 2048;

const SEND_STAMPS = c.SOF_TIMESTAMPING_TX_SOFTWARE |
  c.SOF_TIMESTAMPING_OPT_ID | c.SOF_TIMESTAMPING_OPT_TSONLY;
const RECEIVE_STAMPS = c.SOF_TIMESTAMPING_RX_SOFTWARE |
  c.SOF_TIMESTAMPING_SOFTWARE;

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
  /** Cookies of the messages sent last, by the number that the kernel gives them. */
  readonly #cookies: Float64Array | undefined;
  #nextStamp = 0;
  /** Read while a failed send was looked into; handed over at the next receive. */
  #deferred: (IcmpErrorReport | { cookie: number; at: number })[] = [];
  /** What the last report of this machine itself said of the longest packet. */
  #localMtu = 0;
  #trusted = true;

  // What the control data of the message at hand said.
  #at = NaN;
  #hopLimit = -1;
  #extended = -1;

  constructor(loop: LinuxEventLoop, options: IcmpSocketOptions) {
    const { family } = options;
    this.#loop = loop;
    this.family = family;
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
    if (options.sourceInterface !== undefined) {
      bindToInterface(this.#socket, options.sourceInterface);
    }
    if (this.kind === "datagram" || options.sourceAddress !== undefined) {
      const name = socketAddress(this.family, options.sourceAddress);
      check(
        this.#libc.bind(this.#socket, name, name.length),
        "bind to the source address",
      );
    }
    if (this.kind === "raw") {
      return crypto.getRandomValues(new Uint16Array(1))[0]!;
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
    setOption(
      socket,
      level,
      four ? c.IP_RECVERR : c.IPV6_RECVERR,
      1,
      "error reports",
    );
    setOption(
      socket,
      level,
      four ? c.IP_RECVTTL : c.IPV6_RECVHOPLIMIT,
      1,
      "hop limits",
    );
    if (options.ttl !== undefined) {
      const [unicast, multicast] = four
        ? [c.IP_TTL, c.IP_MULTICAST_TTL]
        : [c.IPV6_UNICAST_HOPS, c.IPV6_MULTICAST_HOPS];
      setOption(socket, level, unicast, options.ttl, "the time to live");
      setOption(socket, level, multicast, options.ttl, "the time to live");
    }
    if (options.tos !== undefined) {
      const option = four ? c.IP_TOS : c.IPV6_TCLASS;
      setOption(socket, level, option, options.tos, "the type of service");
    }
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
    if (this.#setStamps(SEND_STAMPS | RECEIVE_STAMPS)) return "kernel";
    return this.#setStamps(RECEIVE_STAMPS) ? "kernel-receive" : "user";
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
      if (!this.#deliver(batch, i, handler)) count--, others++;
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

  #deliver(batch: MessageBatch, i: number, handler: IcmpHandler): boolean {
    let packet: Uint8Array = batch.packets[i]!;
    const length = Math.min(batch.length(i), packet.length);
    this.#readControl(batch, i);
    let start = 0;
    if (this.kind === "raw" && this.family === 4) {
      if (length < 20) return false;
      start = (packet[0]! & 15) * 4;
      this.#hopLimit = packet[8]!;
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
      this.#hopLimit,
      this.#trusted ? this.#at : NaN,
    );
    return true;
  }

  /** Reads one batch of the error queue: reports, and the times at which messages were sent. */
  #receiveErrors(handler: IcmpHandler): number {
    const batch = this.#errors;
    const count = this.#read(batch, c.MSG_DONTWAIT | c.MSG_ERRQUEUE);
    for (let i = 0; i < count; i++) {
      this.#readControl(batch, i);
      if (this.#extended < 0) continue;
      const words = batch.words;
      // struct sock_extended_err (linux/errqueue.h): errno; origin, type, code; info; data. The offender follows.
      const at = this.#extended;
      const origin = words[at + 1]! & 0xff;
      if (origin === c.SO_EE_ORIGIN_TIMESTAMPING) {
        if (!this.#trusted || this.#cookies === undefined) continue;
        const cookie = this.#cookies[words[at + 3]! & (STAMP_RING - 1)]!;
        handler.sent(cookie, this.#at);
        continue;
      }
      if (origin === c.SO_EE_ORIGIN_LOCAL) this.#localMtu = words[at + 2]!;
      else handler.error(this.#report(batch, i));
    }
    return count;
  }

  #report(batch: MessageBatch, i: number): IcmpErrorReport {
    const words = batch.words;
    const at = this.#extended;
    const type = (words[at + 1]! >> 8) & 0xff;
    const info = words[at + 2]!;
    const layout = SOCKADDR[this.family];
    const isRedirect = this.family === 4 && type === ICMP4.REDIRECT;
    return {
      from: new Uint8Array(
        words.buffer,
        (at + 4) * 4 + layout.address,
        layout.addressBytes,
      ),
      type,
      code: (words[at + 1]! >> 16) & 0xff,
      mtu: isRedirect || info < 0 ? 0 : info,
      ...(isRedirect ? { gateway: bigEndian(info) } : {}),
      destination: batch.addresses[i]!,
      quoted: batch.packets[i]!.subarray(
        0,
        Math.min(batch.length(i), QUOTED_BYTES),
      ),
    };
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

  #readControl(batch: MessageBatch, i: number): void {
    this.#at = NaN;
    this.#hopLimit = -1;
    this.#extended = -1;
    batch.visitControl(i, this.#takeControl);
  }

  readonly #takeControl = (
    level: number,
    type: number,
    words: Int32Array,
    at: number,
  ): void => {
    if (level === c.SOL_SOCKET && type === c.SCM_TIMESTAMPING) {
      // struct scm_timestamping: three timespecs, the first of them the software's.
      const whole = seconds(words[at]!, words[at + 1]!);
      if (whole > 0) this.#at = this.#wall.toMonotonic(whole, words[at + 2]!);
    } else if (
      (level === c.IPPROTO_IP && type === c.IP_TTL) ||
      (level === c.IPPROTO_IPV6 && type === c.IPV6_HOPLIMIT)
    ) {
      this.#hopLimit = words[at]!;
    } else if (
      (level === c.IPPROTO_IP && type === c.IP_RECVERR) ||
      (level === c.IPPROTO_IPV6 && type === c.IPV6_RECVERR)
    ) {
      this.#extended = at;
    }
  };

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

/** The bytes of a 32-bit address that the kernel put into an integer, in host order. */
function bigEndian(word: number): Uint8Array {
  return Uint8Array.of(word >>> 24, word >>> 16, word >>> 8, word);
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
