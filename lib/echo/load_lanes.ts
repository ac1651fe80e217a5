/** What a load runs on: connections and sockets with one message in flight each. */

import type {
  DatagramHandler,
  DatagramPeer,
  DatagramSocket,
  StreamConnection,
  StreamHandler,
} from "../os/network.ts";
import type { Place, ScopedNetwork } from "../socket/network.ts";
import { type Difference, LoadMessage } from "./load_message.ts";
import type { LoadPlan } from "./load_options.ts";

/** The longest datagram that is read whole: longer than any message, so that bytes too many are seen. */
const MAX_DATAGRAM = 65_535;

/** What lanes tell the run. */
export interface LaneHost {
  readonly network: ScopedNetwork;
  readonly place: Place;
  readonly plan: LoadPlan;
  /** The message came back as it was sent. */
  answered(lane: Lane): void;
  /** It came back otherwise. */
  mismatched(lane: Lane, difference: Difference): void;
  /** It will not come back. `kind` names the error. */
  failed(lane: Lane, kind: string): void;
  /** An answer that nobody waits for any more. */
  duplicate(): void;
}

/** One connection or socket. */
export abstract class Lane {
  /** Its place among the lanes, from 0. */
  readonly index: number;
  /** A message is in flight. */
  isBusy = false;
  /** It broke, and nothing can be sent any more. */
  isBroken = false;
  /** The message in flight is measured. */
  isCounted = false;
  /** From when on the latency of the message in flight counts, and when it was sent. */
  startedAt = 0;
  sentAt = 0;
  /** Open loop: which planned message is next. */
  nextIndex: number;
  protected readonly host: LaneHost;
  protected readonly message: LoadMessage;

  constructor(host: LaneHost, index: number) {
    this.host = host;
    this.index = index;
    this.nextIndex = index;
    this.message = new LoadMessage(host.plan.size, index);
  }

  /** Makes the connection; resolves to an error's name, or undefined when it is there. */
  abstract open(): Promise<string | undefined>;
  /** Sends the next message. */
  abstract send(): void;
  /** Gives up the message in flight; returns whether another one can be sent. */
  abstract giveUp(): boolean;
  abstract close(): void;
}

/** A connection, or with `reconnect` one after another. */
export class StreamLane extends Lane implements StreamHandler {
  #connection: StreamConnection | undefined;
  #received = 0;
  #opened: ((error: string | undefined) => void) | undefined;

  override async open(): Promise<string | undefined> {
    const { network, plan } = this.host;
    if (plan.reconnect) return undefined;
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.#opened = resolve;
    this.#connect();
    const cancel = network.schedule(network.now() + plan.timeoutMs, () => {
      this.close();
      resolve("timeout");
    });
    const error = await promise;
    cancel();
    this.#opened = undefined;
    return error;
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
      // Told as every other failure is: not from within the call.
      network.schedule(0, () => this.closed(error as Error));
    }
  }

  opened(): void {
    if (this.#opened !== undefined) this.#opened(undefined);
    else this.#connection!.write(this.message.bytes);
  }

  override send(): void {
    this.message.advance();
    this.#received = 0;
    if (this.host.plan.reconnect) this.#connect();
    else this.#connection!.write(this.message.bytes);
  }

  data(bytes: Uint8Array<ArrayBuffer>): void {
    const difference = this.isBusy
      ? this.message.compare(bytes, this.#received)
      // Nothing was asked for.
      : { offset: this.host.plan.size, expected: -1, actual: bytes[0]! };
    this.#received += bytes.length;
    if (difference !== undefined) {
      // Where one message ends and the next begins cannot be told any more.
      this.#break();
      return this.host.mismatched(this, difference);
    }
    if (this.#received < this.host.plan.size) return;
    if (this.host.plan.reconnect) this.close();
    this.host.answered(this);
  }

  end(): void {
    this.#broke("closed");
  }

  drained(): void {}

  closed(error?: Error): void {
    const { code } = (error ?? {}) as { code?: unknown };
    this.#broke(typeof code === "string" ? code : error?.name ?? "closed");
  }

  #broke(kind: string): void {
    this.#connection?.close();
    this.#connection = undefined;
    if (this.#opened !== undefined) return this.#opened(kind);
    this.#break();
    this.host.failed(this, kind);
  }

  #break(): void {
    this.close();
    this.isBroken = !this.host.plan.reconnect;
  }

  override giveUp(): boolean {
    this.#break();
    return !this.isBroken;
  }

  /** With a reset: thousands of ports would wait for a minute otherwise (TIME_WAIT, RFC 9293, section 3.4). */
  override close(): void {
    this.#connection?.close("reset");
    this.#connection = undefined;
  }
}

/** A datagram socket. */
export class DatagramLane extends Lane implements DatagramHandler {
  #socket: DatagramSocket | undefined;

  override async open(): Promise<string | undefined> {
    const { network, place } = this.host;
    const options = { maxDatagram: MAX_DATAGRAM };
    try {
      this.#socket = await network.associate(place, options, this);
      return undefined;
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (typeof code !== "string") throw error;
      return code;
    }
  }

  override send(): void {
    this.message.advance();
    this.#socket!.send(this.message.bytes);
  }

  datagram(
    bytes: Uint8Array<ArrayBuffer>,
    _from: DatagramPeer,
    length: number,
  ): void {
    if (!this.isBusy || this.message.isEarlier(bytes)) {
      return this.host.duplicate();
    }
    const difference = this.message.compare(bytes, 0);
    if (difference !== undefined) {
      return this.host.mismatched(this, difference);
    }
    const { size } = this.host.plan;
    if (length === size) return this.host.answered(this);
    const expected = this.message.bytes[length] ?? -1;
    this.host.mismatched(this, { offset: length, expected, actual: -1 });
  }

  error(error: Error): void {
    const { code } = error as { code?: unknown };
    // Whoever answered before does not any more.
    this.isBroken = code === "ECONNREFUSED";
    if (this.isBusy) {
      this.host.failed(this, typeof code === "string" ? code : error.name);
    }
  }

  drained(): void {}

  override giveUp(): boolean {
    return true;
  }

  override close(): void {
    this.#socket?.[Symbol.dispose]();
  }
}
