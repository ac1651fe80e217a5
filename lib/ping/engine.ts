import { MessageTooLongError, type SystemError } from "../os/errno.ts";
import type { ClockSource, EventLoop } from "../os/types.ts";
import {
  roundedSummary,
  RoundTripStatistics,
  wholeNanoseconds,
} from "../stats/round_trip.ts";
import type { Family } from "../wire/address.ts";
import { Dispatcher, type DispatchListener } from "./dispatcher.ts";
import type { Answer, DeliveryError, Prober, ProbeSink } from "./prober.ts";
import { type Probes, ProbeState } from "./probes.ts";
import type { Schedule } from "./schedule.ts";
import type { Counter, Targets } from "./targets.ts";
import type {
  PingEvent,
  PingStart,
  PingSummary,
  ProbeCounts,
  RoundTripSummary,
} from "./types.ts";

/** What an engine is made of. */
export interface EngineParts {
  readonly loop: EventLoop;
  readonly probes: Probes;
  readonly targets: Targets;
  readonly schedule: Schedule;
  /** One for each family among the targets. */
  readonly probers: ReadonlyMap<Family, Prober>;
  readonly timeoutMs: number;
  /** Whether round-trip times are kept. Default true. */
  readonly roundTrips?: boolean | undefined;
  /**
   * Whether a probe that a router reports as undeliverable is waited for until
   * its timeout, since its answer may come all the same. Default false: the
   * report is its end.
   */
  readonly waitsAfterErrors?: boolean | undefined;
  /**
   * How long to wait for answers after the last probe; undefined: until each
   * has timed out. Asked again and again, since it may depend on the answers.
   */
  readonly lingerMs?: (() => number | undefined) | undefined;
  /** The run ends at this monotonic time. */
  readonly deadline?: number | undefined;
  /** Looks at why this machine refused a probe, and throws where the run makes no sense then. */
  readonly onRefusal?: ((error: SystemError) => void) | undefined;
  /** Whether short waits for the next probe keep the processor busy. Default false. */
  readonly busyWait?: boolean | undefined;
  /** Further reasons to end the run. */
  readonly isDone?: (() => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What the engine tells of single probes. */
export type EngineEvent = Exclude<PingEvent, PingStart | PingSummary>;

/** Receives what happens, as it happens. */
export interface EngineListener {
  /** Whether {@linkcode event} is wanted at all: a million objects nobody looks at cost too much. */
  readonly wantsEvents: boolean;
  event(event: EngineEvent): void;
  /** A probe to this target was answered, was lost or failed. */
  settled(target: number): void;
}

/** How long answers that have arrived may take to be read. */
const BACKLOG_MS = 100;

/** How far kernel and program may disagree before the kernel's times are taken for wrong. */
const CLOCK_TOLERANCE_MS = 0.05;

/**
 * Sends probes by a schedule, follows each to its end, and counts. It waits
 * nowhere but in {@linkcode step}, so whoever drives it sets the pace.
 */
export class Engine implements ProbeSink, DispatchListener, Disposable {
  readonly statistics = new RoundTripStatistics();
  readonly clocks: Record<ClockSource, number> = {
    "kernel": 0,
    "kernel-receive": 0,
    "user": 0,
  };
  /** The most probes that were on their way when something was heard of the first of them. */
  pipe = 0;
  #firstSentAt = NaN;
  #lastSentAt = NaN;
  #endedAt = NaN;
  readonly #parts: EngineParts;
  readonly #listener: EngineListener;
  readonly #dispatcher: Dispatcher;
  readonly #wake: () => void;

  constructor(parts: EngineParts, listener: EngineListener) {
    this.#parts = parts;
    this.#listener = listener;
    this.#dispatcher = new Dispatcher(parts, this);
    this.#wake = () => parts.loop.wake();
    parts.signal?.addEventListener("abort", this.#wake);
  }

  /** Milliseconds from the first probe to the last thing that happened, or to the end of a run that was cut short. */
  get durationMs(): number {
    return Number.isNaN(this.#endedAt)
      ? 0
      : wholeNanoseconds(this.#endedAt - this.#firstSentAt);
  }

  /** Milliseconds from the first to the last probe. */
  get sendingMs(): number {
    return Number.isNaN(this.#lastSentAt)
      ? 0
      : wholeNanoseconds(this.#lastSentAt - this.#firstSentAt);
  }

  /**
   * Sends what is due, reads what has come, and waits if there is nothing to
   * do. Returns false when the run is over.
   */
  async step(): Promise<boolean> {
    const { loop, signal, probes, busyWait = false } = this.#parts;
    if (signal?.aborted) return this.#end();
    const progress = this.#work();
    if (this.#isOver()) return this.#end();
    if (progress) await loop.yield();
    else {
      // A processor that is kept busy is one less for whoever is to answer.
      const busy = busyWait && probes.inFlight === 0;
      await loop.wait(this.#nextEventAt(), busy);
    }
    return true;
  }

  /** Whether anything was sent, received or expired. */
  #work(): boolean {
    const { loop } = this.#parts;
    const received = this.#receive();
    // What has arrived is not lost, so nothing is given up before all is read; a peer that never stops does not put it off for ever.
    const expired = this.#expire(loop.now(), received === 0 ? 0 : BACKLOG_MS);
    const sent = !this.#isPastDeadline() &&
      this.#dispatcher.dispatch(loop.now());
    // The answer of a host nearby is there already; read at once, it needs no better clock.
    if (sent) this.#receive();
    return sent || received > 0 || expired;
  }

  /** Returns how much was read. */
  #receive(): number {
    let received = 0;
    for (const prober of this.#parts.probers.values()) {
      received += prober.receive(this);
    }
    return received;
  }

  departed(number: number, at: number): void {
    const { probes, targets } = this.#parts;
    this.#announceUnanswered(number - 1);
    probes.send(number, at);
    targets.send(probes.target(number), at);
    if (Number.isNaN(this.#firstSentAt)) this.#firstSentAt = at;
    this.#lastSentAt = at;
    this.#endedAt = at;
  }

  refused(number: number, error: SystemError, at: number): void {
    this.#parts.onRefusal?.(error);
    this.departed(number, at);
    this.#fail(number, localError(error), error.code);
  }

  /** Tells of a probe that is unanswered now that the next one goes out. */
  #announceUnanswered(number: number): void {
    const { probes, targets } = this.#parts;
    if (!this.#listener.wantsEvents || targets.size > 1) return;
    if (!probes.has(number)) return;
    const state = probes.state(number);
    if (state === ProbeState.IN_FLIGHT || state === ProbeState.LOST) {
      this.#listener.event({ type: "pending", ...this.#about(number) });
    }
  }

  /** Gives up on probes whose time has come, and this long ago. */
  #expire(now: number, agoMs: number): boolean {
    const { probes, timeoutMs } = this.#parts;
    const lingerUntil = this.#lingerUntil();
    let expired = false;
    for (;;) {
      const oldest = probes.oldestInFlight();
      if (oldest === undefined) return expired;
      const at = Math.min(probes.sentAt(oldest) + timeoutMs, lingerUntil);
      if (at > now - agoMs) return expired;
      expired = true;
      this.#endedAt = now;
      if (probes.isReported(oldest)) {
        this.#settle(oldest, ProbeState.ERROR, "errors");
        continue;
      }
      if (this.#listener.wantsEvents) {
        this.#listener.event({ type: "lost", ...this.#about(oldest) });
      }
      this.#settle(oldest, ProbeState.LOST, "lost");
    }
  }

  /** Ends the run. Where no answer is waited for any more, a reported error is the probe's end. */
  #end(): false {
    const { probes, loop } = this.#parts;
    if (!this.#isComplete() && !Number.isNaN(this.#firstSentAt)) {
      this.#endedAt = loop.now();
    }
    const oldest = probes.oldestInFlight() ?? probes.next;
    for (let number = oldest; number < probes.next; number++) {
      const isInFlight = probes.state(number) === ProbeState.IN_FLIGHT;
      if (isInFlight && probes.isReported(number)) {
        this.#settle(number, ProbeState.ERROR, "errors");
      }
    }
    return false;
  }

  #lingerUntil(): number {
    const { schedule, lingerMs } = this.#parts;
    if (!schedule.isFinished || !this.#dispatcher.isIdle) return Infinity;
    const linger = lingerMs?.();
    return linger === undefined ? Infinity : this.#lastSentAt + linger;
  }

  #isPastDeadline(): boolean {
    const { deadline, loop } = this.#parts;
    return deadline !== undefined && loop.now() >= deadline;
  }

  #isOver(): boolean {
    if (this.#parts.isDone?.() || this.#isPastDeadline()) return true;
    return this.#isComplete();
  }

  /** Whether every probe was sent and has come to its end. */
  #isComplete(): boolean {
    const { schedule, probes } = this.#parts;
    return schedule.isFinished && this.#dispatcher.isIdle &&
      probes.inFlight === 0;
  }

  #nextEventAt(): number {
    const { probes, timeoutMs, deadline, loop } = this.#parts;
    const oldest = probes.oldestInFlight();
    return Math.min(
      this.#dispatcher.nextAt(loop.now()),
      oldest === undefined ? Infinity : probes.sentAt(oldest) + timeoutMs,
      oldest === undefined ? Infinity : this.#lingerUntil(),
      deadline ?? Infinity,
    );
  }

  sent(number: number, at: number): void {
    this.#parts.probes.stamp(number, at);
  }

  answered(number: number, answer: Answer): void {
    const { probes, targets, timeoutMs, roundTrips = true } = this.#parts;
    const target = probes.target(number);
    const { ms, clock } = answer.roundTrip ?? this.#roundTrip(number, answer);
    const rttMs = wholeNanoseconds(ms);
    const before = probes.state(number);
    this.#hear(target, probes.round(number));
    const isFirst = before !== ProbeState.ANSWERED &&
      before !== ProbeState.LATE;
    // The kernel's times leave out the wait for a link-layer address, the timeout does not.
    const inTime = before !== ProbeState.LOST && rttMs <= timeoutMs;
    let reordered = false;
    if (isFirst) {
      this.#endedAt = answer.readAt;
      reordered = targets.advance(target, probes.round(number));
      if (reordered) targets.increment(target, "reordered");
      // It was given up too soon, or a router was wrong.
      if (before === ProbeState.LOST) targets.decrement(target, "lost");
      if (before === ProbeState.ERROR) targets.decrement(target, "errors");
      if (inTime && roundTrips) {
        this.statistics.add(rttMs);
        this.clocks[clock]++;
        targets.addRoundTrip(target, rttMs);
      }
    } else {
      targets.increment(target, "duplicates");
    }
    if (answer.corrupt !== undefined) targets.increment(target, "corrupt");
    if (this.#listener.wantsEvents) {
      this.#listener.event({
        type: !isFirst ? "duplicate" : inTime ? "reply" : "late",
        ...this.#about(number),
        from: targets.inZone(target, answer.from),
        bytes: answer.bytes,
        ...(answer.ttl < 0 ? {} : { ttl: answer.ttl }),
        rttMs,
        clock,
        ...(reordered ? { reordered } : {}),
        ...(answer.truncated ? { truncated: true } : {}),
        ...(answer.corrupt === undefined ? {} : { corrupt: answer.corrupt }),
        ...(answer.refused ? { refused: true } : {}),
      });
    }
    if (!isFirst) return;
    if (inTime) this.#settle(number, ProbeState.ANSWERED, "answered");
    else this.#settle(number, ProbeState.LATE, "late");
  }

  badChecksum(number: number, from: Uint8Array, bytes: number): void {
    const { targets, probes } = this.#parts;
    const target = probes.target(number);
    targets.increment(target, "corrupt");
    if (!this.#listener.wantsEvents) return;
    this.#listener.event({
      type: "bad-checksum",
      ...this.#about(number),
      from: targets.inZone(target, from),
      bytes,
    });
  }

  undelivered(number: number, error: DeliveryError): void {
    this.#fail(number, error);
  }

  /** @param refusal the system's name for the error with which this machine refused to send */
  #fail(number: number, error: DeliveryError, refusal?: string): void {
    const { probes, targets, loop, waitsAfterErrors } = this.#parts;
    if (
      probes.state(number) !== ProbeState.IN_FLIGHT || probes.isReported(number)
    ) return;
    const target = probes.target(number);
    this.#endedAt = loop.now();
    this.#hear(target, probes.round(number));
    targets.setError(target, error.message, refusal);
    if (this.#listener.wantsEvents) {
      this.#listener.event({
        type: "error",
        ...this.#about(number),
        ...error,
      });
    }
    // What this machine did not send, nobody answers.
    if (waitsAfterErrors && error.from !== undefined) {
      probes.report(number);
      this.#release(number);
    } else this.#settle(number, ProbeState.ERROR, "errors");
  }

  redirected(
    number: number,
    from: string,
    gateway: string,
    message: string,
  ): void {
    if (!this.#listener.wantsEvents) return;
    this.#listener.event({
      type: "redirect",
      ...this.#about(number),
      from,
      gateway,
      message,
    });
  }

  /** Statistics of the round trips so far; undefined before the first. */
  roundTrips(): RoundTripSummary | undefined {
    const summary = this.statistics.summary();
    return summary && roundedSummary(summary);
  }

  /** How all probes have ended so far. */
  counts(): ProbeCounts {
    return this.#parts.targets.totals();
  }

  [Symbol.dispose](): void {
    this.#parts.signal?.removeEventListener("abort", this.#wake);
  }

  #settle(number: number, state: ProbeState, counter: Counter): void {
    const { probes, targets } = this.#parts;
    const target = probes.target(number);
    if (probes.state(number) === ProbeState.IN_FLIGHT) targets.land(target);
    this.#release(number);
    probes.end(number, state);
    targets.increment(target, counter);
    this.#listener.settled(target);
  }

  /** Another probe may have the place that this one takes up in its prober. */
  #release(number: number): void {
    const { probes, targets, probers } = this.#parts;
    const family = targets.family(probes.target(number))!;
    probers.get(family)?.done?.(number);
  }

  #hear(target: number, round: number): void {
    const { targets } = this.#parts;
    targets.hear(target, round);
    const transmitted = targets.count(target, "transmitted");
    this.pipe = Math.max(this.pipe, transmitted - round);
  }

  /** The fields that every event about a probe has. */
  #about(number: number) {
    const { probes, targets, loop } = this.#parts;
    const target = probes.target(number);
    return {
      host: targets.name(target),
      address: targets.address(target)!,
      sequence: probes.round(number) + 1,
      time: Math.round(loop.wallTime() * 1e6) / 1e6,
    };
  }

  /**
   * The time from sending to answer, by the best clocks that there are. The
   * kernel's times are used only where they agree with the program's, which
   * must have sent before and received after.
   */
  #roundTrip(
    number: number,
    { at, readAt }: Answer,
  ): { ms: number; clock: ClockSource } {
    const { probes } = this.#parts;
    const sentAt = probes.sentAt(number);
    const stampedAt = probes.stampedAt(number);
    const earliest = sentAt - CLOCK_TOLERANCE_MS;
    const isReceivedByKernel = at >= earliest &&
      at <= readAt + CLOCK_TOLERANCE_MS;
    const end = isReceivedByKernel ? at : readAt;
    const isSentByKernel = stampedAt >= earliest && stampedAt <= end;
    const start = isSentByKernel ? stampedAt : sentAt;
    return {
      ms: Math.max(0, end - start),
      clock: !isReceivedByKernel
        ? "user"
        : isSentByKernel
        ? "kernel"
        : "kernel-receive",
    };
  }
}

/** An error of this machine's own, about a probe that it did not send. */
function localError(error: SystemError): DeliveryError {
  return {
    code: error.code,
    message: error.description,
    ...(error instanceof MessageTooLongError && error.mtu > 0
      ? { mtu: error.mtu }
      : {}),
  };
}
