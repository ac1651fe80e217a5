/** One load: who sends when, and what came of it. */

import { formatEndpoint } from "../socket/endpoint.ts";
import type { Place, ScopedNetwork } from "../socket/network.ts";
import type { Latencies } from "./latencies.ts";
import {
  DatagramLane,
  type Lane,
  type LaneHost,
  StreamLane,
} from "./load_lanes.ts";
import type { Difference } from "./load_message.ts";
import type { LoadPlan } from "./load_options.ts";
import type {
  EchoLoadProgress,
  EchoLoadStart,
  EchoLoadSummary,
} from "./load_types.ts";

/** Connections that are made at the same time. */
const CONNECTING = 256;
const PROGRESS_MS = 1000;
/** How long a lane rests after a failure, so that failing is no loop without a pause. */
const REST_MS = 100;

type Ended = EchoLoadSummary["ended"];

/** Runs a load from its first connection to its last answer. */
export class LoadRun implements LaneHost {
  readonly network: ScopedNetwork;
  readonly place: Place;
  readonly plan: LoadPlan;
  readonly #latencies: Latencies;
  readonly #lanes: Lane[];
  /** Nothing is sent before it starts and after it is over. */
  #phase: "idle" | "warmup" | "measure" | "drain" = "idle";
  #phaseAt = 0;
  #measuredMs = 0;
  #ended: Ended = "duration";
  #isOver = false;
  #isProgressDue = false;
  /** Resolves when something is to be yielded. */
  #wake: (() => void) | undefined;
  /** Open loop: the planned message that is next, and when the one with index 0 was. */
  #nextIndex = 0;
  #plannedFrom = 0;
  #opened = 0;
  #failedToOpen = 0;
  #broken = 0;
  #sent = 0;
  #answered = 0;
  /** Answers within the measured time. */
  #answeredInTime = 0;
  #unsent = 0;
  #duplicates = 0;
  #mismatched = 0;
  #firstMismatch: Difference | undefined;
  #errors: Record<string, number> = {};
  #answeredSinceProgress = 0;
  #progressAt = 0;

