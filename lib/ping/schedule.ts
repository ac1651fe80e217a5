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
