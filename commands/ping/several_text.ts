/** The text of a ping to many targets: fping's lines. Pure: events in, text out. */

import { NO_BROADCAST } from "../../lib/ping/open.ts";
import type {
  Family,
  PingManyEvent,
  PingManySummary,
  PingReply,
  TargetResult,
} from "../../lib/ping/types.ts";
import { quoteHost } from "../../lib/wire/address.ts";
import { oneLine } from "../cli/errors.ts";
import type { Style } from "../cli/style.ts";
import {
  formatPercent,
  formatTime,
  formatTimestamp,
  oddities,
  percentileLine,
  spreadLine,
} from "../cli/format.ts";
import { errorText, type Rendered } from "./one_text.ts";
import { BROADCAST_REMEDY } from "./probe_options.ts";

/** How a ping to many targets is to be told. */
export interface SeveralTextOptions {
  /** Tell of these targets only. */
  readonly only: "alive" | "unreachable" | undefined;
  /** Print counts and times of each target in place of its state. */
  readonly counts: boolean;
  /** Print nothing but the summary. */
  readonly quiet: boolean;
  /** Print each probe, too, and why a target is unreachable. */
  readonly verbose: boolean;
  readonly timestamps: boolean;
  /** `-b` would allow a broadcast address. */
  readonly suggestsBroadcast: boolean;
  /** Names are padded to this width where numbers follow them. */
  readonly width: number;
  readonly style: Style;
}

/** The state that `--alive` or `--unreachable` asks for. */
export function onlyState(
  options: { readonly alive: boolean; readonly unreachable: boolean },
): SeveralTextOptions["only"] {
  if (options.alive) return "alive";
  return options.unreachable ? "unreachable" : undefined;
}

/** How many targets that cannot be sent to are named: a network without a route may have a million. */
const NAMED_REFUSALS = 10;

/** Renders the events of one run; the order does not matter, but that the summary is last. */
export class SeveralText {
  readonly #options: SeveralTextOptions;
  #refusals = 0;

  constructor(options: SeveralTextOptions) {
    this.#options = options;
  }

  /** The text of one event; often none. */
  render(event: PingManyEvent): Rendered {
    if (event.type === "summary") {
      return { output: summaryText(event), report: this.#otherRefusals() };
    }
    if (event.type === "target") return this.#target(event);
    const { quiet, verbose } = this.#options;
    if (quiet || !verbose) return {};
    const line = this.#name(event.host) + this.#probe(event);
    return { output: `${this.#time(event)}${line}\n` };
  }

  #time({ time }: { readonly time: number }): string {
    return this.#options.timestamps ? formatTimestamp(time) : "";
  }

