/** What streams and datagrams have in common: when messages go out, what became of each, and the summary. */

import type { Cancel } from "../os/network.ts";
import { formatEndpoint } from "../socket/endpoint.ts";
import {
  connectFailure,
  type Place,
  type ScopedNetwork,
} from "../socket/network.ts";
import { ResolutionError } from "../socket/resolve.ts";
import {
  roundedSummary,
  RoundTripStatistics,
  wholeNanoseconds,
} from "../stats/round_trip.ts";
import type { EventQueue } from "./event_queue.ts";
import type { ProbePlan } from "./probe_options.ts";
import { SentMessages } from "./probe_sent.ts";
import type {
  EchoMismatch,
  EchoProbeClosed,
  EchoProbeCounts,
  EchoProbeEvent,
  EchoProbeSummary,
} from "./probe_types.ts";

/** With an interval of 0, a lost datagram holds up the next one no longer than this. */
const FLOOD_MS = 10;
/** What is shown of bytes that nobody expects. */
const MAX_UNEXPECTED = 64;

/** The way that messages go. */
export interface Link {
  /** Answers come in the order of the messages, or not at all. */
  readonly isOrdered: boolean;
  /** Several messages may wait for their answers, and these can be told apart. */
  readonly allowsMany: boolean;
  /** There is room for a message. */
  readonly isReady: boolean;
  /** Sends messages; false where it took none of them after all. */
  send(first: number, count: number): boolean;
}

/** An answer as it came. */
export interface Answer {
  readonly bytes: number;
  readonly mismatch: EchoMismatch | undefined;
  readonly data?: Uint8Array<ArrayBuffer> | undefined;
}

