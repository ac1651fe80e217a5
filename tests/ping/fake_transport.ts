/**
 * A network and a clock that exist only in memory: an hour of pinging takes
 * milliseconds, and what happens to each probe is written down in a script.
 */

import { SystemError } from "../../lib/os/errno.ts";
import type {
  ClockSource,
  EventLoop,
  IcmpErrorReport,
  IcmpHandler,
  IcmpTransport,
  OutgoingSlot,
} from "../../lib/os/types.ts";
import type { Family } from "../../lib/wire/address.ts";
import {
  buildPacket,
  icmpProtocol,
  readPacket,
} from "../netlab/internet/packets.ts";
import { Schedule } from "../netlab/internet/schedule.ts";

/** Time that passes only while someone waits for it. */
export class VirtualClock implements EventLoop {
  readonly #events = new Schedule<() => void>();
  #now = 1000;
  #wallOffset = 1_700_000_000;
  #woken = false;
  /** What one look at the clock costs; for programs that are too busy to wait. */
  costMs = 0;
  /** How many waits were allowed to be busy. */
  busyWaits = 0;

  now(): number {
    this.#now += this.costMs;
    return this.#now;
  }

  wallTime(): number {
    return this.#wallOffset + this.#now / 1000;
  }

  /** Sets the wall clock forward (or back); the monotonic one is unaffected. */
  stepWallClock(seconds: number): void {
    this.#wallOffset += seconds;
  }

  /** Has something happen at a time, or as soon as someone waits where that is past. */
  at(time: number, happen: () => void): void {
    this.#events.add(time, happen);
  }

  // deno-lint-ignore require-await -- the interface has it asynchronous
  async wait(until: number, busy = false): Promise<void> {
    if (busy) this.busyWaits++;
    if (this.#woken) {
      this.#woken = false;
      return;
    }
    const next = Math.min(until, this.#events.nextAt);
    if (next === Infinity) throw new Error("Waits for what never happens");
    this.#now = Math.max(this.#now, next);
    this.#happen();
  }

  #happen(): void {
    for (;;) {
      const happen = this.#events.take(this.#now);
      if (happen === undefined) return;
      happen();
    }
  }

  yield(): undefined {
    this.#happen();
    return undefined;
  }

  wake(): void {
    this.#woken = true;
  }

  [Symbol.dispose](): void {}
}

/** A probe as it was sent. */
export interface SentProbe {
  /** How many were sent before it. */
  readonly index: number;
  /** The ICMP message. */
  readonly packet: Uint8Array;
  readonly address: Uint8Array;
  readonly at: number;
}

/** Something that arrives: an ICMP message, by default from the probe's destination, or an ICMP error. */
export type Arrival =
  | { readonly packet: Uint8Array; readonly from?: Uint8Array }
  | { readonly error: IcmpErrorReport };

/** Something that arrives because of a probe, so long after it. */
export type Delivery = Arrival & { readonly afterMs: number };

/** What the network does with each probe. */
export type Script = (probe: SentProbe) => readonly Delivery[];

/** What a fake socket is like. */
export interface FakeOptions {
  readonly family?: Family;
  readonly messageBytes?: number;
  readonly batch?: number;
  readonly kind?: "datagram" | "raw";
  readonly clock?: ClockSource;
  /** Before each probe is taken: false where the system takes no more now, or throws what it refuses it with. */
  readonly admit?: (index: number) => boolean;
  /** How long a probe waits in the machine before the kernel says that it has left. Default 0. */
  readonly departsAfterMs?: (index: number) => number;
}

/** The identifier of every fake socket. */
export const IDENTIFIER = 0x4e44;
/** The hop limit of everything that arrives. */
export const HOP_LIMIT = 57;

/** The reply that a host gives to a probe; `change` may damage it, and the checksum is right afterwards. */
export function echo(
  probe: SentProbe,
  change: (packet: Uint8Array) => void = () => {},
): Uint8Array {
  const { packet, address } = probe;
  const reply = packet.slice();
  reply[0] = address.length === 4 ? 0 : 129;
  change(reply);
  return sealed(address, reply);
}

