import { SystemError } from "../os/errno.ts";
import type { EventLoop } from "../os/types.ts";
import type { Family } from "../wire/address.ts";
import type { Prober } from "./prober.ts";
import type { Probes } from "./probes.ts";
import type { Schedule } from "./schedule.ts";
import type { Targets } from "./targets.ts";

/** What a dispatcher works with; the same parts as the engine's. */
export interface DispatcherParts {
  readonly loop: EventLoop;
  readonly probes: Probes;
  readonly targets: Targets;
  readonly schedule: Schedule;
  readonly probers: ReadonlyMap<Family, Prober>;
}

/** Is told what happens to probes on their way out. */
export interface DispatchListener {
  /** It was handed to the system at this time. */
  departed(number: number, at: number): void;
  /** This machine refused it. */
  refused(number: number, error: SystemError, at: number): void;
}

/** How long to wait when the system takes no more, and how often one probe may have to. */
const CONGESTION_MS = 1;
const PATIENCE = 50;

/** Brings probes from the schedule to the probers, as fast as the system takes them. */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #listener: DispatchListener;
  /** Probes that stand ready in the memory of `#prober`, from place `#from` on. */
  #prober: Prober | undefined;
  #ready: number[] = [];
  #from = 0;
  #congestedUntil = -Infinity;
  /** How often in a row the system took nothing. */
  #attempts = 0;
  constructor(parts: DispatcherParts, listener: DispatchListener) {
    this.#parts = parts;
    this.#listener = listener;
  }

  /** Whether every probe that was taken from the schedule is out. */
  get isIdle(): boolean {
    return this.#from === this.#ready.length;
  }

  /** When there will be something to send, at the earliest. */
  nextAt(now: number): number {
    const { schedule, probes } = this.#parts;
    if (!this.isIdle || now < this.#congestedUntil) {
      return this.#congestedUntil;
    }
    return probes.isFull ? Infinity : schedule.next(now).at;
  }

  /** Sends one batch of what is due; returns whether there was any. */
  dispatch(now: number): boolean {
    if (now < this.#congestedUntil) return false;
    if (this.isIdle && !this.#fill(now)) return false;
    this.#flush();
    return true;
  }

  /** Makes the probes ready that are due, all of one family; returns whether there are any. */
  #fill(now: number): boolean {
    const { schedule, probes, probers, targets } = this.#parts;
    let turn = schedule.next(now);
    if (turn.at > now || probes.isFull) return false;
    const family = targets.family(turn.target)!;
    const prober = probers.get(family)!;
    const ready: number[] = [];
    do {
      const number = probes.add(turn.target, turn.round);
      prober.write(ready.length, number, turn.target);
      ready.push(number);
      schedule.taken(now);
      if (ready.length === prober.batch || probes.isFull) break;
      turn = schedule.next(now);
    } while (turn.at <= now && targets.family(turn.target) === family);
    this.#prober = prober;
    this.#ready = ready;
    this.#from = 0;
    return true;
  }

  #flush(): void {
    const { loop } = this.#parts;
    while (this.#from < this.#ready.length) {
      const next = this.#ready[this.#from]!;
      const now = loop.now();
      let taken: number;
      try {
        taken = this.#prober!.send(
          this.#from,
          this.#ready.length - this.#from,
        );
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        this.#from++;
        this.#listener.refused(next, error, now);
        continue;
      }
      for (const end = this.#from + taken; this.#from < end; this.#from++) {
        this.#listener.departed(this.#ready[this.#from]!, now);
      }
      if (taken > 0) {
        this.#attempts = 0;
        continue;
      }
      // A queue that drops what it gets says the same as one that is full for a moment.
      const { congestion } = this.#prober!;
      if (congestion === undefined || ++this.#attempts < PATIENCE) {
        this.#congestedUntil = now + CONGESTION_MS;
        return;
      }
      this.#attempts = 0;
      this.#from++;
      this.#listener.refused(next, congestion, now);
    }
  }
}
