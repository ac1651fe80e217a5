/** An echo server's log for people: a line an event. */

import type {
  EchoClosed,
  EchoRead,
  EchoServerSummary,
  Framing,
} from "../../lib/echo/server_types.ts";
import { oneLine } from "../cli/errors.ts";
import type { Style } from "../cli/style.ts";
import { hexdump } from "./hexdump.ts";
import type { LogEvent } from "./log_events.ts";

/** Renders events; what peers chose, such as their names, is shown on one line and without control characters. */
export class LogText {
  readonly #style: Style;
  readonly #framing: Framing;
  #lastMs = NaN;
  #lastStamp = "";

  constructor(style: Style, framing: Framing) {
    this.#style = style;
    this.#framing = framing;
  }

  /** Whole lines, each with its end. */
  render(event: LogEvent): string {
    switch (event.type) {
      case "summary":
        return summaryText(event);
      case "data":
        return this.#line(event.time, this.#describe(event)) +
          hexdump(event.data);
      default:
        return this.#line(event.time, this.#describe(event));
    }
  }

  #line(time: number, text: string): string {
    return `${this.#stamp(time)} ${text}\n`;
  }

  /** `2026-11-21T07:00:00.123Z`. */
  #stamp(time: number): string {
    const ms = Math.round(time * 1000);
    if (ms !== this.#lastMs) {
      this.#lastMs = ms;
      this.#lastStamp = new Date(ms).toISOString();
    }
    return this.#lastStamp;
  }

  #describe(event: Exclude<LogEvent, EchoServerSummary>): string {
    switch (event.type) {
      case "listening":
        return `listening on ${oneLine(event.endpoint)} (${event.engine}` +
          (event.workers === undefined ? ")" : `, ${event.workers} workers)`);
      case "certificate":
        return `certificate SHA-256 ${event.sha256}`;
      case "lost":
        return this.#style.warn(
          `lost ${
            count(event.lines, "line")
          } of this log: its reader is too slow`,
        );
      case "opened":
        return `#${event.connection} opened: ${oneLine(event.peer)} to ` +
          oneLine(event.endpoint);
      case "read":
        return `#${event.connection} read ${this.#describeRead(event)}`;
      case "data":
        return (event.connection === undefined
          ? `${oneLine(event.peer)} to ${oneLine(event.endpoint)}`
          : `#${event.connection}`) + ` ${count(event.data.length, "byte")}`;
      case "closed":
        return this.#describeClosed(event);
      case "refused":
        return this.#style.warn(
          `refused ${
            event.peer === undefined ? "" : `${oneLine(event.peer)} `
          }on ${oneLine(event.endpoint)}: ${oneLine(event.message)}`,
        );
      case "ignored":
        return this.#style.warn(
          `ignored (${event.reason}) ${count(event.count, "datagram")} to ` +
            `${oneLine(event.endpoint)}, the last one ` +
            `${count(event.bytes, "byte")} from ${oneLine(event.peer)}`,
        );
      case "error":
        return this.#style.bad(
          `error on ${oneLine(event.endpoint)}` +
            (event.peer === undefined ? "" : `, ${oneLine(event.peer)}`) +
            `: ${oneLine(event.message)}` +
            (event.count > 1 ? ` (${event.count} times)` : ""),
        );
    }
  }

  #describeRead({ bytes, frames, incompleteBytes }: EchoRead): string {
    const text = count(bytes, "byte");
    if (frames === undefined) return text;
    return `${text}: completes ${this.#countFrames(frames)}` +
      (incompleteBytes
        ? `, ${count(incompleteBytes, "byte")} of the next so far`
        : "");
  }

  #describeClosed(event: EchoClosed): string {
    const { message, frames, reads, reason } = event;
    const text = `#${event.connection} closed (${reason}): ` +
      (message === undefined || reason === "reset"
        ? ""
        : `${oneLine(message)}, `) +
      `${count(event.bytesReceived, "byte")} in, ${event.bytesSent} out, ` +
      (frames === undefined
        ? ""
        : `${this.#countFrames(frames)} in ${count(reads, "read")}, `) +
      duration(event.durationMs);
    return reason === "error" || reason === "frame"
      ? this.#style.warn(text)
      : text;
  }

  #countFrames(frames: number): string {
    return count(frames, this.#framing === "line" ? "line" : "frame");
  }
}

/** What the server did, at its end. */
function summaryText({
  connections: { accepted, refused, closed, open, peak },
  datagrams,
  bytesReceived,
  bytesSent,
  durationMs,
}: EchoServerSummary): string {
  const ends = Object.entries(closed).map(([reason, n]) => `${n} ${reason}`);
  if (open > 0) ends.push(`${open} open`);
  return [
    "",
    "--- echo statistics ---",
    `${count(accepted, "connection")}, at most ${peak} at one time, ` +
    `${refused} refused` + (ends.length === 0 ? "" : `; ${ends.join(", ")}`),
    `${count(datagrams.received, "datagram")} received, ` +
    `${datagrams.sent} sent, ${datagrams.ignored} ignored, ` +
    `${datagrams.failed} failed`,
    `${count(bytesReceived, "byte")} received, ${bytesSent} sent, ` +
    `time ${duration(durationMs)}`,
    "",
  ].join("\n");
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}

/** `0.123 ms`, `12.3 ms`, `1.234 s`. */
function duration(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(3)} s`;
  return `${ms.toFixed(ms < 10 ? 3 : 1)} ms`;
}
