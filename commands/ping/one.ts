/** A ping to one target, probe by probe. */

import { DEFAULT_INTERVAL_MS } from "../../lib/ping/limits.ts";
import { ping, type PingRun } from "../../lib/ping/ping.ts";
import type {
  PingEvent,
  PingOptions,
  PingSummary,
  ProbeOptions,
} from "../../lib/ping/types.ts";
import { isAddress } from "../../lib/wire/address.ts";
import { mayUseNative } from "../../lib/socket/permission.ts";
import { standardOutputGauge } from "../../lib/socket/standard_output.ts";
import { oncePerKey, signalsOf } from "../cli/signals.ts";
import type { Context } from "../command.ts";
import type { PingValues } from "../ping.ts";
import { checkLimits, minIntervalMs } from "./limits.ts";
import type { Names } from "./names.ts";
import { interimLine, OneText } from "./one_text.ts";

/** Addresses as inet_aton(3) reads them: `127.1`, `0x7f000001`. */
const NUMERIC = /^(0x[\da-f]+|\d+)(\.(0x[\da-f]+|\d+)){0,3}$/i;

/**
 * Pings one target and tells what happens. Returns 0 when it answered (with
 * both --count and --deadline: often enough), else 1.
 */
export async function pingOne(
  host: string,
  values: PingValues,
  probe: ProbeOptions,
  context: Context,
): Promise<number> {
  const pace = paceOf(values);
  await checkLimits(
    pace === "flood" ? 0 : values.interval ?? DEFAULT_INTERVAL_MS,
    values.preload ?? 1,
    values.broadcast,
  );
  const options: PingOptions = {
    ...probe,
    count: values.count,
    deadlineMs: values.deadline,
    pace,
    minIntervalMs: pace === "interval"
      ? undefined
      : await minIntervalMs(values.broadcast),
    preload: values.preload,
    busyWait: true,
    signal: context.signal,
  };
  if (probe.pattern !== undefined && !values.json) {
    context.output.write(`PATTERN: 0x${probe.pattern.toHex()}\n`);
  }
  if (probe.probe === "tcp" && !mayUseNative()) {
    context.report(
      "netdiag ping: Without --allow-ffi, times are this program's own, and include the name lookup",
    );
  }
  context.output.hasRoom = await standardOutputGauge();
  const run = ping(host, options);
  answerStatusRequests(run, context);
  const summary = values.json
    ? await tellInJson(run, values, context)
    : await tellInText(run, host, values, context);
  // A run that ends before its first probe has no summary.
  const { answered, late } = summary ?? { answered: 0, late: 0 };
  const wanted = values.deadline === undefined ? 1 : values.count ?? 1;
  return answered + late >= wanted ? 0 : 1;
}

/** `-i 0` is a flood with lines; `-f -i TIME` is a ping with dots. */
function paceOf({ flood, adaptive, interval }: PingValues) {
  if (interval === 0 || flood && interval === undefined) return "flood";
  return adaptive ? "adaptive" : "interval";
}

/** SIGQUIT, or Ctrl-Break on Windows, prints an interim line. */
function answerStatusRequests(run: PingRun, { report }: Context): void {
  const tellState = () => {
    const summary = run.summary();
    if (summary !== undefined) report(interimLine(summary));
  };
  Deno.addSignalListener(signalsOf().status, oncePerKey(tellState));
}

async function tellInJson(
  run: PingRun,
  { quiet, outstanding }: PingValues,
  { output }: Context,
): Promise<PingSummary | undefined> {
  const { jsonLine } = await import("../cli/json.ts");
  for await (const event of run) {
    if (event.type === "summary") {
      await output.print(jsonLine(event));
      return event;
    }
    const isWanted = event.type === "start" ||
      !quiet && (event.type !== "pending" || outstanding);
    if (isWanted) await output.print(jsonLine(event));
  }
  return undefined;
}

async function tellInText(
  run: PingRun,
  host: string,
  values: PingValues,
  { output, report, signal, style }: Context,
): Promise<PingSummary | undefined> {
  const isNamed = !values.numeric &&
    !isAddress(host) && !NUMERIC.test(host);
  const names = isNamed ? await openNames(signal) : undefined;
  const text = new OneText({
    quiet: values.quiet,
    verbose: values.verbose,
    timestamps: values.timestamps,
    audible: values.audible,
    outstanding: values.outstanding,
    flood: values.flood,
    pacing: values.flood || values.adaptive || values.interval === 0,
    nameOf: (address) => names?.nameOf(address),
    style,
  });
  for await (const event of run) {
    if (names !== undefined) {
      for (const address of namedAddresses(event, values)) {
        if (!names.isKnown(address)) await names.find(address);
      }
    }
    const rendered = text.render(event);
    if (rendered.output !== undefined) await output.print(rendered.output);
    if (rendered.report !== undefined) report(rendered.report);
    if (event.type === "summary") return event;
  }
  return undefined;
}

async function openNames(signal: AbortSignal): Promise<Names> {
  const { reverseName } = await import("../../lib/socket/resolve.ts");
  const { Names } = await import("./names.ts");
  return new Names(reverseName, signal);
}

/** The addresses that the text of an event names. */
function namedAddresses(
  event: PingEvent,
  { quiet, flood }: PingValues,
): readonly string[] {
  if (event.type === "start") {
    return event.probe === "icmp" && event.family === 6 ? [event.address] : [];
  }
  if (quiet || flood || !("from" in event)) return [];
  if (event.type === "redirect") return [event.from, event.gateway];
  return event.from === undefined ? [] : [event.from];
}