/** An ICMP message from `address` whose checksum is right. */
export function sealed(address: Uint8Array, message: Uint8Array): Uint8Array {
  const own = new Uint8Array(address.length);
  const protocol = icmpProtocol(address.length === 4 ? 4 : 6);
  const { bytes } = buildPacket(address, own, protocol, HOP_LIMIT, message);
  return readPacket(bytes)!.body.slice();
}

/** A socket whose other end is a script. */
export class FakeTransport implements IcmpTransport {
  readonly family: Family;
  readonly kind: "datagram" | "raw";
  readonly identifier = IDENTIFIER;
  readonly clock: ClockSource;
  readonly outgoing: readonly OutgoingSlot[];
  readonly congestion = new SystemError(
    "send",
    105,
    "ENOBUFS",
    "No buffer space available",
  );
  /** How many messages the system took. */
  transmitted = 0;
  isClosed = false;
  readonly #loop: VirtualClock;
  readonly #script: Script;
  readonly #admit: (index: number) => boolean;
  readonly #departsAfterMs: (index: number) => number;
  readonly #arrived: ((handler: IcmpHandler) => void)[] = [];
  #offered = 0;

  constructor(loop: VirtualClock, script: Script, options: FakeOptions = {}) {
    this.family = options.family ?? 4;
    this.kind = options.kind ?? "raw";
    this.clock = options.clock ?? "kernel";
    this.#admit = options.admit ?? (() => true);
    this.#departsAfterMs = options.departsAfterMs ?? (() => 0);
    this.#loop = loop;
    this.#script = script;
    this.outgoing = Array.from({ length: options.batch ?? 1 }, () => ({
      packet: new Uint8Array(options.messageBytes ?? 64),
      address: new Uint8Array(this.family === 4 ? 4 : 16),
      scopeId: 0,
      cookie: 0,
    }));
  }

  send(from: number, count: number): number {
    for (let taken = 0; taken < count; taken++) {
      let admitted;
      try {
        admitted = this.#admit(this.#offered++);
      } catch (error) {
        // Like the kernel: what was taken before is said first, and the refusal with the next call.
        if (taken === 0) throw error;
        this.#offered--;
        return taken;
      }
      if (!admitted) return taken;
      this.#transmit(this.outgoing[from + taken]!);
    }
    return count;
  }

  #transmit({ packet, address, cookie }: OutgoingSlot): void {
    const at = this.#loop.now();
    const probe: SentProbe = {
      index: this.transmitted++,
      packet: packet.slice(),
      address: address.slice(),
      at,
    };
    if (this.clock === "kernel") {
      const departed = at + this.#departsAfterMs(probe.index);
      const tell = (handler: IcmpHandler) => handler.sent(cookie, departed);
      if (departed === at) this.#arrived.push(tell);
      else this.#loop.at(departed, () => this.#arrived.push(tell));
    }
    for (const delivery of this.#script(probe)) {
      this.deliver(at + delivery.afterMs, delivery, probe.address);
    }
  }

  /** Has something arrive at a time. */
  deliver(time: number, arrival: Arrival, destination: Uint8Array): void {
    const stamp = this.clock === "user" ? NaN : time;
    const hand = (handler: IcmpHandler) => {
      if ("error" in arrival) return handler.error(arrival.error);
      const { packet, from = destination } = arrival;
      handler.message(
        packet,
        packet.length,
        from,
        HOP_LIMIT,
        stamp,
        this.#loop.now(),
      );
    };
    this.#loop.at(time, () => this.#arrived.push(hand));
  }

  receive(handler: IcmpHandler): number {
    const arrived = this.#arrived.splice(0);
    for (const hand of arrived) hand(handler);
    return arrived.length;
  }

  [Symbol.dispose](): void {
    this.isClosed = true;
  }
}