  constructor(
    network: ScopedNetwork,
    place: Place,
    plan: LoadPlan,
    latencies: Latencies,
  ) {
    this.network = network;
    this.place = place;
    this.plan = plan;
    this.#latencies = latencies;
    const { transport } = place.endpoint;
    const isDatagram = transport === "udp" || transport === "unixgram";
    this.#lanes = Array.from(
      { length: plan.connections },
      (_, i) =>
        isDatagram ? new DatagramLane(this, i) : new StreamLane(this, i),
    );
  }

  /** Makes the connections, some at a time. What cannot be made is counted. */
  async connect(signal: AbortSignal | undefined): Promise<EchoLoadStart> {
    const waiting = this.#lanes.values();
    const connectSome = async () => {
      for (const lane of waiting) {
        if (signal?.aborted) return;
        const error = await lane.open();
        if (error === undefined) this.#opened++;
        else {
          lane.isBroken = true;
          this.#failedToOpen++;
          this.#count(error);
        }
      }
    };
    const workers = Math.min(CONNECTING, this.#lanes.length);
    await Promise.all(Array.from({ length: workers }, connectSome));
    return {
      type: "start",
      endpoint: formatEndpoint(this.place.endpoint),
      connections: this.#opened,
      size: this.plan.size,
      engine: this.network.engine,
      time: Date.now() / 1000,
    };
  }

  /** Begins to send. */
  start(): void {
    if (this.#live.length === 0) return this.#end("no-connections");
    const { warmupMs } = this.plan;
    this.#begin(warmupMs > 0 ? "warmup" : "measure");
    const now = this.network.now();
    this.#plannedFrom = now;
    this.#progressAt = now;
    this.#planProgress();
    this.#sweep();
    if (this.plan.gapMs === undefined) {
      for (const lane of this.#live) this.#send(lane, now);
    } else this.#sendPlanned();
  }

  get #live(): Lane[] {
    return this.#lanes.filter((lane) => !lane.isBroken);
  }

  #begin(phase: "warmup" | "measure"): void {
    this.#phase = phase;
    this.#phaseAt = this.network.now();
    if (phase === "measure") {
      this.#latencies.clear();
      this.#sent = 0;
      this.#answered = 0;
      this.#duplicates = 0;
    }
    const { warmupMs, durationMs } = this.plan;
    const until = this.#phaseAt + (phase === "warmup" ? warmupMs : durationMs);
    this.network.schedule(until, () => {
      if (this.#phase !== phase) return;
      if (phase === "warmup") this.#begin("measure");
      else this.#drain("duration");
    });
  }

  /** Sends no more, and waits for what is in flight. */
  #drain(ended: Ended): void {
    if (this.#phase === "idle" || this.#phase === "drain") return;
    const now = this.network.now();
    if (this.#phase === "measure") this.#measuredMs = now - this.#phaseAt;
    if (this.plan.gapMs !== undefined) this.#countUnsent(now);
    this.#phase = "drain";
    this.#ended = ended;
    this.network.schedule(now + this.plan.timeoutMs, () => this.#end(ended));
    this.#endWhenQuiet();
  }

  #endWhenQuiet(): void {
    if (this.#phase !== "drain") return;
    if (!this.#lanes.some(({ isBusy }) => isBusy)) this.#end(this.#ended);
  }

  #end(ended: Ended): void {
    if (this.#phase === "measure") {
      this.#measuredMs = this.network.now() - this.#phaseAt;
    }
    this.#phase = "idle";
    this.#ended = ended;
    this.#isOver = true;
    for (const lane of this.#lanes) lane.close();
    this.#wake?.();
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
    if (this.#isOver) return this.#summary();
    this.#isProgressDue = false;
    return this.#progress();
  }

  #planProgress(): void {
    this.network.schedule(this.network.now() + PROGRESS_MS, () => {
      if (this.#isOver) return;
      this.#isProgressDue = true;
      this.#wake?.();
      this.#planProgress();
    });
  }

  #progress(): EchoLoadProgress {
    const now = this.network.now();
    const perSecond = this.#answeredSinceProgress /
      ((now - this.#progressAt) / 1000);
    this.#answeredSinceProgress = 0;
    this.#progressAt = now;
    const hasLatencies = this.#latencies.count > 0;
    return {
      type: "progress",
      phase: this.#phase === "warmup" ? "warmup" : "measure",
      elapsedMs: now - this.#phaseAt,
      perSecond,
      ...(hasLatencies
        ? {
          p50Ms: this.#latencies.percentile(50),
          p99Ms: this.#latencies.percentile(99),
        }
        : {}),
      errors: Object.values(this.#errors).reduce((sum, n) => sum + n, 0),
      time: Date.now() / 1000,
    };
  }

  #summary(): EchoLoadSummary {
    const latency = this.#latencies.summary();
    const seconds = this.#measuredMs / 1000;
    const perSecond = seconds > 0 ? this.#answeredInTime / seconds : 0;
    return {
      type: "summary",
      endpoint: formatEndpoint(this.place.endpoint),
      ended: this.#ended,
      connections: {
        opened: this.#opened,
        failed: this.#failedToOpen,
        broken: this.#broken,
      },
      durationMs: this.#measuredMs,
      sent: this.#sent,
      answered: this.#answered,
      unanswered: this.#sent - this.#answered - this.#mismatched,
      unsent: this.#unsent,
      duplicates: this.#duplicates,
      mismatched: this.#mismatched,
      ...(this.#firstMismatch === undefined
        ? {}
        : { firstMismatch: this.#firstMismatch }),
      errors: this.#errors,
      perSecond,
      bytesPerSecond: perSecond * this.plan.size,
      ...(latency === undefined ? {} : { latency }),
      time: Date.now() / 1000,
    };
  }

  #send(lane: Lane, startedAt: number): void {
    lane.isBusy = true;
    lane.isCounted = this.#phase === "measure";
    lane.startedAt = startedAt;
    lane.sentAt = startedAt;
    if (lane.isCounted) this.#sent++;
    lane.send();
  }

  answered(lane: Lane): void {
    const now = this.network.now();
    lane.isBusy = false;
    this.#answeredSinceProgress++;
    if (lane.isCounted) {
      this.#answered++;
      if (this.#phase === "measure") this.#answeredInTime++;
      this.#latencies.add(now - lane.startedAt);
    }
    this.#advance(lane, now);
  }

  mismatched(lane: Lane, difference: Difference): void {
    lane.isBusy = false;
    this.#firstMismatch ??= difference;
    if (lane.isCounted) this.#mismatched++;
    this.#count("mismatch");
    this.#afterFailure(lane);
  }

  failed(lane: Lane, kind: string): void {
    lane.isBusy = false;
    this.#count(kind);
    this.#afterFailure(lane);
  }

  duplicate(): void {
    this.#duplicates++;
  }

  #count(kind: string): void {
    this.#errors[kind] = (this.#errors[kind] ?? 0) + 1;
  }

  #afterFailure(lane: Lane): void {
    if (lane.isBroken) {
      this.#broken++;
      if (this.#live.length === 0) return this.#end("no-connections");
      return this.#endWhenQuiet();
    }
    if (this.#phase === "drain") return this.#endWhenQuiet();
    this.network.schedule(
      this.network.now() + REST_MS,
      () => this.#advance(lane, this.network.now()),
    );
  }

  /** Has a lane that is free send its next message, if one is due. */
  #advance(lane: Lane, now: number): void {
    if (this.#phase === "drain") return this.#endWhenQuiet();
    if (this.#phase === "idle" || lane.isBroken || lane.isBusy) return;
    if (this.plan.gapMs === undefined) return this.#send(lane, now);
    this.#sendIfDue(lane, now);
  }

  /** Open loop: sends a lane's next planned message if its time has come; what it was late by counts. */
  #sendIfDue(lane: Lane, now: number): void {
    const planned = this.#plannedAt(lane.nextIndex);
    if (planned > now) return;
    lane.nextIndex += this.#lanes.length;
    this.#send(lane, planned);
    lane.sentAt = now;
  }

  #plannedAt(index: number): number {
    return this.#plannedFrom + index * this.plan.gapMs!;
  }

  /** Open loop: sends all that is due on lanes that are free, and comes back for the next. */
  #sendPlanned(): void {
    if (this.#phase === "idle" || this.#phase === "drain") return;
    const now = this.network.now();
    while (this.#plannedAt(this.#nextIndex) <= now) {
      const lane = this.#lanes[this.#nextIndex % this.#lanes.length]!;
      if (!lane.isBusy && !lane.isBroken) this.#sendIfDue(lane, now);
      this.#nextIndex++;
    }
    this.network.schedule(
      this.#plannedAt(this.#nextIndex),
      () => this.#sendPlanned(),
    );
  }

  /** What was planned while measuring, and not sent. */
  #countUnsent(now: number): void {
    const { gapMs } = this.plan;
    const from = Math.max(this.#phaseAt, this.#plannedFrom);
    const planned = Math.floor((now - from) / gapMs!);
    this.#unsent = Math.max(0, planned - this.#sent);
  }

  /** Gives up, now and then, what has been in flight for too long. */
  #sweep(): void {
    const { timeoutMs } = this.plan;
    const now = this.network.now();
    for (const lane of this.#lanes) {
      if (!lane.isBusy || now - lane.sentAt < timeoutMs) continue;
      lane.giveUp();
      this.failed(lane, "timeout");
    }
    if (this.#isOver) return;
    this.network.schedule(now + timeoutMs / 8, () => this.#sweep());
  }
}
