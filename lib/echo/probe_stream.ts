/** The stream side of a probe: one connection, messages and answers in order. */

import type { StreamConnection, StreamHandler } from "../os/network.ts";
import { formatName } from "../socket/endpoint.ts";
import {
  encodeFrame,
  FrameError,
  FrameSplitter,
  type Framing,
  LENGTH_BYTES,
} from "../wire/frames.ts";
import { compare, type Messages } from "./probe_messages.ts";
import type { Link, ProbeRun } from "./probe_run.ts";
import type { EchoMismatch } from "./probe_types.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Between two pieces of a message, so that the peer reads them one by one. */
const SPLIT_PAUSE_MS = 1;
/** An answer may be longer than its message, and still be told apart by its framing. */
const MIN_MAX_FRAME = 1 << 20;

/** A connection that messages go over. */
export class StreamLink implements Link, StreamHandler {
  readonly isOrdered = true;
  readonly allowsMany = true;
  readonly #run: ProbeRun;
  readonly #messages: Messages;
  readonly #connection: StreamConnection;
  readonly #startedAt: number;
  readonly #sending: Bytes;
  /** What is still to be written of a write in pieces. */
  #rest: Bytes | undefined;
  readonly #splitter: FrameSplitter | undefined;
  /** The message whose answer is next. */
  #awaited = 1;
  readonly #expected: Bytes;
  /** Without framing: what has come of that answer. */
  readonly #collected: Bytes;
  #collectedBytes = 0;
  #isOpen = false;
  #peerEnded = false;

  /** @throws {Error} with the system's `code` where no socket can be had */
  constructor(run: ProbeRun, messages: Messages) {
    this.#run = run;
    this.#messages = messages;
    this.#sending = messages.create();
    this.#expected = messages.create();
    const { framing } = run.plan;
    this.#collected = new Uint8Array(framing === "none" ? messages.size : 0);
    if (framing !== "none") {
      const maxFrame = Math.max(2 * messages.size, MIN_MAX_FRAME);
      this.#splitter = new FrameSplitter(framing, maxFrame);
    }
    this.#startedAt = run.network.now();
    this.#connection = run.network.connect(run.place, run.plan.connect, this);
    run.network.schedule(this.#startedAt + run.plan.timeoutMs, () => {
      if (!this.#isOpen) run.notConnected(run.plan.timeoutMs);
    });
  }

  opened(): void {
    this.#isOpen = true;
    const connectMs = this.#run.network.now() - this.#startedAt;
    this.#run.opened(formatName(this.#connection.peer), connectMs, this);
  }

  get isReady(): boolean {
    return this.#rest === undefined && this.#connection.queued === 0 &&
      !this.#peerEnded;
  }

  send(first: number, count: number): boolean {
    const { framing, split } = this.#run.plan;
    const bytes = this.#encode(first, count, framing);
    this.#run.bytesSent += bytes.length;
    if (bytes.length <= split) this.#connection.write(bytes);
    else {
      this.#rest = bytes;
      this.#writePiece();
    }
    return true;
  }

  /** Messages one after another; all are of one length. */
  #encode(first: number, count: number, framing: Framing): Bytes {
    this.#messages.write(this.#sending, first);
    const frame = encodeFrame(framing, this.#sending);
    if (count === 1) return frame;
    const all = new Uint8Array(count * frame.length);
    all.set(frame);
    for (let i = 1; i < count; i++) {
      this.#messages.write(this.#sending, first + i);
      all.set(encodeFrame(framing, this.#sending), i * frame.length);
    }
    return all;
  }

  readonly #writePiece = (): void => {
    const rest = this.#rest;
    if (rest === undefined || this.#run.isOver) return;
    if (this.#connection.queued > 0) return;
    const { network, plan } = this.#run;
    this.#connection.write(rest.subarray(0, plan.split));
    this.#rest = rest.length > plan.split
      ? rest.subarray(plan.split)
      : undefined;
    network.schedule(
      network.now() + SPLIT_PAUSE_MS,
      this.#rest === undefined ? this.#run.step : this.#writePiece,
    );
  };

  drained(): void {
    this.#writePiece();
    this.#run.step();
  }

  data(bytes: Bytes): void {
    const run = this.#run;
    if (run.isOver) return;
    run.bytesReceived += bytes.length;
    if (this.#splitter === undefined) this.#collect(bytes);
    else this.#split(this.#splitter, bytes);
    run.step();
  }

  /** Answers one after another, each as long as its message. */
  #collect(bytes: Bytes): void {
    const size = this.#messages.size;
    for (let at = 0; at < bytes.length;) {
      if (this.#awaited > this.#run.sentMessages.last) {
        return this.#run.unexpected(bytes.subarray(at));
      }
      const part = bytes.subarray(at, at + size - this.#collectedBytes);
      this.#collected.set(part, this.#collectedBytes);
      this.#collectedBytes += part.length;
      at += part.length;
      if (this.#collectedBytes < size) return;
      this.#collectedBytes = 0;
      this.#judge(this.#collected);
    }
  }

  #judge(answer: Bytes): void {
    const run = this.#run;
    const sequence = this.#sequenceOf(answer);
    for (; this.#awaited < sequence; this.#awaited++) {
      if (run.sentMessages.isWaiting(this.#awaited)) run.lost(this.#awaited);
    }
    this.#awaited++;
    run.answered(sequence, {
      bytes: answer.length,
      mismatch: this.#compare(sequence, answer),
      data: run.plan.keepReplies ? answer.slice() : undefined,
    });
  }

  /** The message that is answered: the next one, unless the answer is exactly that to a later one. */
  #sequenceOf(answer: Bytes): number {
    const sequence = this.#messages.sequenceOf(answer);
    const isLater = sequence !== undefined && sequence > this.#awaited &&
      sequence <= this.#run.sentMessages.last &&
      this.#compare(sequence, answer) === undefined;
    return isLater ? sequence : this.#awaited;
  }

  #compare(sequence: number, answer: Bytes): EchoMismatch | undefined {
    this.#messages.write(this.#expected, sequence);
    return compare(this.#expected, answer);
  }

  #split(splitter: FrameSplitter, bytes: Bytes): void {
    const run = this.#run;
    const isLine = run.plan.framing === "line";
    try {
      splitter.push(bytes, (frame) => {
        if (this.#awaited > run.sentMessages.last) {
          return run.unexpected(frame);
        }
        this.#judge(
          isLine ? frame.subarray(0, -1) : frame.subarray(LENGTH_BYTES),
        );
      });
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      run.failed(error);
      run.finish();
    }
  }

  end(): void {
    this.#peerEnded = true;
    this.#tellClosed();
  }

  closed(error?: Error): void {
    const run = this.#run;
    if (run.isOver) return;
    if (this.#isOpen) return this.#tellClosed(error);
    run.unconnected(error);
  }

  #tellClosed(error?: Error): void {
    const { framing } = this.#run.plan;
    const whole = encodeFrame(framing, this.#expected).length;
    if (this.#splitter !== undefined) {
      const { pendingBytes } = this.#splitter;
      return this.#run.closed(pendingBytes, whole, undefined, error);
    }
    const come = this.#collectedBytes;
    this.#messages.write(this.#expected, this.#awaited);
    const mismatch = compare(
      this.#expected.subarray(0, come),
      this.#collected.subarray(0, come),
    );
    this.#run.closed(come, whole, mismatch, error);
  }
}
