/** One long message over a stream: sent as it comes, verified while it does, never whole in memory. */

import type { StreamConnection, StreamHandler } from "../os/network.ts";
import { formatName } from "../socket/endpoint.ts";
import { Comparison } from "./probe_messages.ts";
import type { ProbeRun } from "./probe_run.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes on their way there and back; the sockets' buffers hold less. */
const MAX_IN_FLIGHT = 1 << 24;
/** How long an answer may rest before it is asked for by a half-close. */
const PATIENCE_MS = 500;

/** A connection that one input goes over. */
export class Transfer implements StreamHandler {
  readonly #run: ProbeRun;
  readonly #reader: ReadableStreamDefaultReader<Bytes>;
  readonly #connection: StreamConnection;
  readonly #startedAt: number;
  /** What was sent and has not come back, the oldest first; of the first chunk, what is left. */
  readonly #inFlight: Bytes[] = [];
  #inFlightBytes = 0;
  #sentBytes = 0;
  readonly #comparison = new Comparison();
  #activeAt = 0;
  #isOpen = false;
  #inputEnded = false;
  #tellRoom: (() => void) | undefined;

  /** @throws {Error} with the system's `code` where no socket can be had */
  constructor(run: ProbeRun, input: ReadableStream<Bytes>) {
    this.#run = run;
    this.#reader = input.getReader();
    const { network, place, plan } = run;
    this.#startedAt = network.now();
    this.#connection = network.connect(place, plan.connect, this);
    network.schedule(this.#startedAt + plan.timeoutMs, () => {
      if (!this.#isOpen) run.notConnected(plan.timeoutMs);
    });
  }

  opened(): void {
    this.#isOpen = true;
    const connectMs = this.#run.network.now() - this.#startedAt;
    this.#run.opened(formatName(this.#connection.peer), connectMs, undefined);
    this.#send().catch((error) => this.#run.abandon(error));
  }

  async #send(): Promise<void> {
    const { network } = this.#run;
    for (;;) {
      const { value: chunk } = await this.#reader.read();
      if (this.#run.isOver) return;
      if (chunk === undefined) break;
      if (chunk.length === 0) continue;
      if (this.#sentBytes === 0) {
        this.#run.sent(1, network.now());
        this.#watch();
      }
      if (this.#inFlightBytes === 0) this.#activeAt = network.now();
      this.#inFlight.push(chunk);
      this.#inFlightBytes += chunk.length;
      this.#sentBytes += chunk.length;
      this.#run.bytesSent += chunk.length;
      this.#connection.write(chunk);
      while (!this.#hasRoom && !this.#run.isOver) {
        await new Promise<void>((resolve) => {
          this.#tellRoom = resolve;
        });
      }
    }
    this.#inputEnded = true;
    this.#finishIfDone();
    this.#endWhenIdle();
  }

  /**
   * Half-closes, but only when nothing comes any more: some servers answer
   * the rest then, and others drop it.
   */
  #endWhenIdle(): void {
    const { network } = this.#run;
    network.schedule(this.#activeAt + PATIENCE_MS, () => {
      if (this.#run.isOver) return;
      const isIdle = network.now() - this.#activeAt >= PATIENCE_MS;
      if (isIdle) this.#connection.end();
      else this.#endWhenIdle();
    });
  }

  get #hasRoom(): boolean {
    return this.#connection.queued === 0 &&
      this.#inFlightBytes < MAX_IN_FLIGHT;
  }

  /** Gives up when something is in flight and nothing has moved for as long as a message may wait. */
  #watch(): void {
    const { network, plan } = this.#run;
    network.schedule(this.#activeAt + plan.timeoutMs, () => {
      if (this.#run.isOver) return;
      const now = network.now();
      if (this.#inFlightBytes === 0) this.#activeAt = now;
      if (now - this.#activeAt < plan.timeoutMs) return this.#watch();
      this.#run.lost(1);
      this.#run.finish();
    });
  }

  drained(): void {
    this.#activeAt = this.#run.network.now();
    this.#tellRoom?.();
  }

  data(bytes: Bytes): void {
    if (this.#run.isOver) return;
    this.#run.bytesReceived += bytes.length;
    this.#activeAt = this.#run.network.now();
    for (let at = 0; at < bytes.length;) {
      const chunk = this.#inFlight[0];
      if (chunk === undefined) {
        this.#run.unexpected(bytes.subarray(at));
        break;
      }
      const part = bytes.subarray(at, at + chunk.length);
      this.#comparison.add(chunk, part);
      at += part.length;
      this.#inFlightBytes -= part.length;
      if (part.length === chunk.length) this.#inFlight.shift();
      else this.#inFlight[0] = chunk.subarray(part.length);
    }
    this.#tellRoom?.();
    this.#finishIfDone();
  }

  #finishIfDone(): void {
    if (!this.#inputEnded || this.#inFlightBytes > 0) return;
    if (this.#sentBytes > 0) {
      this.#run.answered(1, {
        bytes: this.#comparison.bytes,
        mismatch: this.#comparison.mismatch,
      });
    }
    this.#run.finish();
  }

  end(): void {
    this.#tellClosed();
  }

  closed(error?: Error): void {
    if (this.#isOpen) return this.#tellClosed(error);
    this.#run.unconnected(error);
  }

  #tellClosed(error?: Error): void {
    const { bytes, mismatch } = this.#comparison;
    this.#run.closed(bytes, this.#sentBytes, mismatch, error);
  }

  /** Asks the input for no more. */
  cancel(): void {
    this.#tellRoom?.();
    // Nobody is left to care whether the source minds.
    this.#reader.cancel().catch(() => {});
  }
}
