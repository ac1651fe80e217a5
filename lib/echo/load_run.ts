/** One load: who sends when, and what came of it. */

import { formatEndpoint } from "../socket/endpoint.ts";
import type { Place, ScopedNetwork } from "../socket/network.ts";
import type { Latencies } from "./latencies.ts";
import { DatagramLane } from "./load_datagrams.ts";
import { type Lane, type LaneHost, StreamLane } from "./load_lanes.ts";
import type { Difference } from "./load_message.ts";
import type { LoadPlan } from "./load_options.ts";
import { LoadTally } from "./load_tally.ts";
import type {
  EchoLoadProgress,
  EchoLoadStart,
  EchoLoadSummary,
} from "./load_types.ts";

/** Connections that are made at the same time. */
const CONNECTING = 256;
const PROGRESS_MS = 1000;
/** How long a lane rests after a connection that failed, so that failing is no loop without a pause. */
const REST_MS = 100;
/** With `reconnect`: so many failures in a row, on each lane and in all, are the end. */
const MIN_FAILURES = 3;

/** No quotient of times is wrong by as much. */
const ROUNDING = 1e-6;

type Ended = EchoLoadSummary["ended"];

/** Runs a load from its first connection to its last answer. */
export class LoadRun implements LaneHost {
  readonly network: ScopedNetwork;
  readonly place: Place;
  readonly plan: LoadPlan;
  readonly #tally: LoadTally;
  readonly #lanes: Lane[];
  #phase: "idle" | "running" | "draining" | "giving-up" | "over" = "idle";
  #startAt = Infinity;
  /** What is sent, or planned, from then on counts. */
  #measureAt = Infinity;
  /** Nothing is planned from then on. */
  #planEndAt = Infinity;
  /** Open loop: the planned message that is next, the first that counts, and the first that is not planned. */
  #nextIndex = 0;
  #firstCounted = 0;
  #endIndex = 0;
  #ended: Ended = "duration";
  #isProgressDue = false;
  /** Resolves when something is to be yielded. */
  #wake: (() => void) | undefined;
  #inFlight = 0;
  #living = 0;
  /** Failures since the last answer. */
  #failures = 0;