  #name(host: string): string {
    return `${host.padEnd(this.#options.width)} : `;
  }

  #target(event: TargetResult): Rendered {
    if (event.address === undefined) {
      return { report: `netdiag ping: ${oneLine(event.error ?? "")}` };
    }
    if (this.#options.quiet) return {};
    return { output: this.#result(event), report: this.#refusal(event) };
  }

  #result(event: TargetResult): string | undefined {
    const { only, counts } = this.#options;
    if (only !== undefined && event.alive !== (only === "alive")) {
      return undefined;
    }
    if (counts) return this.#name(event.host) + countsOf(event);
    if (event.unfinished && !event.alive) return undefined;
    return only === undefined ? this.#state(event) : `${event.host}\n`;
  }

  /** Why this machine refused to send; that is no news of a target that answered later, unless probes are counted. */
  #refusal(
    { host, address = "", alive, error, code }: TargetResult,
  ): string | undefined {
    const { counts, suggestsBroadcast } = this.#options;
    if (code === undefined || alive && !counts) return undefined;
    if (++this.#refusals > NAMED_REFUSALS) return undefined;
    const mayBeBroadcast = code === "EACCES" && familyOf(address) === 4;
    const reason = suggestsBroadcast && mayBeBroadcast
      ? NO_BROADCAST + BROADCAST_REMEDY
      : error;
    return `netdiag ping: Cannot send to ${quoteHost(host)}: ${reason}`;
  }

  #otherRefusals(): string | undefined {
    const others = this.#refusals - NAMED_REFUSALS;
    if (others <= 0) return undefined;
    return `netdiag ping: Cannot send to ${others} more target${
      others === 1 ? "" : "s"
    }`;
  }

  #state({ host, alive, avgMs, error }: TargetResult): string {
    const { verbose, style } = this.#options;
    const state = alive
      ? `${host} is ${style.good("alive")}`
      : `${host} is ${style.bad("unreachable")}`;
    const reason = alive && avgMs !== undefined
      ? `${formatTime(avgMs)} ms`
      : error;
    return verbose && reason !== undefined
      ? `${state} (${reason})\n`
      : `${state}\n`;
  }

  #probe(
    event: Exclude<PingManyEvent, TargetResult | PingManySummary>,
  ): string {
    // fping counts from 0.
    const index = `[${event.sequence - 1}], `;
    switch (event.type) {
      case "reply":
      case "late":
      case "duplicate":
        return index + describeReply(event);
      case "bad-checksum":
        return `${index}${event.bytes} bytes (BAD CHECKSUM!)`;
      case "lost":
        return `${index}timed out`;
      case "redirect":
        return `${index}${event.message} from ${event.from}`;
      case "error": {
        const text = errorText(event, familyOf(event.address));
        return event.from === undefined
          ? index + text
          : `${index}${text} from ${event.from}`;
      }
    }
  }
}

function familyOf(address: string): Family {
  return address.includes(":") ? 6 : 4;
}

function describeReply(event: PingReply): string {
  const what = event.refused ? "refused" : `${event.bytes} bytes`;
  const remark = event.type === "duplicate"
    ? " (DUP!)"
    : event.type === "late"
    ? " (late)"
    : "";
  return `${what}, ${formatTime(event.rttMs)} ms${remark}`;
}

function countsOf(event: TargetResult): string {
  const { minMs, avgMs, maxMs } = event;
  const loss = event.lossPercent === undefined
    ? "-"
    : `${Math.floor(event.lossPercent)}%`;
  const line = `xmt/rcv/%loss = ${event.transmitted}/` +
    `${event.answered + event.late}/${loss}`;
  if (minMs === undefined || avgMs === undefined || maxMs === undefined) {
    return `${line}\n`;
  }
  const times = [minMs, avgMs, maxMs].map(formatTime);
  return `${line}, min/avg/max = ${times.join("/")}\n`;
}

function summaryText(event: PingManySummary): string {
  const parts = [
    `${event.targets} targets`,
    `${event.alive} alive`,
    `${event.unreachable} unreachable`,
  ];
  if (event.unfinished > 0) parts.push(`${event.unfinished} unfinished`);
  if (event.unresolved > 0) parts.push(`${event.unresolved} unresolved`);
  parts.push(
    `time ${Math.round(event.durationMs)}ms`,
    `${Math.round(event.targetsPerSecond)} targets/s`,
  );
  const packets = [
    `${event.transmitted} packets transmitted`,
    `${event.answered + event.late} received`,
  ];
  if (event.lossPercent !== undefined) {
    packets.push(`${formatPercent(event.lossPercent)}% packet loss`);
  }
  const lines = ["", parts.join(", "), packets.join(", ")];
  if (event.rtt !== undefined) {
    lines.push(spreadLine(event.rtt), percentileLine(event.rtt));
  }
  const odd = oddities(event);
  if (odd !== undefined) lines.push(odd);
  return `${lines.join("\n")}\n`;
}

/** The interim line that SIGQUIT asks for. */
export function interimTargetsLine(
  done: number,
  total: number,
  alive: number,
): string {
  return `\r${done}/${total} targets, ${alive} alive`;
}
