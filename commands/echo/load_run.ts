/** Runs a load and tells what came of it. */

import { echoLoad } from "../../lib/echo/load.ts";
import type {
  EchoLoadEvent,
  EchoLoadSummary,
} from "../../lib/echo/load_types.ts";
import type { Endpoint } from "../../lib/socket/endpoint.ts";
import { standardOutputGauge } from "../../lib/socket/standard_output.ts";
import { systemReason, UsageError } from "../cli/errors.ts";
import { jsonLine } from "../cli/json.ts";
import { writeAll } from "../cli/output.ts";
import { LiveLine } from "../cli/progress.ts";
import type { Context } from "../command.ts";
import { csv } from "./load_csv.ts";
import { loadOptions, type LoadValues } from "./load_options.ts";
import { progressLine, startLine, summaryText, trouble } from "./load_text.ts";

/** Returns 0 when everything that was sent, or planned, came back as it was sent, else 1. */
export async function runLoad(
  endpoint: Endpoint,
  values: LoadValues,
  context: Context,
): Promise<number> {
  const { output, report, signal } = context;
  const options = await loadOptions(values);
  // An hour's measurement is not to be lost to a path that cannot be written.
  using file = values.csv === undefined ? undefined : openCsv(values.csv);
  const line = Deno.stderr.isTerminal() && !values.quiet
    ? new LiveLine(Deno.stderr)
    : undefined;
  output.beforeWrite = () => line?.clear();
  output.hasRoom = await standardOutputGauge();
  let isEverythingGood = false;
  for await (const event of echoLoad(endpoint, { ...options, signal })) {
    if (event.type === "progress") line?.show(progressLine(event));
    if (event.type === "summary") {
      line?.clear();
      isEverythingGood = isGood(event);
      const problem = trouble(event);
      if (problem !== undefined) report(`netdiag echo load: ${problem}`);
      if (file !== undefined) writeAll(file, encode(csv(event.latency)));
    }
    const text = values.json ? jsonFor(event, values) : textFor(event, values);
    if (text !== undefined) await output.print(text);
  }
  return isEverythingGood ? 0 : 1;
}

function openCsv(path: string): Deno.FsFile {
  try {
    const options = { write: true, create: true, truncate: true };
    return Deno.openSync(path, options);
  } catch (error) {
    throw new UsageError(
      `Cannot write ${JSON.stringify(path)}: ${systemReason(error)}`,
    );
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function jsonFor(
  event: EchoLoadEvent,
  { quiet }: LoadValues,
): string | undefined {
  return quiet && event.type !== "summary" ? undefined : jsonLine(event);
}

function textFor(
  event: EchoLoadEvent,
  values: LoadValues,
): string | undefined {
  switch (event.type) {
    case "start": {
      const isQuiet = values.quiet || event.connections === 0;
      return isQuiet ? undefined : startLine(event, values);
    }
    case "progress":
      return undefined;
    case "summary":
      return event.connections.opened === 0
        ? undefined
        : summaryText(event, values);
  }
}

function isGood(summary: EchoLoadSummary): boolean {
  const { sent, answered, unsent, errors } = summary;
  return sent > 0 && answered === sent && unsent === 0 &&
    Object.keys(errors).length === 0;
}
