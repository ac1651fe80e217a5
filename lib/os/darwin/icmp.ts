import type { Family } from "../../wire/address.ts";
import { foldChecksum, sum16 } from "../../wire/checksum.ts";
import { PacketError } from "../../wire/errors.ts";
import {
  decodeIcmp,
  ICMP4,
  ICMP6,
  ICMP_HEADER_BYTES,
  type IcmpMessage,
  isParameterProblem,
} from "../../wire/icmp.ts";
import { quotedEcho } from "../../wire/ip.ts";
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
import * as c from "./constants.ts";
import type { DarwinEventLoop } from "./event_loop.ts";
import { ICMP6_FILTER_BYTES, SOCKADDR_IN6 } from "./layouts.ts";
import { type LibSystem, systemError } from "./libsystem.ts";
import { ReceivedMessage } from "./message.ts";
import { SOCKADDR, socketAddress } from "./sockaddr.ts";
import { Socket } from "./socket.ts";

const IPV4_HEADER_BYTES = 20;
/** The longest IPv4 header; IPv4 messages are delivered behind theirs. */
const IP_HEADER_ROOM = 60;
/** How much longer than what was sent a reply may be and still be seen whole. */
const REPLY_ROOM = 64;
/** ICMP errors quote up to as much (RFC 1812 section 4.3.2.3; RFC 4443 section 2.4). */
const ERROR_ROOM = 1280;
/** What is handed over of a message that an error quotes: all that can identify a probe. */
const QUOTED_BYTES = 128;
/** Messages that are read before something else gets its turn. */
const MESSAGES_A_TURN = 256;
const DEFAULT_RECEIVE_BUFFER = 1 << 20;
/** Where the ICMP checksum stands (RFC 792). */
const CHECKSUM = 2;

/** A slot, and the socket address that its address is a part of. */
interface Outgoing extends OutgoingSlot {
  readonly name: Uint8Array<ArrayBuffer>;
  readonly packet: Uint8Array<ArrayBuffer>;
}

/**
 * ICMP echo through a datagram ICMP socket, which macOS allows to everyone.
 * What distinguishes it from Linux (XNU, bsd/netinet/ip_icmp.c, raw_ip.c,
 * bsd/netinet6/icmp6.c, raw_ip6.c):
 *
 * - The identifier is the program's own, and every socket receives every ICMP
 *   message of the machine, errors included: this class picks out its own.
 * - IPv4 messages come behind their IP header, the length in which is in host
 *   order and leaves out the header itself.
 * - The kernel fills in the checksum of ICMPv6, but not that of ICMPv4.
 *
 * @throws {IcmpRefusedError} where a sandbox forbids such sockets
 */
export class DarwinIcmpTransport implements IcmpTransport {
  readonly family: Family;
  readonly kind = "datagram";
  readonly identifier: number;
  readonly clock: ClockSource;
  readonly outgoing: readonly Outgoing[];
  congestion: SystemError | undefined;
  readonly #lib: LibSystem;
  readonly #loop: DarwinEventLoop;
  readonly #socket: Socket;
  readonly #message: ReceivedMessage;
  readonly #echoReply: number;