  constructor(
    network: ScopedNetwork,
    place: Place,
    plan: LoadPlan,
    latencies: Latencies,
  ) {
    this.network = network;
    this.place = place;
    this.plan = plan;
    this.#tally = new LoadTally(latencies);
    this.#lanes = Array.from(
      { length: plan.connections },
      (_, i) =>
        plan.isDatagram ? new DatagramLane(this, i) : new StreamLane(this, i),
    );
  }

  /** Makes the connections, some at a time. What cannot be made is counted. */
  async connect(): Promise<EchoLoadStart> {
    const waiting = this.#lanes.values();
    const connectSome = async () => {
      for (const lane of waiting) {
        if (this.#isOver) return;
        const isOpen = await lane.open();
        if (this.#isOver) return lane.close();
        if (isOpen) {
          this.#tally.opened++;
          this.#living++;
        } else {
          lane.isBroken = true;
          this.#tally.failedToOpen++;
        }
      }
    };
    const workers = Math.min(CONNECTING, this.#lanes.length);
    await Promise.all(Array.from({ length: workers }, connectSome));
    return {
      type: "start",
      endpoint: formatEndpoint(this.place.endpoint),
      connections: this.#living,
      size: this.plan.size,
      engine: this.network.engine,
      time: Date.now() / 1000,
    };
  }

  get #isOver(): boolean {
    return this.#phase === "over";
  }

  /** Begins to send. */
  start(): void {
    if (this.#isOver) return;
    if (this.#living === 0) return this.#end("no-connections");
    const { warmupMs, durationMs, gapMs } = this.plan;
    const now = this.network.now();
    this.#phase = "running";
    this.#startAt = now;
    this.#measureAt = now + warmupMs;
    this.#planEndAt = this.#measureAt + durationMs;
    this.#tally.beginProgress(now);
    this.#planProgress();
    this.#sweep();
    if (gapMs === undefined) {
      for (const lane of this.#lanes) this.#advance(lane, now);
    } else {
      this.#firstCounted = this.#plannedWithin(warmupMs);
      this.#endIndex = this.#plannedWithin(warmupMs + durationMs);
      this.#sendPlanned();
    }
    this.network.schedule(this.#planEndAt, () => this.#drain("duration"));
  }

  /** Plans no more, and waits for what is in flight. */
  #drain(ended: Ended): void {
    if (this.#phase !== "running") return;
    const now = this.network.now();
    this.#planEndAt = Math.min(this.#planEndAt, now);
    this.#tally.measuredMs = Math.max(0, this.#planEndAt - this.#measureAt);
    if (this.plan.gapMs !== undefined) this.#sendPlanned();
    this.#phase = "draining";
    this.#ended = ended;
    this.network.schedule(now + this.plan.timeoutMs, () => {
      if (this.#isOver) return;
      // Room that this makes is not sent into: nobody would wait for the answers.
      this.#phase = "giving-up";
      this.#expire(Infinity);
      this.#end(ended);
    });
    if (this.#inFlight === 0) this.#end(ended);
  }

  /** Ends the run at once. */
  close(): void {
    this.#end("aborted");
  }

  #end(ended: Ended): void {
    if (this.#isOver) return;
    if (this.#phase === "running") {
      this.#planEndAt = this.network.now();
      this.#tally.measuredMs = Math.max(0, this.#planEndAt - this.#measureAt);
    }
    this.#phase = "over";
    this.#ended = ended;
    this.#countUnsent();
    for (const lane of this.#lanes) lane.close();
    this.#wake?.();
  }

  /** Open loop: what was planned while measuring, and not sent. */
  #countUnsent(): void {
    if (this.plan.gapMs === undefined || this.#startAt === Infinity) return;
    const end = this.#plannedWithin(this.#planEndAt - this.#startAt);
    const planned = end - this.#firstCounted;
    this.#tally.unsent = Math.max(0, planned - this.#tally.sent);
  }

  /** Open loop: how many messages are planned for so long, from the start on. */
  #plannedWithin(ms: number): number {
    return Math.ceil(ms / this.plan.gapMs! - ROUNDING);
  }

  /** Ends the run early. */
  abort(): void {
    if (this.#phase === "idle") this.#end("aborted");
    else this.#drain("aborted");
  }

  /** Resolves with what is to be told next; the summary is the last. */
  async next(): Promise<EchoLoadProgress | EchoLoadSummary> {
    while (!this.#isOver && !this.#isProgressDue) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    if (this.#isOver) {
      const endpoint = formatEndpoint(this.place.endpoint);
      return this.#tally.summary(endpoint, this.#ended, this.plan.size);
    }
    this.#isProgressDue = false;
    const now = this.network.now();
    return now < this.#measureAt
      ? this.#tally.progress("warmup", now, this.#startAt)
      : this.#tally.progress("measure", now, this.#measureAt);
  }

  #planProgress(): void {
    this.network.schedule(this.network.now() + PROGRESS_MS, () => {
      if (this.#isOver) return;
      this.#isProgressDue = true;
      this.#wake?.();
      this.#planProgress();
    });
  }

  /** Has a lane send what is due, as far as it has room. */
  #advance(lane: Lane, now: number): void {
    if (this.plan.gapMs !== undefined) return this.#advancePlanned(lane, now);
    const isCounted = now >= this.#measureAt;
    // The end may be noticed late where the machine is busy.
    const isInTime = now < this.#planEndAt && this.#phase === "running";
    while (isInTime && lane.canSend) {
      if (!this.#send(lane, now, now, isCounted)) return;
    }
  }

  /** Open loop: what a message is late by counts; what is due at the end is still sent. */
  #advancePlanned(lane: Lane, now: number): void {
    while (this.#mayStillSend && lane.canSend) {
      const index = lane.nextIndex;
      const planned = this.#plannedAt(index);
      if (planned > now || index >= this.#endIndex) return;
      const isCounted = index >= this.#firstCounted;
      if (!this.#send(lane, planned, now, isCounted)) return;
      lane.nextIndex += this.#lanes.length;
    }
  }

  get #mayStillSend(): boolean {
    return this.#phase === "running" ||
      this.#phase === "draining" && this.#ended === "duration";
  }

  #send(
    lane: Lane,
    startedAt: number,
    now: number,
    isCounted: boolean,
  ): boolean {
    if (!lane.send(startedAt, now, isCounted)) return false;
    this.#inFlight++;
    if (isCounted) this.#tally.sent++;
    return true;
  }

  #plannedAt(index: number): number {
    return this.#startAt + index * this.plan.gapMs!;
  }

  /** Open loop: sends all that is due on lanes that have room, and comes back for the next. */
  #sendPlanned(): void {
    if (this.#phase !== "running") return;
    const now = this.network.now();
    const { length } = this.#lanes;
    // The lanes' turns that were missed are made up for in one round.
    const due = Math.floor((now - this.#startAt) / this.plan.gapMs!) + 1;
    this.#nextIndex = Math.max(this.#nextIndex, due - length);
    for (; this.#nextIndex < due; this.#nextIndex++) {
      this.#advancePlanned(this.#lanes[this.#nextIndex % length]!, now);
    }
    if (due >= this.#endIndex) return;
    this.network.schedule(this.#plannedAt(due), () => this.#sendPlanned());
  }

  answered(lane: Lane, startedAt: number, isCounted: boolean): void {
    const now = this.network.now();
    this.#inFlight--;
    this.#failures = 0;
    this.#tally.answer(now - startedAt, isCounted, now <= this.#planEndAt);
    this.#advance(lane, now);
    this.#endWhenQuiet();
  }

  mismatched(lane: Lane, isCounted: boolean): void {
    this.#tally.mismatch(isCounted);
    this.#goOn(lane);
  }

  gone(lane: Lane): void {
    this.#failures++;
    this.#goOn(lane);
  }

  broke(): void {
    this.#tally.broken++;
    this.#living--;
    // While connections are still being made, others may live.
    if (this.#living === 0 && this.#phase !== "idle") {
      this.#end("no-connections");
    }
  }

  freed(lane: Lane): void {
    this.#advance(lane, this.network.now());
  }

  error(kind: string, error?: Error): void {
    this.#tally.error(kind, error);
  }

  differs(difference: Difference): void {
    this.#tally.differs(difference);
  }

  late(): void {
    this.#tally.late++;
  }

  duplicate(): void {
    this.#tally.duplicates++;
  }

  reordered(): void {
    this.#tally.reordered++;
  }

  /** After a message that was not answered as it should. */
  #goOn(lane: Lane): void {
    this.#inFlight--;
    if (this.plan.reconnect) {
      const enough = Math.max(this.#lanes.length, MIN_FAILURES);
      if (this.#failures >= enough) return this.#end("no-connections");
      const now = this.network.now();
      this.network.schedule(
        now + REST_MS,
        () => this.#advance(lane, this.network.now()),
      );
    } else this.#advance(lane, this.network.now());
    this.#endWhenQuiet();
  }

  #endWhenQuiet(): void {
    if (this.#phase === "draining" && this.#inFlight === 0) {
      this.#end(this.#ended);
    }
  }

  /** Gives up, now and then, what has been in flight for too long. */
  #sweep(): void {
    if (this.#isOver) return;
    const { timeoutMs } = this.plan;
    const now = this.network.now();
    this.#expire(now - timeoutMs);
    this.network.schedule(now + timeoutMs / 8, () => this.#sweep());
  }

  #expire(before: number): void {
    for (const lane of this.#lanes) {
      if (lane.inFlight > 0) lane.expire(before);
    }
  }
}
