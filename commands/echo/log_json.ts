/** An echo server's log for programs: one JSON object a line. */

import { jsonLine } from "../cli/json.ts";
import type { LogEvent } from "./log_events.ts";

/** The line of an event, with its end. Bytes become `hex`. */
export function logJson(event: LogEvent): string {
  if (event.type !== "data") return jsonLine(event);
  const { data, ...rest } = event;
  const plain = { ...rest, hex: data.toHex() };
  return jsonLine(plain);
}
