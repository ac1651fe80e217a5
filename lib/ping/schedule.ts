/** Decides which target gets the next probe, and when. Times are monotonic milliseconds. */

import type { Targets } from "./targets.ts";

/** The next probe: not before `at`; `Infinity` where there is none to send. */
export interface Turn {
  readonly at: number;
  readonly target: number;
  /** Which probe to that target, from 0. */
  readonly round: number;
}

/** An order of sending. */
export interface Schedule {
  /** The turn that comes next; asking changes nothing that matters. */
  next(now: number): Turn;
  /** The turn was taken at `now`. */
  taken(now: number): void;
  /** No probe will ever be due again. */
  readonly isFinished: boolean;
}

/** How one target is probed. */
export interface SinglePlan {
  readonly count: number;
  readonly intervalMs: number;
  readonly pace: "interval" | "flood" | "adaptive";
  readonly preload: number;
  readonly minIntervalMs: number;
  /** Go on beyond `count` until that many are answered. */
  readonly untilAnswered: boolean;
}

/** A flood sends at least this often, as in ping. */
const FLOOD_MS = 10;

/** One target, probed as ping does. */
export class SingleSchedule implements Schedule {
  readonly #plan: SinglePlan;
  readonly #targets: Targets;
  #round = 0;
  #due = -Infinity;
  #lastAt = -Infinity;

  constructor(plan: SinglePlan, targets: Targets) {
    this.#plan = plan;
    this.#targets = targets;
  }

  get isFinished(): boolean {
    const { count, untilAnswered } = this.#plan;
    return untilAnswered
      ? this.#targets.count(0, "answered") >= count
      : this.#round >= count;
  }

  next(now: number): Turn {
    const turn = { target: 0, round: this.#round };
    if (this.isFinished) return { ...turn, at: Infinity };
    const { pace, intervalMs, preload, minIntervalMs } = this.#plan;
    if (pace === "interval") {
      return { ...turn, at: this.#round < preload ? now : this.#due };
    }
    const soonest = this.#lastAt + minIntervalMs;
    const patience = pace === "flood" ? FLOOD_MS : intervalMs;
    // As in ping, a probe that was overtaken by an answer is not waited for.
    const unheard = this.#round - this.#targets.heardOf(0);
    const at = unheard < preload
      ? soonest
      : this.#lastAt + Math.max(patience, minIntervalMs);
    return { ...turn, at };
  }

  taken(now: number): void {
    this.#round++;
    this.#lastAt = now;
    const { intervalMs, preload } = this.#plan;
    // The beat begins with the last of the preloaded probes, and is kept unless a whole one is missed.
    const isNew = this.#round <= preload || now - this.#due > intervalMs;
    this.#due = (isNew ? now : this.#due) + intervalMs;
  }
}

/** How many targets are probed. */
export interface ManyPlan {
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
