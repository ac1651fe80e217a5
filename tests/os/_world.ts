/** A machine that exists only in memory: its time, its waiting threads, and the network that it is on. */

import {
  buildError,
  buildPacket,
  type ErrorContent,
  icmpProtocol,
  type Packet,
} from "../netlab/internet/packets.ts";
import { Schedule } from "../netlab/internet/schedule.ts";
import { parseAddress } from "../../lib/wire/address.ts";

interface Waiter {
  readonly until: number;
  readonly isReady: () => boolean;
  readonly resolve: () => void;
}

/** Time that passes only while every thread waits. */
export class World {
  /** Monotonic, in milliseconds. */
  now = 1000;
  /** Wall clock minus monotonic clock, in milliseconds. */
  wallOffset = 1_700_000_000_000;
  readonly #events = new Schedule<() => void>();
  readonly #waiters = new Set<Waiter>();
  #turning = false;

  /** Has something happen at a time. */
  at(time: number, happen: () => void): void {
    this.#events.add(time, happen);
  }

  /** A thread that waits until something is so, or for the time; resolves to whether it is so. */
  async wait(milliseconds: number, isReady: () => boolean): Promise<boolean> {
    if (!isReady()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const until = this.now + milliseconds;
      this.#waiters.add({ until, isReady, resolve });
      this.#turn();
      await promise;
    }
    return isReady();
  }

  /** Lets time pass, one event after the other, as long as threads wait. */
  async #turn(): Promise<void> {
    if (this.#turning) return;
    this.#turning = true;
    // Whoever is about to wait as well, or to end a wait, has its turn first.
    for (let i = 0; i < 10; i++) await undefined;
    while (this.#waiters.size > 0) {
      const ready = [...this.#waiters].filter(({ until, isReady }) =>
        isReady() || until <= this.now
      );
      for (const waiter of ready) {
        this.#waiters.delete(waiter);
        waiter.resolve();
      }
      if (ready.length > 0) {
        for (let i = 0; i < 10; i++) await undefined;
        continue;
      }
      const ends = [...this.#waiters].map(({ until }) => until);
      this.now = Math.max(
        this.now,
        Math.min(this.#events.nextAt, ...ends),
      );
      for (;;) {
        const happen = this.#events.take(this.now);
        if (happen === undefined) break;
        happen();
      }
    }
    this.#turning = false;
  }
}

/** Something that comes back for a probe. */
export interface Delivery {
  readonly afterMs: number;
  readonly packet: Packet;
}

/** What the network does with each probe. */
export type Network = (probe: Packet, index: number) => readonly Delivery[];

/** The machine's own addresses. */
export const OWN = {
  4: parseAddress("192.0.2.1")!,
  6: parseAddress("2001:db8::1")!,
} as const;

/** The hop limit of what arrives. */
export const HOP_LIMIT = 57;

/** What a host answers to an echo request, after `change` has done its damage. */
export function echoReply(
  probe: Packet,
  change: (message: Uint8Array) => void = () => {},
): Packet {
  const message = probe.body.slice();
  message[0] = probe.family === 4 ? 0 : 129;
  change(message);
  const { destination, source, protocol } = probe;
  return buildPacket(destination, source, protocol, HOP_LIMIT, message);
}

/** An ICMP error that a router sends about a probe. */
export function icmpError(
  router: string,
  probe: Packet,
  content: Partial<ErrorContent> & Pick<ErrorContent, "type" | "code">,
): Packet {
  return buildError(parseAddress(router)!, probe, {
    quote: "full",
    mpls: [],
    withoutLength: false,
    ...content,
  }, HOP_LIMIT);
}

/** The packet that a message goes out in. */
export function packetOf(
  destination: Uint8Array,
  message: Uint8Array,
  hopLimit = 64,
): Packet {
  const family = destination.length === 4 ? 4 : 6;
  return buildPacket(
    OWN[family],
    destination,
    icmpProtocol(family),
    hopLimit,
    message,
    // As the sender left it: what is wrong stays wrong, in IPv4.
    family === 6,
  );
}
