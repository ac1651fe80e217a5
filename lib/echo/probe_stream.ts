/** The stream side of a probe: one connection, messages and answers in order. */

import type { StreamConnection, StreamHandler } from "../os/network.ts";
import { formatName } from "../socket/endpoint.ts";
import {
  encodeFrame,
  FrameError,
  FrameSplitter,
  LENGTH_BYTES,
} from "../wire/frames.ts";
import { compare, Comparison, type Messages } from "./probe_messages.ts";
import type { Link, ProbeRun } from "./probe_run.ts";

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
  /** Without framing: the comparison of that answer, as far as it has come, and what is kept of it. */
  #comparison: Comparison | undefined;
  #kept: Bytes | undefined;
  #isOpen = false;
  #peerEnded = false;

  /** @throws {Error} with the system's `code` where no socket can be had */
  constructor(run: ProbeRun, messages: Messages) {
    this.#run = run;
    this.#messages = messages;
    this.#sending = messages.create();
    this.#expected = messages.create();
    const { framing } = run.plan;
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
    const frames = Array.from({ length: count }, (_, i) => {
      this.#messages.write(this.#sending, first + i);
      return encodeFrame(framing, this.#sending);
    });
    const bytes = count === 1 ? frames[0]! : joined(frames);
    this.#run.bytesSent += bytes.length;
    if (bytes.length <= split) this.#connection.write(bytes);
    else {
      this.#rest = bytes;
      this.#writePiece();
    }
    return true;
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
    if (this.#splitter === undefined) this.#verify(bytes);
    else this.#verifyFrames(this.#splitter, bytes);
    run.step();
  }

  /** Answers one after another, each as long as its message. */
  #verify(bytes: Bytes): void {
    const size = this.#messages.size;
    for (let at = 0; at < bytes.length;) {
      if (this.#awaited > this.#run.sentMessages.last) {
        return this.#run.unexpected(bytes.subarray(at));
      }
      const comparison = this.#comparison ??= this.#begin();
      const from = comparison.bytes;
      const part = bytes.subarray(at, at + size - from);
      this.#kept?.set(part, from);
      comparison.add(this.#expected.subarray(from), part);
      at += part.length;
      if (comparison.bytes < size) return;
      this.#comparison = undefined;
      this.#run.answered(this.#awaited++, {
        bytes: size,
        mismatch: comparison.mismatch,
        data: this.#kept,
      });
    }
  }

  #begin(): Comparison {
    this.#messages.write(this.#expected, this.#awaited);
    if (this.#run.plan.keepReplies) {
      this.#kept = new Uint8Array(this.#messages.size);
    }
    return new Comparison();
  }

  #verifyFrames(splitter: FrameSplitter, bytes: Bytes): void {
    const run = this.#run;
    const isLine = run.plan.framing === "line";
    try {
      splitter.push(bytes, (frame) => {
        if (this.#awaited > run.sentMessages.last) return run.unexpected(frame);
        const payload = isLine
          ? frame.subarray(0, -1)
          : frame.subarray(LENGTH_BYTES);
        this.#messages.write(this.#expected, this.#awaited);
        run.answered(this.#awaited++, {
          bytes: payload.length,
          mismatch: compare(this.#expected, payload),
          data: run.plan.keepReplies ? payload.slice() : undefined,
        });
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
    const come = this.#splitter === undefined
      ? this.#comparison?.bytes ?? 0
      : this.#splitter.pendingBytes;
    const { framing } = this.#run.plan;
    const whole = encodeFrame(framing, this.#expected).length;
    this.#run.closed(come, whole, this.#comparison?.mismatch, error);
  }
}

function joined(parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(
    parts.reduce((bytes, part) => bytes + part.length, 0),
  );
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
