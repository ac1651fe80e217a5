/** A ping to many targets, a line each. */

import { DEFAULT_INTERVAL_MS } from "../../lib/ping/limits.ts";
import { pingManyInBatches } from "../../lib/ping/many.ts";
import { standardOutputGauge } from "../../lib/socket/standard_output.ts";
import type {
  PingManyEvent,
  PingManySummary,
  ProbeOptions,
} from "../../lib/ping/types.ts";
import type { Context } from "../command.ts";
import type { PingValues } from "../ping.ts";
import { oncePerKey, signalsOf } from "../cli/signals.ts";
import { jsonLine } from "../cli/json.ts";
import { checkLimits } from "./limits.ts";
import { interimTargetsLine, onlyState, SeveralText } from "./several_text.ts";
import {
  countTargets,
  listTargets,
  type TargetList,
  widestName,
} from "./target_list.ts";
import type { Targets } from "./targets.ts";

const EXIT_UNRESOLVED = 2;
const PROGRESS_MS = 100;

/**
 * Pings many targets and tells what came of each. Returns 0 when all of them
 * answered, 2 when a name did not resolve, else 1.
 */
export async function pingSeveral(
  targets: Exclude<Targets, { kind: "one" }>,
  values: PingValues,
  probe: ProbeOptions,
  context: Context,
): Promise<number> {
  const signal = withDeadline(context.signal, values.deadline);
  await checkLimits(
    values.interval ?? DEFAULT_INTERVAL_MS,
    1,
    values.broadcast,
  );
  const list = await listTargets(targets, signal);
  if (list === undefined) {
    // At Ctrl-C no words are needed.
    if (!context.signal.aborted) {
      context.report(
        "netdiag ping: Cannot read the targets to their end before the deadline: allow more time with -w",
      );
    }
    return 1;
  }
  context.output.hasRoom = await standardOutputGauge();
  using progress = await startProgress(countTargets(list), context);
  const tell = values.json
    ? jsonTeller(values)
    : textTeller(values, probe, list, { ...context, signal });
  const run = pingManyInBatches(list, {
    ...probe,
    count: values.count,
    retries: values.retries,
    // No pause between two probes to a target is none between two targets, either.
    rate: values.rate ?? (values.interval === 0 ? Infinity : undefined),
    probes: values.verbose,
    roundTrips: showsTimes(values),
    signal,
  });
  for await (const events of run) {
    let text = "";
    for (const event of events) {
      progress.note(event);
      text += tell(event);
    }
    await context.output.print(text);
    const last = events.at(-1);
    if (last?.type === "summary") return exitStatus(last);
  }
  // Interrupted before the first probe.
  return 1;
}

/** Whether any line that is to be printed has times in it; the summary of an interrupted run does without. */
function showsTimes({ json, verbose, quiet, count }: PingValues): boolean {
  return json || verbose || quiet || count !== undefined;
}

function exitStatus(
  { targets, alive, unresolved }: PingManySummary,
): number {
  if (unresolved > 0) return EXIT_UNRESOLVED;
  return alive === targets ? 0 : 1;
}

function withDeadline(
  signal: AbortSignal,
  deadlineMs: number | undefined,
): AbortSignal {
  return deadlineMs === undefined
    ? signal
    : AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
}

function jsonTeller(values: PingValues): (event: PingManyEvent) => string {
  const only = onlyState(values);
  return (event) => {
    const isWanted = event.type === "summary" || !values.quiet &&
        (event.type !== "target" || only === undefined ||
          event.alive === (only === "alive"));
    return isWanted ? jsonLine(event) : "";
  };
}

function textTeller(
  values: PingValues,
  probe: ProbeOptions,
  list: TargetList,
  { report, signal, style }: Context,
): (event: PingManyEvent) => string {
  const { quiet, verbose, timestamps } = values;
  const counts = values.count !== undefined;
  const text = new SeveralText({
    only: onlyState(values),
    counts,
    quiet,
    verbose,
    timestamps,
    suggestsBroadcast: probe.probe === "icmp" && !probe.broadcast,
    width: counts || verbose ? widestName(list) : 0,
    style,
  });
  return (event) => {
    const rendered = text.render(event);
    if (rendered.report !== undefined) report(rendered.report);
    const isWanted = event.type !== "summary" || quiet || verbose ||
      signal.aborted;
    return isWanted ? rendered.output ?? "" : "";
  };
}

/** Follows a run for the progress bar and for SIGQUIT. */
async function startProgress(
  total: number,
  { output, report }: Context,
): Promise<{ note(event: PingManyEvent): void } & Disposable> {
  let done = 0;
  let alive = 0;
  const bar = Deno.stderr.isTerminal()
    ? new (await import("../cli/progress.ts")).Progress(
      Deno.stderr,
      total,
      "targets",
    )
    : undefined;
  output.beforeWrite = () => bar?.clear();
  // Silence is progress, too: it is shown by the clock, not by what comes.
  const redrawing = bar &&
    setInterval(() => bar.update(done), PROGRESS_MS);
  const tellState = () => {
    bar?.clear();
    report(interimTargetsLine(done, total, alive));
  };
  Deno.addSignalListener(signalsOf().status, oncePerKey(tellState));
  return {
    note(event) {
      if (event.type === "target") {
        done++;
        if (event.alive) alive++;
      }
    },
    [Symbol.dispose]() {
      // Deno loads all of its timers, which takes 5 ms, for the mere name of this function.
      if (redrawing !== undefined) clearInterval(redrawing);
      bar?.clear();
    },
  };
}
