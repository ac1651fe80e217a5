import type { Family } from "../../wire/address.ts";
import { ICMP_HEADER_BYTES } from "../../wire/icmp.ts";
import type { OutgoingSlot, SystemAddress } from "../types.ts";
import { IP_PENDING, IP_STATUS_BASE, WAIT_OBJECT_0 } from "./constants.ts";
import type { WindowsApi } from "./api.ts";
import type { WaitGroup } from "./event_loop.ts";
import {
  ICMP_ECHO_REPLY,
  ICMP_ECHO_REPLY32,
  ICMPV6_ECHO_REPLY,
  IO_STATUS_BLOCK_BYTES,
} from "./layouts.ts";

/** One reply of the system's: an echo reply, an ICMP error or an error of its own, as `status` says. */
export interface EchoReply {
  /** IP_STATUS (ipexport.h). */
  readonly status: number;
  /** Who sent it: 4 or 16 bytes. */
  readonly from: Uint8Array;
  /** -1 where unknown: the structure of ICMPv6 has none. */
  readonly hopLimit: number;
  readonly data: Uint8Array;
}

/**
 * How large a reply buffer must be, by the pages of IcmpSendEcho2Ex and
 * Icmp6SendEcho2: one reply, the data, 8 bytes of an ICMP error, and an
 * IO_STATUS_BLOCK.
 */
export function replyBufferBytes(family: Family, dataBytes: number): number {
  const { bytes } = family === 4 ? ICMP_ECHO_REPLY : ICMPV6_ECHO_REPLY;
  return bytes + dataBytes + ICMP_HEADER_BYTES + IO_STATUS_BLOCK_BYTES;
}

/**
 * The memory of one request at a time. The system reads and writes it until
 * the event is signalled, so it is no part of anything that moves, and is kept
 * until then.
 */
export class EchoRequest {
  readonly event: bigint;
  /** The event is among those of this group. */
  readonly group: WaitGroup;
  /** What follows the ICMP header. */
  readonly data: Uint8Array<ArrayBuffer>;
  readonly buffer: Uint8Array<ArrayBuffer>;
  /** Where the request goes; replaced with each. */
  destination: SystemAddress = { bytes: new Uint8Array(), scopeId: 0 };
  /** The ICMP header that the program wrote; the system sends one of its own. */
  readonly header = new Uint8Array(ICMP_HEADER_BYTES);
  cookie = 0;
  /** The system has given its answer by then. */
  overdueAt = NaN;
  readonly #family: Family;
  readonly #api: WindowsApi;
  readonly #view: DataView<ArrayBuffer>;

  constructor(
    api: WindowsApi,
    family: Family,
    dataBytes: number,
    group: WaitGroup,
  ) {
    this.#api = api;
    this.#family = family;
    this.group = group;
    this.data = new Uint8Array(new ArrayBuffer(dataBytes));
    this.buffer = new Uint8Array(
      new ArrayBuffer(replyBufferBytes(family, dataBytes)),
    );
    this.#view = new DataView(this.buffer.buffer);
    this.event = api.createEvent();
    group.add(this.event);
  }

  /** Takes over what a slot holds. */
  load({ packet, address, scopeId, cookie }: OutgoingSlot): void {
    this.header.set(packet.subarray(0, ICMP_HEADER_BYTES));
    this.data.set(packet.subarray(ICMP_HEADER_BYTES));
    this.destination = { bytes: address.slice(), scopeId };
    this.cookie = cookie;
    // A reply that is shorter than the request must not be made up from an older one.
    this.buffer.fill(0);
  }

  /** Whether the system has given its answer. */
  isDone(): boolean {
    return this.#api.call.WaitForSingleObject(this.event, 0) === WAIT_OBJECT_0;
  }

  /** The replies in the buffer; or, where there is none, the IP_STATUS of the request. */
  replies(): EchoReply[] | number {
    const { call } = this.#api;
    const { buffer } = this;
    const count = this.#family === 4
      ? call.IcmpParseReplies(buffer, buffer.length)
      : call.Icmp6ParseReplies!(buffer, buffer.length);
    if (count === 0) return this.#failure();
    if (this.#family === 6) return [this.#reply6()];
    return Array.from({ length: count }, (_, i) => this.#reply4(i));
  }

  /** Why there is no reply: the last error, unless the buffer has the status, which .NET's Ping goes by. */
  #failure(): number {
    const { status } = this.#family === 4 ? ICMP_ECHO_REPLY : ICMPV6_ECHO_REPLY;
    const told = this.#view.getUint32(status, true);
    const isStatus = told > IP_STATUS_BASE && told < IP_PENDING;
    return isStatus ? told : this.#api.call.GetLastError();
  }

  #reply4(index: number): EchoReply {
    const { buffer } = this;
    const view = this.#view;
    const reply = this.#layout4();
    const at = index * reply.layout.bytes;
    const { address, status, dataSize, ttl } = reply.layout;
    const start = reply.dataAt(at);
    const end = start + view.getUint16(at + dataSize, true);
    const fits = start >= 0 && end <= buffer.length;
    return {
      status: view.getUint32(at + status, true),
      from: buffer.subarray(at + address, at + address + 4),
      hopLimit: view.getUint8(at + ttl),
      data: fits ? buffer.subarray(start, end) : new Uint8Array(),
    };
  }

  /** Which layout the replies have: that whose pointer to the data points into the buffer. */
  #layout4() {
    const view = this.#view;
    const base = Deno.UnsafePointer.value(Deno.UnsafePointer.of(this.buffer));
    const { data } = ICMP_ECHO_REPLY;
    const wide = (at: number) =>
      Number(view.getBigUint64(at + data, true) - base);
    const first = wide(0);
    const bytes = view.getUint16(ICMP_ECHO_REPLY.dataSize, true);
    return bytes === 0 || first >= 0 && first + bytes <= this.buffer.length
      ? { layout: ICMP_ECHO_REPLY, dataAt: wide }
      : {
        layout: ICMP_ECHO_REPLY32,
        dataAt: (at: number) =>
          view.getUint32(at + data, true) - Number(base & 0xffff_ffffn),
      };
  }

  /** How long the data is, the structure does not say: as long as what was sent. */
  #reply6(): EchoReply {
    const { bytes, address, status } = ICMPV6_ECHO_REPLY;
    return {
      status: this.#view.getUint32(status, true),
      from: this.buffer.subarray(address, address + 16),
      hopLimit: -1,
      data: this.buffer.subarray(bytes, bytes + this.data.length),
    };
  }
}
