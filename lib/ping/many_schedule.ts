import type { Schedule, Turn } from "./schedule.ts";
import type { Targets } from "./targets.ts";

/** How many targets are probed. */
interface ManyPlan {
  readonly rounds: number;
  /** A target that was answered is left alone. */
  readonly untilAnswered: boolean;
  /** The least time between two probes to one target. */
  readonly intervalMs: number;
  /** The least time between any two probes. */
  readonly gapMs: number;
}

/** Catching up after a pause never sends more than this much at once. */
const BURST_MS = 10;

/** All targets in turn, round by round. */
export class ManySchedule implements Schedule {
  readonly #plan: ManyPlan;
  readonly #targets: Targets;
  #target = -1;
  #round = 0;
  #paceAt = -Infinity;

  constructor(plan: ManyPlan, targets: Targets) {
    this.#plan = plan;
    this.#targets = targets;
    this.#advance();
  }

  get isFinished(): boolean {
    return this.#round >= this.#plan.rounds;
  }

  /** Moves on to the next target that still wants a probe. */
  #advance(): void {
    let passed = 0;
    do {
      if (++this.#target >= this.#targets.size) {
        this.#target = 0;
        this.#round++;
      }
      // A whole round without a candidate: there will be none any more.
      if (passed++ > this.#targets.size) this.#round = this.#plan.rounds;
    } while (!this.isFinished && !this.#wantsProbe());
  }

  #wantsProbe(): boolean {
    const targets = this.#targets;
    return targets.family(this.#target) !== undefined &&
      !(this.#plan.untilAnswered &&
        targets.count(this.#target, "answered") > 0);
  }

  next(): Turn {
    if (!this.isFinished && !this.#wantsProbe()) this.#advance();
    if (this.isFinished) return { at: Infinity, target: 0, round: 0 };
    const again = this.#round === 0
      ? -Infinity
      : this.#targets.lastSentAt(this.#target) + this.#plan.intervalMs;
    return {
      at: Math.max(again, this.#paceAt),
      target: this.#target,
      round: this.#round,
    };
  }

  taken(now: number): void {
    const isFirst = this.#paceAt === -Infinity;
    this.#paceAt = (isFirst ? now : Math.max(this.#paceAt, now - BURST_MS)) +
      this.#plan.gapMs;
    this.#targets.schedule(this.#target, now);
    this.#advance();
  }
}
