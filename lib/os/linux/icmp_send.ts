/** What an ICMP socket needs to send: its options, its memory, and the numbering of what went out. */

import type { Family } from "../../wire/address.ts";
import type { IcmpSocketOptions, OutgoingSlot } from "../types.ts";
import { RECEIVE_STAMPS, SEND_STAMPS } from "./ancillary.ts";
import * as c from "./constants.ts";
import type { MessageBatch } from "./messages.ts";
import { setOption, trySetOption } from "./socket.ts";

/** Messages whose send timestamp may be outstanding. */
const STAMP_RING = 1 << 13;
/** SO_SNDBUF counts the kernel's own overhead, which this is enough for. */
const SEND_BUFFER_PER_MESSAGE = 2048;

/** The kernel's numbering of the messages that went out on one socket. */
export class SendStamps {
  readonly #socket: number;
  readonly #cookies = new Float64Array(STAMP_RING);
  #next = 0;

  constructor(socket: number) {
    this.#socket = socket;
  }

  /** Notes what goes out next; {@linkcode advance} confirms how much of it did. */
  expect(slots: readonly OutgoingSlot[], from: number, count: number): void {
    for (let i = 0; i < count; i++) {
      this.#cookies[(this.#next + i) & (STAMP_RING - 1)] =
        slots[from + i]!.cookie;
    }
  }

  advance(sent: number): void {
    this.#next += sent;
  }

  /** The cookie of the message that the kernel gave this number. */
  cookie(number: number): number {
    return this.#cookies[number & (STAMP_RING - 1)]!;
  }

  /**
   * Starts the numbering anew. Linux before 6.8 counts messages that it
   * refused, which would shift all later stamps by one.
   */
  restart(): void {
    const flags = SEND_STAMPS | RECEIVE_STAMPS;
    for (const stamps of [flags & ~c.SOF_TIMESTAMPING_OPT_ID, flags]) {
      trySetOption(this.#socket, c.SOL_SOCKET, c.SO_TIMESTAMPING, stamps);
    }
    this.#next = 0;
  }
}

/** Slots over the memory that `sendmmsg` sends from. */
export function slotsOf(batch: MessageBatch): readonly OutgoingSlot[] {
  return batch.packets.map((packet, i) => ({
    packet,
    address: batch.addresses[i]!,
    scopeId: 0,
    cookie: 0,
  }));
}

/** Copies the zones of slots to where the system reads them. */
export function writeZones(
  family: Family,
  batch: MessageBatch,
  slots: readonly OutgoingSlot[],
  from: number,
  count: number,
): void {
  if (family === 4) return;
  for (let i = from; i < from + count; i++) {
    batch.setScope(i, slots[i]!.scopeId);
  }
}

/** Options of an ICMP socket that concern what it sends. */
export function configureSending(
  socket: number,
  options: IcmpSocketOptions,
): void {
  const four = options.family === 4;
  if (options.pathMtu !== undefined) {
    // IP_PMTUDISC_DONT, _WANT, _DO (linux/in.h); the same numbers in IPv6.
    const mode = { dont: 0, want: 1, do: 2 }[options.pathMtu];
    const [level, option] = four
      ? [c.IPPROTO_IP, c.IP_MTU_DISCOVER]
      : [c.IPPROTO_IPV6, c.IPV6_MTU_DISCOVER];
    setOption(socket, level, option, mode, "path MTU discovery");
  }
  if (options.broadcast === true) {
    setOption(socket, c.SOL_SOCKET, c.SO_BROADCAST, 1, "broadcast");
  }
  const bytes = options.batch *
    (options.messageBytes + SEND_BUFFER_PER_MESSAGE);
  if (!trySetOption(socket, c.SOL_SOCKET, c.SO_SNDBUFFORCE, bytes)) {
    trySetOption(socket, c.SOL_SOCKET, c.SO_SNDBUF, bytes);
  }
}