  constructor(
    lib: LibSystem,
    loop: DarwinEventLoop,
    options: IcmpSocketOptions,
  ) {
    const { family, messageBytes } = options;
    this.#lib = lib;
    this.#loop = loop;
    this.family = family;
    this.#echoReply = family === 4 ? ICMP4.ECHO_REPLY : ICMP6.ECHO_REPLY;
    this.identifier = crypto.getRandomValues(new Uint16Array(1))[0]!;
    this.outgoing = Array.from(
      { length: options.batch },
      () => outgoing(family, messageBytes),
    );
    this.#message = new ReceivedMessage(
      lib,
      family,
      Math.max(messageBytes + REPLY_ROOM, ERROR_ROOM) + IP_HEADER_ROOM,
    );
    this.#socket = openIcmp(lib, family);
    this.clock = this.#socket.settingUp(() => {
      const clock = this.#configure(options);
      loop.add(this.#socket.descriptor);
      return clock;
    });
    loop.clock.sample();
  }

  #configure(options: IcmpSocketOptions): ClockSource {
    const socket = this.#socket;
    socket.configurePackets(options);
    socket.configurePathMtu(options.pathMtu);
    if (options.broadcast === true) {
      socket.set(c.SOL_SOCKET, c.SO_BROADCAST, 1, "broadcast");
    }
    // A message may be as long as the send buffer, which is 8192 bytes (RIPSNDQ in XNU, bsd/netinet/raw_ip.c).
    const sendBuffer = Math.max(8192, options.messageBytes + IP_HEADER_ROOM);
    socket.set(c.SOL_SOCKET, c.SO_SNDBUF, sendBuffer, "the send buffer");
    const receiveBuffer = options.receiveBuffer ?? DEFAULT_RECEIVE_BUFFER;
    socket.trySet(c.SOL_SOCKET, c.SO_RCVBUF, receiveBuffer);
    if (options.family === 6) {
      socket.set(c.IPPROTO_IPV6, c.IPV6_RECVHOPLIMIT, 1, "hop limits");
      this.#filter();
    }
    const stamps = socket.trySet(c.SOL_SOCKET, c.SO_TIMESTAMP, 1);
    return stamps ? "kernel-receive" : "user";
  }

  /** Lets echo replies, errors and redirects pass, and nothing of neighbour discovery (RFC 3542 section 3.2). */
  #filter(): void {
    const filter = new Uint32Array(ICMP6_FILTER_BYTES / 4);
    const { ECHO_REPLY, REDIRECT, ...types } = ICMP6;
    const errors = Object.values(types).filter((type) => type < 128);
    for (const type of [ECHO_REPLY, REDIRECT, ...errors]) {
      filter[type >> 5]! |= 1 << (type & 31);
    }
    this.#lib.check(
      this.#lib.call.setsockopt(
        this.#socket.descriptor,
        c.IPPROTO_ICMPV6,
        c.ICMP6_FILTER,
        new Uint8Array(filter.buffer),
        ICMP6_FILTER_BYTES,
      ),
      "filter ICMPv6 messages",
    );
  }

  send(from: number, count: number): number {
    for (let taken = 0; taken < count; taken++) {
      const error = this.#sendOne(this.outgoing[from + taken]!);
      if (error === 0) continue;
      // What was taken before is said first, and the refusal with the next call.
      if (taken > 0) return taken;
      const failure = systemError("send", error);
      if (error === c.EMSGSIZE) throw new MessageTooLongError(failure, 0);
      if (!isCongestion(failure)) throw failure;
      this.congestion = failure;
      return 0;
    }
    return count;
  }

  #sendOne({ packet, name, scopeId }: Outgoing): number {
    if (this.family === 4) {
      packet[CHECKSUM] = packet[CHECKSUM + 1] = 0;
      const checksum = foldChecksum(sum16(packet));
      packet[CHECKSUM] = checksum >> 8;
      packet[CHECKSUM + 1] = checksum;
    } else {
      new DataView(name.buffer).setUint32(SOCKADDR_IN6.scopeId, scopeId, true);
    }
    const sent = this.#lib.call.sendto(
      this.#socket.descriptor,
      packet,
      BigInt(packet.length),
      c.MSG_DONTWAIT,
      name,
      name.length,
    );
    return sent < 0 ? this.#lib.errno() : 0;
  }

  receive(handler: IcmpHandler): number {
    const message = this.#message;
    let trusted: boolean | undefined;
    let count = 0;
    for (; count < MESSAGES_A_TURN; count++) {
      if (message.receive(this.#socket.descriptor) !== 0) break;
      const readAt = this.#loop.now();
      // After the reading, so that a step of the wall clock between the stamp and it is seen.
      trusted ??= this.#loop.clock.sample();
      this.#deliver(message, trusted, readAt, handler);
    }
    return count;
  }

  #deliver(
    message: ReceivedMessage,
    trusted: boolean,
    readAt: number,
    handler: IcmpHandler,
  ): void {
    const { packet: received, length, address } = message;
    const { at, hopLimit } = message.ancillary(this.#loop.clock);
    let start = 0;
    let ttl = hopLimit;
    let bytes = length;
    if (this.family === 4) {
      if (length < IPV4_HEADER_BYTES) return;
      start = (received[0]! & 15) * 4;
      ttl = received[8]!;
      // The whole length, of a message that was cut, too. Both kinds of Mac have the low byte first.
      bytes = received[2]! | received[3]! << 8;
      if (!message.isTruncated) bytes = length - start;
    }
    if (length < start + ICMP_HEADER_BYTES) return;
    const packet = received.subarray(start, length);
    if (packet[0] === this.#echoReply) {
      if ((packet[4]! << 8 | packet[5]!) !== this.identifier) return;
      const stamp = trusted ? at : NaN;
      handler.message(packet, bytes, address, ttl, stamp, readAt);
      return;
    }
    const report = this.#report(packet, address);
    if (report !== undefined) handler.error(report);
  }

  /** The error or redirect that a message is, if it is about one of this socket's. */
  #report(packet: Uint8Array, from: Uint8Array): IcmpErrorReport | undefined {
    let message: IcmpMessage;
    try {
      message = decodeIcmp(this.family, packet);
    } catch (error) {
      if (error instanceof PacketError) return undefined;
      throw error;
    }
    if (message.kind !== "error" && message.kind !== "redirect") {
      return undefined;
    }
    const echo = quotedEcho(this.family, message.quoted);
    if (echo === undefined || echo.identifier !== this.identifier) {
      return undefined;
    }
    const { quoted } = message;
    const start = echo.payload.byteOffset - quoted.byteOffset -
      ICMP_HEADER_BYTES;
    return {
      from,
      type: message.type,
      code: message.code,
      mtu: message.kind === "error" ? message.mtu : 0,
      ...(message.kind === "redirect"
        ? { gateway: message.gateway }
        : isParameterProblem(this.family, message.type)
        ? { pointer: message.pointer }
        : {}),
      destination: echo.destination,
      quoted: quoted.subarray(start, start + QUOTED_BYTES),
    };
  }

  [Symbol.dispose](): void {
    this.#loop.remove(this.#socket.descriptor);
    this.#socket[Symbol.dispose]();
  }
}

function outgoing(family: Family, messageBytes: number): Outgoing {
  const name = socketAddress(family);
  const { addr, addressBytes } = SOCKADDR[family];
  return {
    name,
    packet: new Uint8Array(new ArrayBuffer(messageBytes)),
    address: name.subarray(addr, addr + addressBytes),
    scopeId: 0,
    cookie: 0,
  };
}

function openIcmp(lib: LibSystem, family: Family): Socket {
  const protocol = family === 4 ? c.IPPROTO_ICMP : c.IPPROTO_ICMPV6;
  try {
    return new Socket(
      lib,
      family,
      c.SOCK_DGRAM,
      protocol,
      "a datagram ICMP socket",
    );
  } catch (error) {
    const isRefused = error instanceof SystemError &&
      (error.errno === c.EPERM || error.errno === c.EACCES);
    throw isRefused ? new IcmpRefusedError(error) : error;
  }
}
