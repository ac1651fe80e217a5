/** The text of `netdiag echo send`, in the manner of ping. Pure: events in, text out. */

import type {
  EchoMismatch,
  EchoProbeClosed,
  EchoProbeError,
  EchoProbeEvent,
  EchoProbeReply,
  EchoProbeStart,
  EchoProbeSummary,
  EchoProbeUnexpected,
} from "../../lib/echo/probe_types.ts";
import { oneLine } from "../cli/errors.ts";
import {
  formatPercent,
  formatTime,
  oddities,
  percentileLine,
  spreadLine,
} from "../cli/format.ts";
import { quoted } from "../cli/json.ts";
import type { Style } from "../cli/style.ts";
import { withTrustHint } from "./trust.ts";

/** How a run is to be told. */
export interface SendTextOptions {
  /** Where messages go. */
  readonly endpoint: string;
  readonly quiet: boolean;
  /** One long message is sent, as it comes. */
  readonly isTransfer: boolean;
  /** The encoding's texts stand for bytes, not for words. */
  readonly isBinary: boolean;
  /** What the bytes of an answer mean. */
  decode(bytes: Uint8Array): string;
  readonly style: Style;
}

/** Text for the two standard streams. */
export interface Rendered {
  readonly output?: string;
  readonly report?: string;
}

/** More characters of an answer are not shown. */
const MAX_SHOWN = 200;
const NOTHING: Rendered = {};

/** Renders the events of one run in their order. */
export class SendText {
  readonly #options: SendTextOptions;
  readonly #endpoint: string;
  #isStarted = false;

  constructor(options: SendTextOptions) {
    this.#options = options;
    this.#endpoint = oneLine(options.endpoint);
  }

  /** The text of one event; often none. */
  render(event: EchoProbeEvent): Rendered {
    switch (event.type) {
      case "start":
        this.#isStarted = true;
        return { output: this.#start(event) };
      case "summary":
        return this.#isStarted ? { output: this.#summary(event) } : NOTHING;
      case "closed":
        return { report: `netdiag echo send: ${this.#closed(event)}` };
      case "error":
        if (event.sequence === undefined) {
          return { report: `netdiag echo send: ${this.#failure(event)}` };
        }
    }
    if (this.#options.quiet) return NOTHING;
    switch (event.type) {
      case "reply":
      case "late":
      case "duplicate":
        return {
          output: this.#options.isTransfer
            ? this.#transferred(event)
            : this.#reply(event),
        };
      case "lost":
        return { output: this.#line("warn", `no answer to ${seq(event)}`) };
      case "error":
        return {
          output: this.#line("bad", `${seq(event)} ${described(event)}`),
        };
      case "unexpected":
        return { output: this.#line("bad", this.#unexpected(event)) };
    }
  }

  #line(kind: "warn" | "bad", text: string): string {
    return `${this.#options.style[kind](text)}\n`;
  }

  #start({ size, address, connectMs }: EchoProbeStart): string {
    const where = this.#endpoint.endsWith(address)
      ? this.#endpoint
      : `${this.#endpoint} (${oneLine(address)})`;
    const what = size === undefined ? "standard input" : `${size} bytes`;
    const connected = connectMs === undefined
      ? ""
      : `, connected in ${formatTime(connectMs)} ms`;
    return `ECHO ${where}: ${what}${connected}\n`;
  }

  #reply(event: EchoProbeReply): string {
    const { style } = this.#options;
    let line = `${event.bytes} bytes from ${oneLine(event.from)}: ` +
      `${seq(event)} time=${formatTime(event.rttMs)} ms`;
    if (event.type === "duplicate") line += style.warn(" (DUP!)");
    if (event.type === "late") line += style.warn(" (late)");
    if (event.reordered) line += style.warn(" (reordered)");
    if (event.data !== undefined) line += ` ${this.#shown(event.data)}`;
    if (event.mismatch !== undefined) {
      line += `\n${style.bad(describeMismatch(event.mismatch))}`;
    }
    return `${line}\n`;
  }

  #transferred({ bytes, from, rttMs, mismatch }: EchoProbeReply): string {
    const rate = formatRate(bytes / 1e3 / rttMs);
    const line = `${bytes} bytes from ${oneLine(from)}: ` +
      `time=${formatTime(rttMs)} ms, ${rate} MB/s`;
    return mismatch === undefined
      ? `${line}, every byte as it was sent\n`
      : `${line}\n${this.#line("bad", describeMismatch(mismatch))}`;
  }

