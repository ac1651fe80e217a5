import type { Family } from "../../wire/address.ts";
import { ICMP4, ICMP6, isParameterProblem } from "../../wire/icmp.ts";
import type { IcmpErrorReport } from "../types.ts";
import { seconds, type WallClock } from "./clock.ts";
import * as c from "./constants.ts";
import type { MessageBatch } from "./messages.ts";
import { SOCKADDR } from "./sockaddr.ts";

/** Room for what comes with a reply: three timespecs and a hop limit. */
export const REPLY_CONTROL = 96;
/** Room for what comes with an error: the same, and a sock_extended_err with its offender. */
export const ERROR_CONTROL = 160;

/** Stamps of sent messages, numbered, without the messages themselves; and of received ones. */
export const SEND_STAMPS = c.SOF_TIMESTAMPING_TX_SOFTWARE |
  c.SOF_TIMESTAMPING_OPT_ID | c.SOF_TIMESTAMPING_OPT_TSONLY;
export const RECEIVE_STAMPS = c.SOF_TIMESTAMPING_RX_SOFTWARE |
  c.SOF_TIMESTAMPING_SOFTWARE;

/** The code of "fragmentation needed and DF set" (RFC 792). */
const FRAGMENTATION_NEEDED = 4;

/** What the kernel says about a message, beside its bytes: control data and the error queue. */
export class Ancillary {
  /** Monotonic time of the stamp, in milliseconds; `NaN` where there is none. */
  at = NaN;
  /** Time to live or hop limit; -1 where unknown. */
  hopLimit = -1;
  readonly #family: Family;
  readonly #wall: WallClock;
  #words = new Int32Array();
  /** Where in the words struct sock_extended_err starts; -1 where there is none. */
  #extended = -1;

  constructor(family: Family, wall: WallClock) {
    this.#family = family;
    this.#wall = wall;
  }

  /** Reads what came with message `i` of a batch. */
  read(batch: MessageBatch, i: number): void {
    this.at = NaN;
    this.hopLimit = -1;
    this.#extended = -1;
    batch.visitControl(i, this.#take);
  }

  // struct sock_extended_err (linux/errqueue.h): errno; origin, type, code; info; data. The offender follows.

  /** Where an entry of the error queue is from: `SO_EE_ORIGIN_...`; 0 for what is not of the error queue. */
  get origin(): number {
    return this.#extended < 0 ? 0 : this.#words[this.#extended + 1]! & 0xff;
  }

  /** What comes with an error: an MTU, or what its type has in that place. */
  get info(): number {
    return this.#words[this.#extended + 2]!;
  }

  /** Which sent message a stamp is about. */
  get stampNumber(): number {
    return this.#words[this.#extended + 3]!;
  }

  /** The ICMP error that message `i` of the batch reports. */
  report(batch: MessageBatch, i: number): IcmpErrorReport {
    const words = this.#words;
    const at = this.#extended;
    const type = (words[at + 1]! >> 8) & 0xff;
    const code = (words[at + 1]! >> 16) & 0xff;
    const layout = SOCKADDR[this.#family];
    const isRedirect = this.#family === 4 && type === ICMP4.REDIRECT;
    const packet = batch.packets[i]!;
    return {
      from: new Uint8Array(
        words.buffer,
        (at + 4) * 4 + layout.address,
        layout.addressBytes,
      ),
      type,
      code,
      mtu: this.#isTooBig(type, code) ? Math.max(0, this.info) : 0,
      ...(isRedirect ? { gateway: bigEndian(this.info) } : {}),
      ...(isParameterProblem(this.#family, type)
        ? { pointer: this.info >>> 0 }
        : {}),
      destination: batch.addresses[i]!,
      quoted: packet.subarray(0, Math.min(batch.length(i), packet.length)),
    };
  }

  /** Only these announce an MTU; of other errors the same field holds other things. */
  #isTooBig(type: number, code: number): boolean {
    return this.#family === 4
      ? type === ICMP4.DESTINATION_UNREACHABLE && code === FRAGMENTATION_NEEDED
      : type === ICMP6.PACKET_TOO_BIG;
  }

  readonly #take = (
    level: number,
    type: number,
    words: Int32Array<ArrayBuffer>,
    at: number,
  ): void => {
    this.#words = words;
    if (level === c.SOL_SOCKET && type === c.SCM_TIMESTAMPING) {
      // struct scm_timestamping: three timespecs, the first of them the software's.
      const whole = seconds(words[at]!, words[at + 1]!);
      if (whole > 0) this.at = this.#wall.toMonotonic(whole, words[at + 2]!);
    } else if (
      (level === c.IPPROTO_IP && type === c.IP_TTL) ||
      (level === c.IPPROTO_IPV6 && type === c.IPV6_HOPLIMIT)
    ) {
      this.hopLimit = words[at]!;
    } else if (
      (level === c.IPPROTO_IP && type === c.IP_RECVERR) ||
      (level === c.IPPROTO_IPV6 && type === c.IPV6_RECVERR)
    ) {
      this.#extended = at;
    }
  };
}

/** The bytes of a 32-bit address that the kernel put into an integer, in host order. */
function bigEndian(word: number): Uint8Array {
  return Uint8Array.of(word >>> 24, word >>> 16, word >>> 8, word);
}
