/** Datagram sockets of a load, with several messages in flight. */

import type {
  DatagramHandler,
  DatagramPeer,
  DatagramSocket,
} from "../os/network.ts";
import { codeOf, kindOf, Lane, type LaneHost } from "./load_lanes.ts";
import { NUMBER_BYTES } from "./load_message.ts";

/** Messages that a socket remembers at the least, so that what comes late is known. */
const MIN_MEMORY = 64;

/** What became of a message. */
const ENDED = 0;
const IN_FLIGHT = 1;
const COUNTED_IN_FLIGHT = 2;
const LOST = 3;

/** A datagram socket. Its messages are numbered, and found by their number. */
export class DatagramLane extends Lane implements DatagramHandler {
  #socket: DatagramSocket | undefined;
  /** The socket takes no more for now. */
  #isFull = false;
  /** What is remembered of message `n` is at `n & #mask`. */
  readonly #mask: number;
  readonly #states: Uint8Array;
  readonly #startedAt: Float64Array;
  readonly #sentAt: Float64Array;
  /** The number of the message that was sent last, from 1. */
  #last = 0;
  /** None before this one is in flight. */
  #oldest = 1;
  /** The highest number that was answered. */
  #highest = 0;

  constructor(host: LaneHost, index: number) {
    super(host, index);
    const wanted = Math.max(MIN_MEMORY, 2 * host.plan.inFlight);
    const memory = 2 ** Math.ceil(Math.log2(wanted));
    this.#mask = memory - 1;
    this.#states = new Uint8Array(memory);
    this.#startedAt = new Float64Array(memory);
    this.#sentAt = new Float64Array(memory);
  }

  override async open(): Promise<boolean> {
    const { network, place, plan } = this.host;
    // One byte more than is sent, so that bytes too many are seen.
    const options = { maxDatagram: plan.size + 1 };
    try {
      this.#socket = await network.associate(place, options, this);
      return true;
    } catch (error) {
      this.host.error(codeOf(error), error as Error);
      return false;
    }
  }

  override get canSend(): boolean {
    if (this.#isFull || this.isBroken) return false;
    const state = this.#states[(this.#last + 1) & this.#mask];
    return this.inFlight < this.host.plan.inFlight &&
      state !== IN_FLIGHT && state !== COUNTED_IN_FLIGHT;
  }

  override send(startedAt: number, now: number, isCounted: boolean): boolean {
    this.message.number(this.#last + 1);
    if (!this.#socket!.send(this.message.bytes)) {
      this.#isFull = true;
      return false;
    }
    const i = ++this.#last & this.#mask;
    this.#states[i] = isCounted ? COUNTED_IN_FLIGHT : IN_FLIGHT;
    this.#startedAt[i] = startedAt;
    this.#sentAt[i] = now;
    this.inFlight++;
    return true;
  }

  datagram(
    bytes: Uint8Array<ArrayBuffer>,
    _from: DatagramPeer,
    length: number,
  ): void {
    const { host, message } = this;
    // Numbers come back with 32 bits.
    const age = (this.#last - message.numberOf(bytes)) >>> 0;
    const number = bytes.length < NUMBER_BYTES ? 0 : this.#last - age;
    const isKnown = number > 0 && age <= this.#mask;
    const i = number & this.#mask;
    const state = isKnown ? this.#states[i]! : ENDED;
    const isInFlight = state === IN_FLIGHT || state === COUNTED_IN_FLIGHT;
    const difference = message.compareUnnumbered(bytes, length);
    if (difference !== undefined || number <= 0) {
      host.differs(difference ?? message.numberDifference(bytes));
      if (!isInFlight) return;
      this.#end(i);
      return host.mismatched(this, state === COUNTED_IN_FLIGHT);
    }
    if (state === LOST || !isKnown) {
      if (isKnown) this.#states[i] = ENDED;
      return host.late();
    }
    if (!isInFlight) return host.duplicate();
    if (number < this.#highest) host.reordered();
    else this.#highest = number;
    this.#end(i);
    host.answered(this, this.#startedAt[i]!, state === COUNTED_IN_FLIGHT);
  }

  #end(i: number): void {
    this.#states[i] = ENDED;
    this.inFlight--;
  }

  error(error: Error): void {
    this.host.error(kindOf(error), error);
    // Whoever answered before does not any more.
    if (kindOf(error) !== "ECONNREFUSED") return;
    this.isBroken = true;
    this.#giveUp(Infinity);
    this.host.broke();
  }

  drained(): void {
    this.#isFull = false;
    this.host.freed(this);
  }

  override expire(before: number): void {
    this.#giveUp(before, "timeout");
  }

  #giveUp(before: number, kind?: string): void {
    const { host } = this;
    const last = this.#last;
    this.#oldest = Math.max(this.#oldest, last - this.#mask);
    for (; this.#oldest <= last; this.#oldest++) {
      const i = this.#oldest & this.#mask;
      const state = this.#states[i];
      if (state !== IN_FLIGHT && state !== COUNTED_IN_FLIGHT) continue;
      if (this.#sentAt[i]! > before) return;
      this.#end(i);
      this.#states[i] = LOST;
      if (kind !== undefined) host.error(kind);
      host.gone(this);
    }
  }

  override close(): void {
    this.#socket?.[Symbol.dispose]();
  }
}
