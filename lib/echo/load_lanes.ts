/** What a load runs on: connections with one message in flight each. Datagram sockets are in load_datagrams.ts. */

import type { StreamConnection, StreamHandler } from "../os/network.ts";
import type { Place, ScopedNetwork } from "../socket/network.ts";
import { type Difference, LoadMessage } from "./load_message.ts";
import type { LoadPlan } from "./load_options.ts";

/** What lanes tell the run. */
export interface LaneHost {
  readonly network: ScopedNetwork;
  readonly place: Place;
  readonly plan: LoadPlan;
  /** A message came back as it was sent. */
  answered(lane: Lane, startedAt: number, isCounted: boolean): void;
  /** It came back otherwise. */
  mismatched(lane: Lane, isCounted: boolean): void;
  /** It will not come back. */
  gone(lane: Lane): void;
  /** The lane broke: nothing can be sent any more. What was in flight is gone. */
  broke(): void;
  /** There is room again for a message. */
  freed(lane: Lane): void;
  /** Counts something that failed: `kind` is the system's name of the error, or a word. */
  error(kind: string, error?: Error): void;
  differs(difference: Difference): void;
  /** An answer that came after its message was given up. */
  late(): void;
  /** An answer that came once more. */
  duplicate(): void;
  /** An answer that came after one to a later message. */
  reordered(): void;
}

/** One connection or socket. */
export abstract class Lane {
  /** Messages in flight. */
  inFlight = 0;
  /** It broke, and nothing can be sent any more. */
  isBroken = false;
  /** Open loop: which planned message is next. */
  nextIndex: number;
  protected readonly host: LaneHost;
  protected readonly message: LoadMessage;

  /** @param index its place among the lanes, from 0 */
  constructor(host: LaneHost, index: number) {
    this.host = host;
    this.nextIndex = index;
    this.message = new LoadMessage(host.plan.size, index);
  }

  /** Makes the connection; resolves to whether it is there. */
  abstract open(): Promise<boolean>;
  /** Whether there is room for a message. */
  abstract get canSend(): boolean;
  /**
   * Sends the next message; returns whether the socket took it.
   *
   * @param startedAt from when on its latency counts
   */
  abstract send(startedAt: number, now: number, isCounted: boolean): boolean;
  /** Gives up what was sent before that moment. */
  abstract expire(before: number): void;
  abstract close(): void;
}

/** The name of an error: the system's, or that of its class. */
export function kindOf(error: Error): string {
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? code : error.name;
}

/**
 * The system's name of an error.
 *
 * @throws the error itself where it is not the system's
 */
export function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  if (typeof code !== "string") throw error;
  return code;
}

/** A connection, or with `reconnect` one after another. */
export class StreamLane extends Lane implements StreamHandler {
  #connection: StreamConnection | undefined;
  #received = 0;
  #startedAt = 0;
  #sentAt = 0;
  #isCounted = false;
  #opened: ((isOpen: boolean) => void) | undefined;

  override async open(): Promise<boolean> {
    const { network, plan } = this.host;
    if (plan.reconnect) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#opened = resolve;
    this.#connect();
    const cancel = network.schedule(
      network.now() + plan.timeoutMs,
      () => this.#fail("timeout"),
    );
    const isOpen = await promise;
    cancel();
    this.#opened = undefined;
    return isOpen;
  }

  #connect(): void {
    const { network, place, plan } = this.host;
    try {
      this.#connection = network.connect(
        place,
        { noDelay: true, tls: plan.tls },
        this,
      );
    } catch (error) {
      const kind = codeOf(error);
      // Told as every other failure is: not from within the call.
      network.schedule(0, () => this.#fail(kind, error as Error));
    }
  }

  opened(): void {
    if (this.#opened !== undefined) this.#opened(true);
    else this.#connection!.write(this.message.bytes);
  }

  override get canSend(): boolean {
    return this.inFlight === 0 && !this.isBroken;
  }

  override send(startedAt: number, now: number, isCounted: boolean): boolean {
    this.inFlight = 1;
    this.#startedAt = startedAt;
    this.#sentAt = now;
    this.#isCounted = isCounted;
    this.#received = 0;
    this.message.advance();
    if (this.host.plan.reconnect) this.#connect();
    else this.#connection!.write(this.message.bytes);
    return true;
  }

  data(bytes: Uint8Array<ArrayBuffer>): void {
    const { host } = this;
    const difference = this.inFlight > 0
      ? this.message.compare(bytes, this.#received)
      // Nothing was asked for.
      : { offset: host.plan.size, expected: -1, actual: bytes[0]! };
    this.#received += bytes.length;
    if (difference !== undefined) {
      const wasAsked = this.inFlight > 0;
      this.inFlight = 0;
      // Where one message ends and the next begins cannot be told any more.
      this.#break();
      host.differs(difference);
      if (wasAsked) host.mismatched(this, this.#isCounted);
      if (this.isBroken) host.broke();
      return;
    }
    if (this.#received < host.plan.size) return;
    if (host.plan.reconnect) this.#reset();
    this.inFlight = 0;
    host.answered(this, this.#startedAt, this.#isCounted);
  }

  end(): void {
    this.#fail("closed");
  }

  drained(): void {}

  closed(error?: Error): void {
    this.#connection = undefined;
    this.#fail(error === undefined ? "closed" : kindOf(error), error);
  }

  override expire(before: number): void {
    if (this.inFlight > 0 && this.#sentAt <= before) this.#fail("timeout");
  }

  #fail(kind: string, error?: Error): void {
    this.host.error(kind, error);
    this.#break();
    if (this.#opened !== undefined) return this.#opened(false);
    if (this.inFlight > 0) {
      this.inFlight = 0;
      this.host.gone(this);
    }
    if (this.isBroken) this.host.broke();
  }

  #break(): void {
    this.#reset();
    this.isBroken = !this.host.plan.reconnect;
  }

  /** Ports of connections that were closed would wait for a minute (TIME_WAIT, RFC 9293, section 3.4), and soon none would be left. */
  #reset(): void {
    this.#connection?.close("reset");
    this.#connection = undefined;
  }

  override close(): void {
    this.#connection?.close();
    this.#connection = undefined;
    this.#opened?.(false);
  }
}
