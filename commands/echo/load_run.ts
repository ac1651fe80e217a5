/** Runs a load and tells what came of it. */

import { echoLoad } from "../../lib/echo/load.ts";
import type {
  EchoLoadEvent,
  EchoLoadOptions,
  EchoLoadSummary,
} from "../../lib/echo/load_types.ts";
import { type Endpoint, formatEndpoint } from "../../lib/socket/endpoint.ts";
import { jsonLine } from "../cli/json.ts";
import { LiveLine } from "../cli/progress.ts";
import type { Context } from "../command.ts";
import type { LoadValues } from "./load.ts";
import {
  csv,
  errorList,
  progressLine,
  startLine,
  summaryText,
} from "./load_text.ts";

/** Returns 0 when everything came back as it was sent, else 1. */
export async function runLoad(
  endpoint: Endpoint,
  options: EchoLoadOptions,
  values: LoadValues,
  context: Context,
): Promise<number> {
  const { output, report, signal } = context;
  const line = Deno.stderr.isTerminal() && !values.quiet && !values.json
    ? new LiveLine(Deno.stderr)
    : undefined;
  output.beforeWrite = () => line?.clear();
  for await (const event of echoLoad(endpoint, { ...options, signal })) {
    if (event.type === "progress") line?.show(progressLine(event));
    if (event.type === "summary") {
      line?.clear();
      const trouble = troubleOf(event);
      if (trouble !== undefined) report(`netdiag echo load: ${trouble}`);
    }
    output.write(values.json ? jsonFor(event, values) : textFor(event, values));
    if (event.type !== "summary") continue;
    if (values.csv !== undefined && event.latency !== undefined) {
      await Deno.writeTextFile(values.csv, csv(event.latency));
    }
    return isGood(event) ? 0 : 1;
  }
  throw new Error(`No summary of ${formatEndpoint(endpoint)}`);
}

function jsonFor(event: EchoLoadEvent, { quiet }: LoadValues): string {
  return quiet && event.type !== "summary" ? "" : jsonLine(event);
}

function textFor(event: EchoLoadEvent, values: LoadValues): string {
  switch (event.type) {
    case "start":
      return values.quiet || event.connections === 0
        ? ""
        : startLine(event, values);
    case "progress":
      return "";
    case "summary":
      return event.connections.opened === 0 && !values.reconnect
        ? ""
        : summaryText(event);
  }
}

/** Why the run ended before its time, if it did. */
function troubleOf(event: EchoLoadSummary): string | undefined {
  if (event.ended !== "no-connections") return undefined;
  if (event.connections.opened === 0) {
    return `Cannot connect to ${event.endpoint}: ${errorList(event)}`;
  }
  const seconds = (event.durationMs / 1000).toFixed(1);
  return `Every connection to ${event.endpoint} broke after ${seconds} s ` +
    `(${errorList(event)}): the summary is of the time until then`;
}

function isGood({ sent, answered, unsent, errors }: EchoLoadSummary): boolean {
  return sent > 0 && answered === sent && unsent === 0 &&
    Object.keys(errors).length === 0;
}
