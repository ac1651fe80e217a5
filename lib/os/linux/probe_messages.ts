import type { Family } from "../../wire/address.ts";
import { ICMP4, ICMP6 } from "../../wire/icmp.ts";
import type { IcmpErrorReport } from "../types.ts";
import { Ancillary, ERROR_CONTROL } from "./ancillary.ts";
import { WallClock } from "./clock.ts";
import * as c from "./constants.ts";
import { errno, type Libc, libc } from "./libc.ts";
import { MessageBatch } from "./messages.ts";

/** What an answer may hold and still be read whole. */
const DATAGRAM_BYTES = 65_535;

/** Reads the sockets of probes, and their error queues, a message at a time. */
export class ProbeMessages {
  readonly #libc: Libc = libc();
  readonly #wall = new WallClock();
  readonly #batch: MessageBatch;
  /** What came with the message that was read last. */
  readonly ancillary: Ancillary;

  constructor(family: Family) {
    this.ancillary = new Ancillary(family, this.#wall);
    this.#batch = new MessageBatch(family, 1, DATAGRAM_BYTES, ERROR_CONTROL);
    this.#wall.sample();
  }

  /** Reads one message; false where there is none. `MSG_ERRQUEUE` is the flag for errors. */
  receive(socket: number, flags: number): boolean {
    this.#batch.reset();
    // The pending error of a socket, told in full by the error queue, may fail the first attempt.
    for (let attempt = 0; attempt < 2; attempt++) {
      const count = this.#libc.recvmmsg(
        socket,
        this.#batch.headers,
        1,
        c.MSG_DONTWAIT | flags,
        null,
      );
      if (count === 1) {
        this.#batch.used = 1;
        const isSteady = this.#wall.sample();
        this.ancillary.read(this.#batch, 0);
        if (!isSteady) this.ancillary.at = NaN;
        return true;
      }
      if (errno() === c.EAGAIN) return false;
    }
    return false;
  }

  /** A copy of the bytes that were read last. */
  data(): Uint8Array<ArrayBuffer> {
    const length = Math.min(this.#batch.length(0), DATAGRAM_BYTES);
    return this.#batch.packets[0]!.slice(0, length);
  }

  /** What was read last, if it is an ICMP error; valid until something else is read. */
  icmpReport(): IcmpErrorReport | undefined {
    switch (this.ancillary.origin) {
      case c.SO_EE_ORIGIN_ICMP:
      case c.SO_EE_ORIGIN_ICMP6:
        return this.ancillary.report(this.#batch, 0);
      default:
        return undefined;
    }
  }
}

/** The host itself says that nobody listens (RFC 792; RFC 4443 section 3.1). */
export function isPortUnreachable(
  family: Family,
  { type, code, from, destination }: IcmpErrorReport,
): boolean {
  const isCode = family === 4
    ? type === ICMP4.DESTINATION_UNREACHABLE && code === 3
    : type === ICMP6.DESTINATION_UNREACHABLE && code === 4;
  return isCode && from.every((byte, i) => byte === destination[i]);
}
