/** Runs a probe and tells what came of it. */

import { format as formatBytes } from "@std/fmt/bytes";
import { echoProbe } from "../../lib/echo/probe.ts";
import type {
  EchoProbeEvent,
  EchoProbeSummary,
} from "../../lib/echo/probe_types.ts";
import { type Endpoint, formatEndpoint } from "../../lib/socket/endpoint.ts";
import { standardOutputGauge } from "../../lib/socket/standard_output.ts";
import { jsonLine } from "../cli/json.ts";
import type { Output } from "../cli/output.ts";
import { LiveLine } from "../cli/progress.ts";
import type { Context } from "../command.ts";
import { type Encoding, openEncoding } from "./encodings.ts";
import { outgoing } from "./send_message.ts";
import { probeOptions, type SendValues } from "./send_options.ts";
import { SendText } from "./send_text.ts";

const REDRAW_MS = 100;

/** Returns 0 when everything came back as it was sent, else 1. */
export async function sendMessages(
  endpoint: Endpoint,
  message: string | undefined,
  values: SendValues,
  context: Context,
): Promise<number> {
  const { output, report, signal, style } = context;
  const encoding = await openEncoding(values.encoding ?? "utf-8");
  const what = await outgoing(
    message,
    encoding,
    endpoint,
    values,
    Deno.stdin,
    signal,
  );
  if (what === undefined) return 1;
  const events = echoProbe(endpoint, {
    ...await probeOptions(values),
    message: what.message,
    input: what.input,
    keepReplies: what.message !== undefined && !values.quiet,
    signal,
  });
  const text = new SendText({
    endpoint: formatEndpoint(endpoint),
    quiet: values.quiet,
    isTransfer: what.input !== undefined,
    isBinary: values.encoding === "hex" || values.encoding === "base64",
    decode: encoding.decode,
    style,
  });
  using _progress = what.bytesRead === undefined
    ? undefined
    : showProgress(what.bytesRead, values, output);
  output.hasRoom = await standardOutputGauge();
  let isClosed = false;
  let isEverythingGood = false;
  for await (const event of events) {
    if (values.json) {
      const isWanted = !values.quiet || event.type === "start" ||
        event.type === "summary";
      if (isWanted) await output.print(jsonLine(plain(event, encoding)));
    } else {
      const rendered = text.render(event);
      if (rendered.output !== undefined) await output.print(rendered.output);
      if (rendered.report !== undefined) report(rendered.report);
    }
    if (event.type === "closed") isClosed = true;
    if (event.type === "summary") isEverythingGood = isGood(event);
  }
  return isEverythingGood && !isClosed ? 0 : 1;
}

/** Shows how much of standard input has gone out, until it is disposed of; on a terminal only. */
function showProgress(
  bytesRead: () => number,
  { quiet, json }: SendValues,
  output: Output,
): Disposable | undefined {
  if (quiet || json || !Deno.stderr.isTerminal()) return undefined;
  const line = new LiveLine(Deno.stderr);
  output.beforeWrite = () => line.clear();
  const redrawing = setInterval(
    () => line.show(`${formatBytes(bytesRead())} sent`),
    REDRAW_MS,
  );
  return {
    [Symbol.dispose]() {
      clearInterval(redrawing);
      line.clear();
    },
  };
}

/** Bytes become text in the encoding, and `hex`. */
function plain(event: EchoProbeEvent, encoding: Encoding) {
  if (!("data" in event)) return event;
  const { data, ...rest } = event;
  return { ...rest, text: encoding.decode(data), hex: data.toHex() };
}

function isGood(summary: EchoProbeSummary): boolean {
  return summary.answered > 0 && summary.late === 0 && summary.lost === 0 &&
    summary.errors === 0 && summary.mismatched === 0 &&
    summary.unexpectedBytes === 0;
}
