import {
  decodeIcmp,
  ICMP4,
  ICMP6,
  ICMP_HEADER_BYTES,
} from "../../wire/icmp.ts";
import { PacketError } from "../../wire/errors.ts";
import { decodeIpv4Header, decodeIpv6Header } from "../../wire/ip.ts";
import {
  IcmpRefusedError,
  isCongestion,
  MessageTooLongError,
  SystemError,
} from "../errno.ts";
import type {
  ClockSource,
  IcmpErrorReport,
  IcmpHandler,
  IcmpSocketOptions,
  IcmpTransport,
  OutgoingSlot,
} from "../types.ts";
import { Ancillary, ERROR_CONTROL, REPLY_CONTROL } from "./ancillary.ts";
import { monotonicNow, WallClock } from "./clock.ts";
import * as c from "./constants.ts";
import type { LinuxEventLoop } from "./event_loop.ts";
import { filterIcmp } from "./icmp_filter.ts";
import {
  configureSending,
  SendStamps,
  slotsOf,
  writeZones,
} from "./icmp_send.ts";
import { check, errno, type Libc, libc, systemError } from "./libc.ts";
import { MessageBatch } from "./messages.ts";
import { socketAddress } from "./sockaddr.ts";
import {
  closing,
  configurePackets,
  openSocket,
  requestReports,
  setReceiveBuffer,
  socketName,
  takeSocketError,
  tryOpenSocket,
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
const LEAST_RECEIVE_BATCH = 4;
/** How many entries of the error queue are read before something else gets its turn. */
const MAX_REPORTS = 1 << 12;
/** How often an asynchronous error may get in the way of one call before the call gives up. */
const ATTEMPTS = 8;
const DEFAULT_RECEIVE_BUFFER = 1 << 20;

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
  congestion: SystemError | undefined;

  readonly #libc: Libc = libc();
  readonly #loop: LinuxEventLoop;
  readonly #socket: number;
  readonly #out: MessageBatch;
  readonly #in: MessageBatch;
  readonly #errors: MessageBatch;
  readonly #wall = new WallClock();
  readonly #ancillary: Ancillary;
  readonly #stamps: SendStamps | undefined;
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
    const received = options.messageBytes + IP_HEADER_ROOM + REPLY_ROOM;
    const incoming = options.batch === 1 ? LEAST_RECEIVE_BATCH : Math.min(
      RECEIVE_BATCH,
      Math.max(LEAST_RECEIVE_BATCH, Math.floor(RECEIVE_MEMORY / received)),
    );
    [this.#out, this.#in, this.#errors, this.identifier, this.clock] = closing(
      this.#socket,
      () => {
        const identifier = this.#bind(options);
        const clock = this.#configure(options, identifier);
        const out = new MessageBatch(
          family,
          options.batch,
          options.messageBytes,
          0,
        );
        const replies = new MessageBatch(
          family,
          incoming,
          received,
          REPLY_CONTROL,
        );
        const errors = new MessageBatch(
          family,
          incoming,
          QUOTED_BYTES,
          ERROR_CONTROL,
        );
        loop.add(this.#socket, c.EPOLLIN);
        return [out, replies, errors, identifier, clock];
      },
    );
    this.#stamps = this.clock === "kernel"
      ? new SendStamps(this.#socket)
      : undefined;
    this.outgoing = slotsOf(this.#out);
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
    if (this.kind === "raw") filterIcmp(socket, options.family, identifier);
    configureSending(socket, options);
    setReceiveBuffer(socket, options.receiveBuffer ?? DEFAULT_RECEIVE_BUFFER);
    return requestReports(socket, options.family, options.sendTimestamps);
  }

  send(from: number, count: number): number {
    for (let attempt = 1;; attempt++) {
      writeZones(this.family, this.#out, this.outgoing, from, count);
      this.#stamps?.expect(this.outgoing, from, count);
      const sent = this.#libc.sendmmsg(
        this.#socket,
        this.#out.headersFrom(from),
        count,
        c.MSG_DONTWAIT,
      );
      if (sent >= 0) {
        this.#stamps?.advance(sent);
        return sent;
      }
      const failure = systemError("send", errno());
      if (isCongestion(failure)) {
        this.#deferReports();
        this.#stamps?.restart();
        this.congestion = failure;
        return 0;
      }
      // A report about an earlier message fails the call as well: take the reports, and try again.
      this.#localMtu = 0;
      this.#deferReports();
      this.#stamps?.restart();
      if (failure.errno === c.EMSGSIZE && this.#localMtu > 0) {
        throw new MessageTooLongError(failure, this.#localMtu);
      }
      if (attempt === ATTEMPTS) throw failure;
    }
  }

  /** Empties the error queue into {@linkcode #deferred}, and clears the socket's pending error. */
  #deferReports(): void {
    const later: IcmpHandler = {
      message() {},
      error: (report) => this.#deferred.push(copy(report)),
      sent: (cookie, at) => this.#deferred.push({ cookie, at }),
    };
    this.#receiveErrors(later);
    takeSocketError(this.#socket);
  }

  receive(handler: IcmpHandler): number {
    const batch = this.#in;
    // MSG_TRUNC: the length of a message that is longer than its place is the whole one.
    let count = this.#read(batch, c.MSG_DONTWAIT | c.MSG_TRUNC);
    const readAt = monotonicNow();
    this.#trusted = this.#wall.sample();
    // A reply's own send stamp is queued before the reply, so it is there by now.
    let others = this.#deferred.length;
    for (const item of this.#deferred.splice(0)) {
      if ("cookie" in item) handler.sent(item.cookie, item.at);
      else handler.error(item);
    }
    others += this.#receiveErrors(handler);
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
    const received = batch.packets[i]!;
    const bytes = batch.length(i);
    const length = Math.min(bytes, received.length);
    this.#ancillary.read(batch, i);
    let start = 0;
    if (this.kind === "raw" && this.family === 4) {
      if (length < 20) return false;
      start = (received[0]! & 15) * 4;
      this.#ancillary.hopLimit = received[8]!;
    }
    if (length < start + ICMP_HEADER_BYTES) return false;
    const packet = batch.view(i, start, length);
    const from = batch.addresses[i]!;
    const type = packet[0]!;
    if (type === (this.family === 4 ? ICMP4.REDIRECT : ICMP6.REDIRECT)) {
      const redirect = this.#redirect(packet, from);
      if (redirect !== undefined) handler.error(redirect);
      return true;
    }
    handler.message(
      packet,
      bytes - start,
      from,
      this.#ancillary.hopLimit,
      this.#trusted ? this.#ancillary.at : NaN,
      readAt,
    );
    return true;
  }

  /** Reads the error queue: reports, and the times at which messages were sent. */
  #receiveErrors(handler: IcmpHandler): number {
    const batch = this.#errors;
    const ancillary = this.#ancillary;
    let total = 0;
    let count = batch.size;
    while (total < MAX_REPORTS && count === batch.size) {
      count = this.#read(batch, c.MSG_DONTWAIT | c.MSG_ERRQUEUE);
      total += count;
      for (let i = 0; i < count; i++) {
        ancillary.read(batch, i);
        switch (ancillary.origin) {
          case c.SO_EE_ORIGIN_TIMESTAMPING:
            if (!this.#trusted || this.#stamps === undefined) break;
            handler.sent(
              this.#stamps.cookie(ancillary.stampNumber),
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
    }
    return total;
  }

  /** A redirect, which a raw socket receives as a message (RFC 792; RFC 4861 section 4.5). */
  #redirect(
    packet: Uint8Array,
    from: Uint8Array,
  ): IcmpErrorReport | undefined {
    try {
      const message = decodeIcmp(this.family, packet);
      if (message.kind !== "redirect") return undefined;
      const { type, code, gateway, quoted } = message;
      const { destination, headerBytes } = this.family === 4
        ? decodeIpv4Header(quoted)
        : decodeIpv6Header(quoted);
      return {
        from,
        type,
        code,
        mtu: 0,
        gateway,
        destination,
        quoted: quoted.subarray(headerBytes),
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

/** @throws {IcmpRefusedError} when neither kind of socket is allowed */
function openIcmp(family: 4 | 6): [socket: number, kind: "datagram" | "raw"] {
  const protocol = family === 4 ? c.IPPROTO_ICMP : c.IPPROTO_ICMPV6;
  // Whatever keeps it from opening, a raw one either opens or says it better.
  const datagram = tryOpenSocket(family, c.SOCK_DGRAM, protocol);
  if (datagram >= 0) return [datagram, "datagram"];
  try {
    return [
      openSocket(family, c.SOCK_RAW, protocol, "a raw ICMP socket"),
      "raw",
    ];
  } catch (error) {
    const isRefused = error instanceof SystemError &&
      (error.errno === c.EPERM || error.errno === c.EACCES);
    throw isRefused ? new IcmpRefusedError(error) : error;
  }
}

/** A report that outlives the buffers it was read into. */
function copy(report: IcmpErrorReport): IcmpErrorReport {
  return {
    ...report,
    from: report.from.slice(),
    ...(report.gateway === undefined
      ? {}
      : { gateway: report.gateway.slice() }),
    destination: report.destination.slice(),
    quoted: report.quoted.slice(),
  };
}