/** One run, from its first message to its summary. */
export class ProbeRun {
  readonly network: ScopedNetwork;
  readonly plan: ProbePlan;
  readonly place: Place;
  bytesSent = 0;
  bytesReceived = 0;
  readonly #events: EventQueue<EchoProbeEvent>;
  #link: Link | undefined;
  #isOpen = false;
  #from = "";
  readonly #sent = new SentMessages();
  #latestAnswered = 0;
  readonly #counts = {
    answered: 0,
    late: 0,
    lost: 0,
    errors: 0,
    duplicates: 0,
    reordered: 0,
    mismatched: 0,
  };
  #unexpectedBytes = 0;
  readonly #statistics = new RoundTripStatistics();
  #nextAt = -Infinity;
  #firstSentAt = 0;
  #lastSentAt = 0;
  #endedAt = 0;
  #timerAt = Infinity;
  #cancelTimer: Cancel | undefined;
  #isOver = false;

  constructor(
    network: ScopedNetwork,
    plan: ProbePlan,
    place: Place,
    events: EventQueue<EchoProbeEvent>,
  ) {
    this.network = network;
    this.plan = plan;
    this.place = place;
    this.#events = events;
    if (plan.deadlineMs !== Infinity) {
      network.schedule(
        network.now() + plan.deadlineMs,
        () => this.#isOpen ? this.finish() : this.notConnected(plan.deadlineMs),
      );
    }
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Who answers. */
  get from(): string {
    return this.#from;
  }

  /** The messages that were sent. */
  get sentMessages(): SentMessages {
    return this.#sent;
  }

  emit(event: EchoProbeEvent): void {
    if (!this.#isOver) this.#events.push(event);
  }

  /** Messages can go out. */
  opened(
    from: string,
    connectMs: number | undefined,
    link: Link | undefined,
  ): void {
    this.#isOpen = true;
    this.#from = from;
    this.#link = link;
    const { endpoint } = this.place;
    this.emit({
      type: "start",
      endpoint: formatEndpoint(endpoint),
      address: from,
      engine: endpoint.transport === "tls" ? "deno" : this.network.engine,
      ...(link === undefined ? {} : { size: this.plan.size }),
      ...(connectMs === undefined
        ? {}
        : { connectMs: wholeNanoseconds(connectMs) }),
      time: Date.now() / 1000,
    });
    this.step();
  }

  /** Does what is due: gives up waiting, sends, ends. To be called whenever something happened. */
  readonly step = (): void => {
    const link = this.#link;
    if (this.#isOver || link === undefined) return;
    this.#expire();
    while (
      this.#maySend(link) && this.network.now() >= this.#sendAt(link) &&
      this.#send(link)
    );
    if (this.#sent.last === this.plan.count && this.#sent.waiting === 0) {
      return this.finish();
    }
    this.#wake(link);
  };

  /** Whether a message may go out as soon as its time has come. */
  #maySend(link: Link): boolean {
    const { count, coalesce } = this.plan;
    return this.#sent.last < count && link.isReady && this.#events.hasRoom &&
      this.#sent.hasRoom(coalesce);
  }

  /** When the next message goes out if nothing comes before; `Infinity` where something must. */
  #sendAt(link: Link): number {
    if (this.#sent.waiting === 0) return this.#nextAt;
    if (!link.allowsMany) return Infinity;
    if (this.plan.intervalMs > 0) return this.#nextAt;
    if (link.isOrdered) return Infinity;
    return this.#sent.isWaiting(this.#sent.last)
      ? this.#lastSentAt + FLOOD_MS
      : this.#nextAt;
  }

  #send(link: Link): boolean {
    const { count, coalesce, intervalMs } = this.plan;
    const now = this.network.now();
    const { last } = this.#sent;
    const messages = Math.min(coalesce, count - last);
    if (!link.send(last + 1, messages)) return false;
    this.sent(messages, now);
    const next = this.#nextAt + intervalMs;
    this.#nextAt = next < now ? now + intervalMs : next;
    return true;
  }

  /** So many more messages wait for their answers. */
  sent(messages: number, at: number): void {
    if (this.#sent.last === 0) this.#firstSentAt = at;
    this.#lastSentAt = at;
    this.#sent.add(messages, at, (sequence) => this.lost(sequence));
  }

  /** When the oldest message that waits is given up. */
  #expiry(): number {
    const oldest = this.#sent.firstWaiting;
    if (oldest === undefined) return Infinity;
    const at = this.#sent.get(oldest)!.at + this.plan.timeoutMs;
    if (!this.plan.lingers || this.#sent.last < this.plan.count) return at;
    if (this.#statistics.count === 0) return at;
    const linger = Math.max(2 * this.#statistics.maxMs, this.plan.intervalMs);
    return Math.min(at, this.#lastSentAt + linger);
  }

  #expire(): void {
    const now = this.network.now();
    while (this.#expiry() <= now) this.lost(this.#sent.firstWaiting!);
  }

  /** A message is not waited for any more. */
  lost(sequence: number): void {
    this.#end(sequence, "lost");
    this.#counts.lost++;
    this.emit({ type: "lost", sequence, time: Date.now() / 1000 });
  }

  #end(sequence: number, state: "lost" | "failed" | "answered"): void {
    this.#sent.end(sequence, state);
    this.#endedAt = this.network.now();
  }

  /** Sees to it that {@linkcode step} is called when something is due next. */
  #wake(link: Link): void {
    const sendAt = this.#maySend(link) ? this.#sendAt(link) : Infinity;
    const at = Math.min(sendAt, this.#expiry());
    // One that rings too early costs less than to set it anew each time.
    if (at >= this.#timerAt) return;
    this.#cancelTimer?.();
    this.#timerAt = at;
    this.#cancelTimer = this.network.schedule(at, () => {
      this.#timerAt = Infinity;
      this.step();
    });
  }

  /** An answer came to a message of this run. */
  answered(sequence: number, answer: Answer): void {
    const sent = this.#sent.get(sequence);
    if (sent === undefined || this.#isOver) return;
    const rttMs = wholeNanoseconds(this.network.now() - sent.at);
    const counts = this.#counts;
    let type: "reply" | "late" | "duplicate" = "reply";
    switch (sent.state) {
      case "waiting":
        counts.answered++;
        break;
      case "lost":
        type = "late";
        counts.lost--;
        counts.late++;
        break;
      case "failed":
        type = "late";
        counts.errors--;
        counts.late++;
        break;
      case "answered":
        type = "duplicate";
        counts.duplicates++;
        break;
    }
    const isReordered = type !== "duplicate" && sequence < this.#latestAnswered;
    if (isReordered) counts.reordered++;
    if (answer.mismatch !== undefined) counts.mismatched++;
    if (type !== "duplicate") {
      this.#statistics.add(rttMs);
      this.#latestAnswered = Math.max(sequence, this.#latestAnswered);
      this.#end(sequence, "answered");
    } else if (!this.#events.hasRoom) return;
    this.emit({
      type,
      sequence,
      from: this.#from,
      bytes: answer.bytes,
      rttMs,
      ...(isReordered ? { reordered: true } : {}),
      ...(answer.mismatch === undefined ? {} : { mismatch: answer.mismatch }),
      ...(answer.data === undefined ? {} : { data: answer.data }),
      time: Date.now() / 1000,
    });
  }

  /** Something came that answers nothing. */
  unexpected(bytes: Uint8Array<ArrayBuffer>, length = bytes.length): void {
    const isFirst = this.#unexpectedBytes === 0;
    this.#unexpectedBytes += length;
    if (!isFirst) return;
    this.emit({
      type: "unexpected",
      from: this.#from,
      bytes: length,
      data: bytes.slice(0, MAX_UNEXPECTED),
      time: Date.now() / 1000,
    });
  }

  /** The system reports an error; it ends a message, if one waits. */
  failed(error: Error): void {
    const sequence = this.#sent.firstWaiting;
    if (sequence !== undefined) {
      this.#counts.errors++;
      this.#end(sequence, "failed");
    }
    this.emit({
      type: "error",
      ...(sequence === undefined ? {} : { sequence }),
      ...describe(error),
      time: Date.now() / 1000,
    });
  }

  /** The peer has gone, with so much of an answer. */
  closed(
    replyBytes: number,
    expectedBytes: number,
    mismatch: EchoMismatch | undefined,
    error?: Error,
  ): void {
    if (this.#isOver) return;
    const sequence = this.#sent.firstWaiting;
    const event: EchoProbeClosed = {
      type: "closed",
      from: this.#from,
      ...(sequence === undefined ? {} : { sequence }),
      replyBytes,
      expectedBytes,
      ...(mismatch === undefined ? {} : { mismatch }),
      ...(error === undefined ? {} : describe(error)),
      time: Date.now() / 1000,
    };
    this.emit(event);
    for (
      let each = sequence;
      each !== undefined;
      each = this.#sent.firstWaiting
    ) {
      this.#end(each, "lost");
      this.#counts.lost++;
    }
    this.finish();
  }

  /** There is no connection, and `closed` said so. */
  unconnected(error: Error | undefined): void {
    const failure = connectFailure(this.place, error);
    if (failure instanceof ResolutionError) return this.abandon(failure);
    this.failed(failure);
    this.finish();
  }

  /** There is no connection in time. */
  notConnected(ms: number): void {
    if (this.#isOver) return;
    this.failed(new Error(`No connection within ${ms} ms`));
    this.finish();
  }

  /** Ends the run because its user wants that. */
  stop(): void {
    if (this.#isOpen) return this.finish();
    this.#isOver = true;
    this.#events.close();
  }

  /** Ends the run because of an error of its user's. */
  abandon(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.close(error);
  }

  /** Ends the run with its summary. */
  finish(): void {
    if (this.#isOver) return;
    this.#cancelTimer?.();
    this.emit(this.summary());
    this.#isOver = true;
    this.#events.close();
  }

  summary(): EchoProbeSummary {
    const { last: transmitted, waiting: inFlight } = this.#sent;
    const counts: EchoProbeCounts = {
      transmitted,
      ...this.#counts,
      inFlight,
    };
    const ended = transmitted - inFlight;
    const loss = counts.lost + counts.errors;
    const rtt = this.#statistics.summary();
    const endedAt = inFlight > 0 ? this.network.now() : this.#endedAt;
    return {
      type: "summary",
      endpoint: formatEndpoint(this.place.endpoint),
      ...counts,
      ...(ended === 0 ? {} : { lossPercent: 100 * loss / ended }),
      unexpectedBytes: this.#unexpectedBytes,
      bytesSent: this.bytesSent,
      bytesReceived: this.bytesReceived,
      durationMs: transmitted === 0
        ? 0
        : wholeNanoseconds(endedAt - this.#firstSentAt),
      sendingMs: wholeNanoseconds(this.#lastSentAt - this.#firstSentAt),
      ...(rtt === undefined ? {} : { rtt: roundedSummary(rtt) }),
    };
  }
}

/** An error in the words of the system, where they are the system's. */
export function describe(
  error: Error,
): { readonly message: string; readonly code?: string } {
  const { code, description } = error as {
    code?: unknown;
    description?: unknown;
  };
  return {
    message: typeof description === "string" ? description : error.message,
    ...(typeof code === "string" ? { code } : {}),
  };
}