  #shown(bytes: Uint8Array): string {
    const text = this.#options.decode(bytes);
    const isLong = text.length > MAX_SHOWN;
    const head = isLong ? text.slice(0, MAX_SHOWN) : text;
    const shown = this.#options.isBinary ? head : quoted(head);
    return isLong ? `${shown}...` : shown;
  }

  #unexpected({ bytes, from, data }: EchoProbeUnexpected): string {
    const text = new TextDecoder().decode(data);
    return `${bytes} bytes from ${oneLine(from)} that answer nothing: ${
      quoted(text)
    }${bytes > data.length ? "..." : ""}`;
  }

  #closed(event: EchoProbeClosed): string {
    const { from, sequence, replyBytes, expectedBytes, mismatch } = event;
    const who = `${oneLine(from)} closed the connection`;
    const how = event.message === undefined
      ? who
      : `${who}, ${described({ ...event, message: event.message })}`;
    if (sequence === undefined && !this.#options.isTransfer) {
      return `${how}: everything until then was answered`;
    }
    const what = this.#options.isTransfer
      ? "what was sent"
      : `the answer to ${seq({ sequence: sequence ?? 1 })}`;
    const come = `${replyBytes} of ${expectedBytes} bytes of ${what} had come`;
    return mismatch === undefined
      ? `${how}: ${come}`
      : `${how}: ${come}, ${describeMismatch(mismatch)}`;
  }

  #failure(event: EchoProbeError): string {
    return this.#isStarted
      ? described(event)
      : `Cannot connect to ${this.#endpoint}: ${
        withTrustHint(described(event))
      }`;
  }

  #summary(event: EchoProbeSummary): string {
    const lines = ["", `--- ${this.#endpoint} echo statistics ---`];
    if (this.#options.isTransfer) {
      lines.push(
        `${event.bytesSent} bytes transmitted, ${event.bytesReceived} ` +
          `received, time ${Math.trunc(event.durationMs)}ms`,
      );
      return `${lines.join("\n")}\n`;
    }
    lines.push(this.#counts(event));
    if (event.rtt !== undefined) {
      lines.push(spreadLine(event.rtt), percentileLine(event.rtt));
    }
    const odd = oddities(event);
    if (odd !== undefined) lines.push(odd);
    return `${lines.join("\n")}\n`;
  }

  #counts(event: EchoProbeSummary): string {
    const { style } = this.#options;
    const parts = [
      `${event.transmitted} messages transmitted`,
      `${event.answered + event.late} received`,
    ];
    if (event.duplicates > 0) parts.push(`+${event.duplicates} duplicates`);
    if (event.mismatched > 0) {
      parts.push(style.bad(`+${event.mismatched} different`));
    }
    if (event.errors > 0) parts.push(`+${event.errors} errors`);
    if (event.unexpectedBytes > 0) {
      parts.push(style.bad(`+${event.unexpectedBytes} unexpected bytes`));
    }
    if (event.lossPercent !== undefined) {
      const loss = `${formatPercent(event.lossPercent)}% loss`;
      parts.push(event.lossPercent > 0 ? style.bad(loss) : loss);
    }
    parts.push(`time ${Math.trunc(event.sendingMs)}ms`);
    return parts.join(", ");
  }
}

/** Three significant digits, or all of a larger number. */
function formatRate(rate: number): string {
  return rate >= 100 ? rate.toFixed(0) : rate.toPrecision(3);
}

function seq({ sequence }: { readonly sequence?: number }): string {
  return `seq=${sequence}`;
}

function described(
  { message, code }: { readonly message: string; readonly code?: string },
): string {
  return oneLine(code === undefined ? message : `${message} (${code})`);
}

function describeMismatch(
  { offset, expected, actual, differing }: EchoMismatch,
): string {
  const bytes = differing === 1 ? "1 byte" : `${differing} bytes`;
  if (expected < 0) return `wrong data: ${bytes} added from byte #${offset} on`;
  if (actual < 0) return `wrong data: ${bytes} missing from byte #${offset} on`;
  return `wrong data byte #${offset} should be ${describeByte(expected)} ` +
    `but was ${describeByte(actual)}, ${bytes} differ${
      differing === 1 ? "s" : ""
    }`;
}

/** `0x68 "h"`. */
function describeByte(byte: number): string {
  const hex = `0x${byte.toString(16).padStart(2, "0")}`;
  const isPrintable = byte > 0x20 && byte < 0x7f;
  return isPrintable ? `${hex} (${String.fromCharCode(byte)})` : hex;
}
