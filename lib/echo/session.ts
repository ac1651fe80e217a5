/** One stream connection of an echo server. */

import type { Cancel, StreamConnection, StreamHandler } from "../os/network.ts";
import { formatName } from "../socket/endpoint.ts";
import type { ScopedNetwork } from "../socket/network.ts";
import { FrameError, FrameSplitter, LENGTH_BYTES } from "../wire/frames.ts";
import { answer, characters, greeting } from "./answers.ts";
import type { ServerPlan } from "./server_options.ts";
import type {
  EchoClosed,
  EchoCloseReason,
  EchoServerEvent,
} from "./server_types.ts";

/** Bytes that `delay` holds back for one connection before it reads no more. */
const MAX_DELAYED_BYTES = 65_536;
/** Writes of the character generator before others get their turn. */
const WRITES_A_TURN = 16;

/** How long a peer that has been sent everything may take to close, too, before it is closed to it. */
const LINGER_MS = 250;

/** What a session needs of its server. */
export interface SessionHost {
  readonly network: ScopedNetwork;
  readonly plan: ServerPlan;
  emit(event: EchoServerEvent): void;
  /** The session is over, and has been told. */
  ended(session: Session, closed: EchoClosed): void;
}

/** One connection from its first byte to its end. */
export class Session implements StreamHandler {
  readonly #host: SessionHost;
  readonly #connection: StreamConnection;
  readonly #id: number;
  readonly #endpoint: string;
  readonly #peer: string;
  readonly #openedAt: number;
  readonly #splitter: FrameSplitter | undefined;
  #bytesReceived = 0;
  #bytesWritten = 0;
  #reads = 0;
  #frames = 0;
  /** Messages that `delay` holds back, the oldest first. */
  readonly #delayed: Uint8Array<ArrayBuffer>[] = [];
  #delayedBytes = 0;
  #peerEnded = false;
  /** Why nothing more is answered, once that is so. */
  #ending: { reason: EchoCloseReason; message?: string } | undefined;
  /** When something came or went the last time; kept where there is an idle timeout. */
  #activeAt = 0;
  #leftBehind = 0;
  #cancelTimer: Cancel | undefined;
  #isOver = false;

