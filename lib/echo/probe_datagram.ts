/** The datagram side of a probe: messages and answers that may be lost, doubled and out of order. */

import type {
  DatagramHandler,
  DatagramPeer,
  DatagramSocket,
} from "../os/network.ts";
import { formatName } from "../socket/endpoint.ts";
import { compare, type Messages } from "./probe_messages.ts";
import type { Link, ProbeRun } from "./probe_run.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** An answer may be longer than its message; so much of it is looked at. */
const MIN_MAX_DATAGRAM = 2048;

/** A socket that messages go through. */
export class DatagramLink implements Link, DatagramHandler {
  readonly isOrdered = false;
  readonly allowsMany: boolean;
  readonly #run: ProbeRun;
  readonly #messages: Messages;
  #socket: DatagramSocket | undefined;
  readonly #sending: Bytes;
  readonly #expected: Bytes;
  #isFull = false;

  constructor(run: ProbeRun, messages: Messages) {
    this.#run = run;
    this.#messages = messages;
    this.allowsMany = messages.isNumbered;
    this.#sending = messages.create();
    this.#expected = messages.create();
  }

  /** @throws {Error} with the system's `code` when it refuses */
  async open(): Promise<void> {
    const { network, place } = this.#run;
    const maxDatagram = Math.max(this.#messages.size, MIN_MAX_DATAGRAM);
    this.#socket = await network.associate(place, { maxDatagram }, this);
    this.#run.opened(formatName(place.name), undefined, this);
  }

  get isReady(): boolean {
    return !this.#isFull;
  }

  send(sequence: number): boolean {
    this.#messages.write(this.#sending, sequence);
    this.#isFull = !this.#socket!.send(this.#sending);
    if (!this.#isFull) this.#run.bytesSent += this.#sending.length;
    return !this.#isFull;
  }

  drained(): void {
    this.#isFull = false;
    this.#run.step();
  }

  datagram(bytes: Bytes, _from: DatagramPeer, length: number): void {
    const run = this.#run;
    if (run.isOver) return;
    run.bytesReceived += length;
    const sequence = this.#sequenceOf(bytes, length);
    if (sequence === undefined) run.unexpected(bytes, length);
    else {
      run.answered(sequence, {
        bytes: length,
        mismatch: this.#compare(sequence, bytes, length),
        data: run.plan.keepReplies ? bytes.slice() : undefined,
      });
    }
    run.step();
  }

  /** Which message is answered; undefined where that is none. */
  #sequenceOf(bytes: Bytes, length: number): number | undefined {
    const run = this.#run;
    const waiting = run.sentMessages.firstWaiting;
    if (!this.#messages.isNumbered) {
      // Only one waits at a time. What comes when none does is late, or comes again.
      return waiting ??
        (run.sentMessages.last === 0 ? undefined : run.sentMessages.last);
    }
    const sequence = this.#messages.sequenceOf(bytes);
    const isSound = sequence !== undefined && sequence >= 1 &&
      sequence <= run.sentMessages.last &&
      (run.sentMessages.isWaiting(sequence) ||
        this.#compare(sequence, bytes, length) === undefined);
    // Its number may be what was changed on the way.
    return isSound ? sequence : waiting;
  }

  #compare(sequence: number, bytes: Bytes, length: number) {
    this.#messages.write(this.#expected, sequence);
    return compare(this.#expected, bytes, length);
  }

  error(error: Error): void {
    this.#run.failed(error);
    this.#run.step();
  }
}
