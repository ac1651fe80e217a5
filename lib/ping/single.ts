/** The engine of a run with one target. */

import type { EventLoop } from "../os/types.ts";
import { Engine, type EngineListener } from "./engine.ts";
import { throwIfHopeless } from "./open.ts";
import type { SingleOptionsPlan } from "./options.ts";
import type { Prober } from "./prober.ts";
import type { Probes } from "./probes.ts";
import { SingleSchedule } from "./schedule.ts";
import type { Targets } from "./targets.ts";
import type { PingOptions } from "./types.ts";

/** What a run with one target is made of. */
export interface SingleParts {
  readonly loop: EventLoop;
  readonly probes: Probes;
  /** The one target, with its address. */
  readonly targets: Targets;
  readonly prober: Prober;
  /** The options as they were given, and with their defaults. */
  readonly options: PingOptions;
  readonly plan: SingleOptionsPlan;
}

/** Sends, waits and ends as ping does. */
export function singleEngine(
  { loop, probes, targets, prober, options, plan }: SingleParts,
  listener: EngineListener,
): Engine {
  const { deadlineMs } = options;
  const hasDeadline = deadlineMs !== undefined;
  const engine: Engine = new Engine({
    loop,
    probes,
    targets,
    schedule: new SingleSchedule(
      { ...plan, untilAnswered: hasDeadline },
      targets,
    ),
    probers: new Map([[targets.family(0)!, prober]]),
    timeoutMs: plan.timeoutMs,
    lingerMs: options.timeoutMs === undefined
      ? () => linger(engine, plan, prober)
      : undefined,
    deadline: hasDeadline ? loop.now() + deadlineMs : undefined,
    onRefusal: (error) => {
      if (targets.count(0, "transmitted") === 0) {
        throwIfHopeless(error, targets.name(0), targets.family(0)!, options);
      }
    },
    busyWait: options.busyWait,
    isDone: () => isSettled(targets, plan, hasDeadline),
    signal: options.signal,
  }, listener);
  return engine;
}

/** TCP asks once more after a second (RFC 6298 section 2), and the timers of Linux may be nearly a tenth late. */
const SYN_REPEAT_MS = 1100;

/** As ping waits for the last answers: twice the longest round trip, one interval at least. */
function linger(
  { statistics }: Engine,
  { intervalMs }: SingleOptionsPlan,
  { socket }: Prober,
): number | undefined {
  if (statistics.count === 0) return undefined;
  const repeatMs = socket === "tcp" ? SYN_REPEAT_MS : 0;
  return Math.max(2 * statistics.maxMs + repeatMs, intervalMs);
}

/** As many ended as were asked for; with a deadline, the first error ends the run too. */
function isSettled(
  targets: Targets,
  plan: SingleOptionsPlan,
  hasDeadline: boolean,
): boolean {
  const errors = targets.count(0, "errors");
  if (hasDeadline && errors > 0) return true;
  return targets.count(0, "answered") + targets.count(0, "late") + errors >=
    plan.count;
}