  constructor(
    host: SessionHost,
    connection: StreamConnection,
    id: number,
    endpoint: string,
  ) {
    this.#host = host;
    this.#connection = connection;
    this.#id = id;
    this.#endpoint = endpoint;
    this.#peer = formatName(connection.peer);
    this.#openedAt = host.network.now();
    const { framing, maxFrame, idleTimeoutMs } = host.plan;
    if (framing !== "none") {
      this.#splitter = new FrameSplitter(framing, maxFrame);
    }
    host.emit({
      type: "opened",
      connection: id,
      endpoint,
      peer: this.#peer,
      time: Date.now() / 1000,
    });
    if (idleTimeoutMs !== undefined) {
      this.#activeAt = this.#openedAt;
      this.#watchIdle(idleTimeoutMs);
    }
    const { mode } = host.plan;
    if (mode === "chargen" || mode === "greet" || mode === "daytime") {
      host.network.schedule(0, () => this.#speak());
    }
  }

  /** Begins to say what the mode says unasked. */
  #speak(): void {
    if (this.#isOver) return;
    const words = greeting(this.#host.plan);
    if (words === undefined) return this.#generate();
    this.#write(words);
    this.endWith("done");
  }

  data(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytesReceived += bytes.length;
    this.#reads++;
    if (this.#host.plan.idleTimeoutMs !== undefined) {
      this.#activeAt = this.#host.network.now();
    }
    // What comes while the connection ends is read so that the end arrives in order, not as a reset.
    if (this.#ending !== undefined) return;
    if (this.#host.plan.mode === "hexdump") this.#tellData(bytes);
    const framesBefore = this.#frames;
    if (this.#splitter === undefined) this.#answer(bytes, 0);
    else if (!this.#split(this.#splitter, bytes)) return;
    if (this.#host.plan.reads) this.#tellRead(bytes.length, framesBefore);
    if (this.#connection.queued > 0) this.#connection.pause();
  }

  #split(splitter: FrameSplitter, bytes: Uint8Array<ArrayBuffer>): boolean {
    const prefix = this.#host.plan.framing === "length" ? LENGTH_BYTES : 0;
    try {
      splitter.push(bytes, (frame) => {
        this.#frames++;
        this.#answer(frame, prefix);
      });
      return true;
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.endWith("frame", error.message);
      return false;
    }
  }

  #answer(message: Uint8Array<ArrayBuffer>, prefix: number): void {
    const reply = answer(this.#host.plan, message, prefix);
    if (reply === undefined) return;
    if (this.#host.plan.mode === "delay") this.#delay(reply);
    else this.#write(reply);
  }

  #write(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytesWritten += bytes.length;
    this.#connection.write(bytes);
  }

  #delay(message: Uint8Array<ArrayBuffer>): void {
    this.#delayed.push(message.slice());
    this.#delayedBytes += message.length;
    if (this.#delayedBytes > MAX_DELAYED_BYTES) this.#connection.pause();
    const { network, plan } = this.#host;
    network.schedule(network.now() + plan.delayMs, () => this.#release());
  }

  /** Sends the oldest message that was held back. */
  #release(): void {
    const message = this.#delayed.shift();
    if (message === undefined || this.#isOver) return;
    this.#delayedBytes -= message.length;
    this.#write(message);
    this.#resume();
    if (this.#peerEnded) this.#endInTurn();
  }

  #generate(): void {
    const characterBytes = allCharacters ??= characters();
    for (let i = 0; i < WRITES_A_TURN; i++) {
      if (this.#isOver || this.#ending !== undefined) return;
      if (this.#connection.queued > 0) return;
      this.#write(characterBytes);
    }
    this.#host.network.schedule(0, () => this.#generate());
  }

  drained(): void {
    if (this.#ending !== undefined) return this.#abandonIn(LINGER_MS);
    if (this.#host.plan.mode === "chargen") this.#generate();
    this.#resume();
  }

  #resume(): void {
    const isRoom = this.#connection.queued === 0 &&
      this.#delayedBytes <= MAX_DELAYED_BYTES;
    if (isRoom) this.#connection.resume();
  }

  end(): void {
    this.#peerEnded = true;
    const rest = this.#splitter?.takePending();
    if (rest !== undefined && rest.length > 0 && this.#ending === undefined) {
      this.#answer(rest, 0);
    }
    // Who sends nothing to the character generator may still want to read from it.
    if (this.#host.plan.mode !== "chargen") this.#endInTurn();
  }

  /** Ends this direction when all that was held back is sent. */
  #endInTurn(): void {
    if (this.#delayed.length === 0) this.#connection.end();
  }

  /**
   * Answers no more, sends what is queued within the time of grace, and
   * closes: with the peer, or soon after it could have.
   */
  endWith(reason: EchoCloseReason, message?: string): void {
    if (this.#ending !== undefined || this.#isOver) return;
    this.#ending = message === undefined ? { reason } : { reason, message };
    for (const message of this.#delayed.splice(0)) this.#write(message);
    this.#delayedBytes = 0;
    this.#connection.resume();
    this.#connection.end();
    const { graceMs } = this.#host.plan;
    const isSent = this.#connection.queued === 0;
    this.#abandonIn(isSent ? Math.min(graceMs, LINGER_MS) : graceMs);
  }

  #abandonIn(milliseconds: number): void {
    const { network } = this.#host;
    this.#cancelTimer?.();
    this.#cancelTimer = network.schedule(
      network.now() + milliseconds,
      () => this.abandon(this.#ending!.reason),
    );
  }

  closed(error?: Error): void {
    const { reason, message } = this.#ending ?? { reason: "end" };
    if (error === undefined || reason === "done") {
      return this.#finish(reason, message);
    }
    const code = (error as { code?: unknown }).code;
    const isReset = code === "ECONNRESET" || code === "EPIPE";
    this.#finish(
      isReset ? "reset" : "error",
      error.message,
      typeof code === "string" ? code : undefined,
    );
  }

  /** Closes at once; what is queued is lost. */
  abandon(reason: EchoCloseReason): void {
    if (this.#isOver) return;
    this.#connection.close();
    this.#finish(reason, this.#ending?.message);
  }

  #finish(reason: EchoCloseReason, message?: string, code?: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelTimer?.();
    this.#host.ended(this, {
      type: "closed",
      connection: this.#id,
      endpoint: this.#endpoint,
      peer: this.#peer,
      reason,
      ...(message === undefined ? {} : { message }),
      ...(code === undefined ? {} : { code }),
      bytesReceived: this.#bytesReceived,
      bytesSent: this.#bytesSent,
      reads: this.#reads,
      ...(this.#splitter === undefined ? {} : { frames: this.#frames }),
      durationMs: this.#host.network.now() - this.#openedAt,
      time: Date.now() / 1000,
    });
  }

  get #bytesSent(): number {
    return this.#bytesWritten - this.#connection.queued;
  }

  /** Bytes so far, for a summary while the connection is open. */
  get traffic(): { readonly received: number; readonly sent: number } {
    return { received: this.#bytesReceived, sent: this.#bytesSent };
  }

  /** Looks again when the timeout would be over if nothing happened until then. */
  #watchIdle(idleTimeoutMs: number): void {
    const { network } = this.#host;
    const check = () => {
      const { queued } = this.#connection;
      // A slow reader is no idle one.
      if (queued !== this.#leftBehind) this.#activeAt = network.now();
      this.#leftBehind = queued;
      if (network.now() - this.#activeAt >= idleTimeoutMs) {
        return this.abandon("idle");
      }
      this.#watchIdle(idleTimeoutMs);
    };
    this.#cancelTimer = network.schedule(
      this.#activeAt + idleTimeoutMs,
      check,
    );
  }

  #tellRead(bytes: number, framesBefore: number): void {
    this.#host.emit({
      type: "read",
      connection: this.#id,
      bytes,
      ...(this.#splitter === undefined ? {} : {
        frames: this.#frames - framesBefore,
        incompleteBytes: this.#splitter.pendingBytes,
      }),
      time: Date.now() / 1000,
    });
  }

  #tellData(bytes: Uint8Array<ArrayBuffer>): void {
    this.#host.emit({
      type: "data",
      connection: this.#id,
      endpoint: this.#endpoint,
      peer: this.#peer,
      data: bytes.slice(),
      time: Date.now() / 1000,
    });
  }
}

let allCharacters: Uint8Array<ArrayBuffer> | undefined;
