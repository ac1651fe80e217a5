/** The text of a ping to one target: iputils' lines, and a few of our own. Pure: events in, text out. */

import {
  isMulticast,
  parseAddress,
  withoutZone,
} from "../../lib/wire/address.ts";
import type {
  Family,
  PingBadChecksum,
  PingError,
  PingEvent,
  PingPending,
  PingRedirect,
  PingReply,
  PingStart,
  PingSummary,
} from "../../lib/ping/types.ts";
import type { Style } from "../cli/style.ts";
import {
  formatMs,
  formatPercent,
  formatTime,
  formatTimestamp,
  oddities,
  percentileLine,
  spreadLine,
} from "../cli/format.ts";

/** How a ping to one target is to be told. */
export interface OneTextOptions {
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly timestamps: boolean;
  readonly audible: boolean;
  readonly outstanding: boolean;
  /** Dots in place of lines. */
  readonly flood: boolean;
  /** Print the time between probes and the moving average. */
  readonly pacing: boolean;
  /** The name of an address, if it has one that is to be shown. */
  nameOf(address: string): string | undefined;
  readonly style: Style;
}

/** Text for the two standard streams. */
export interface Rendered {
  readonly output?: string | undefined;
  readonly report?: string | undefined;
}

const IPV4_HEADER_BYTES = 20;
const ICMP_HEADER_BYTES = 8;
const ERASE = "\b \b";
const NOTHING: Rendered = {};

/** Renders the events of one run in their order. */
export class OneText {
  readonly #options: OneTextOptions;
  #family: Family = 4;
  #canonicalName: string | undefined;
  #unit = "icmp";
  #port: number | undefined;
  #identifier: number | undefined;
  /** Flood: probes up to this one have their dot. */
  #dots = 0;

  constructor(options: OneTextOptions) {
    this.#options = options;
  }

  /** The text of one event; often none. */
  render(event: PingEvent): Rendered {
    switch (event.type) {
      case "start":
        return { output: this.#start(event) };
      case "summary":
        return { output: this.#summary(event) };
    }
    if (this.#options.quiet) return NOTHING;
    if (this.#options.flood) return { output: this.#dot(event) };
    switch (event.type) {
      case "reply":
      case "late":
      case "duplicate":
        return { output: this.#reply(event) };
      case "bad-checksum":
        return { output: this.#badChecksum(event) };
      case "pending":
        return this.#options.outstanding
          ? { output: this.#pending(event) }
          : NOTHING;
      case "error":
        return event.from === undefined
          ? { report: this.#localError(event) }
          : { output: this.#error(event, event.from) };
      case "redirect":
        return { output: this.#redirect(event) };
      case "lost":
        return NOTHING;
    }
  }

  #start(event: PingStart): string {
    this.#family = event.family;
    this.#unit = event.probe;
    this.#port = event.port;
    this.#identifier = event.identifier;
    const { canonicalName: host = event.host, address, size, source } = event;
    this.#canonicalName = event.canonicalName;
    const from = source === undefined
      ? ""
      : `from ${source.address} ${source.interface ?? ""}: `;
    switch (event.probe) {
      case "tcp":
        return `PING ${host} (${address}) ${from}TCP handshakes with port ${event.port}.\n`;
      case "udp":
        return `PING ${host} (${address}) ${from}${size} bytes of data to UDP port ${event.port}.\n`;
      case "icmp": {
        if (event.family === 6) {
          return `PING ${host}(${
            this.#who(address)
          }) ${from}${size} data bytes\n`;
        }
        const whole = size + ICMP_HEADER_BYTES + IPV4_HEADER_BYTES;
        return `PING ${host} (${address}) ${from}${size}(${whole}) bytes of data.\n`;
      }
    }
  }

  /** `name (address)`, or the address alone. */
  #who(address: string): string {
    const name = this.#options.nameOf(address);
    return name === undefined ? address : `${name} (${address})`;
  }

  #time(event: { readonly time: number }): string {
    return this.#options.timestamps ? formatTimestamp(event.time) : "";
  }

  #sequence(event: { readonly sequence: number }): string {
    return `${this.#unit}_seq=${event.sequence}`;
  }

  #reply(event: PingReply): string {
    const { style, verbose, audible } = this.#options;
    let line = this.#time(event);
    const peer = this.#port === undefined
      ? this.#who(event.from)
      : `${this.#who(event.from)} port ${this.#port}`;
    if (event.refused) line += `refused by ${peer}:`;
    else if (this.#unit === "tcp") line += `connected to ${peer}:`;
    else line += `${event.bytes} bytes from ${peer}:`;
    line += ` ${this.#sequence(event)}`;
    if (verbose && this.#identifier !== undefined) {
      line += ` ident=${this.#identifier}`;
    }
    if (event.ttl !== undefined) line += ` ttl=${event.ttl}`;
    if (event.truncated) return `${line} (truncated)\n`;
    line += ` time=${formatTime(event.rttMs)} ms`;
    // Of a group, many answers are what was asked for.
    if (event.type === "duplicate" && (verbose || !isGroup(event.address))) {
      line += style.warn(" (DUP!)");
    }
    if (event.type === "late") line += style.warn(" (late)");
    if (event.corrupt !== undefined) {
      line += style.bad(describeCorruption(event.corrupt));
    }
    return `${line}${audible ? "\x07" : ""}\n`;
  }

  #badChecksum(event: PingBadChecksum): string {
    const what = `${event.bytes} bytes from ${this.#who(event.from)}:` +
      ` ${this.#sequence(event)}`;
    return this.#time(event) + what +
      this.#options.style.bad(" (BAD CHECKSUM!)") + "\n";
  }

  #pending(event: PingPending): string {
    const text = `no answer yet for ${this.#sequence(event)}`;
    return `${this.#time(event)}${this.#options.style.warn(text)}\n`;
  }

  #error(event: PingError, from: string): string {
    const text = `From ${this.#who(from)} ${this.#sequence(event)} ` +
      errorText(event, this.#family);
    return `${this.#time(event)}${this.#options.style.bad(text)}\n`;
  }

  #localError(event: PingError): string {
    return `ping: local error: ${errorText(event, this.#family)}`;
  }

  #redirect(event: PingRedirect): string {
    return `${this.#time(event)}From ${this.#who(event.from)}: ` +
      `${this.#sequence(event)} ${event.message}` +
      `(New nexthop: ${this.#who(event.gateway)})\n`;
  }

  /** A dot for each probe that went out, taken back by its answer; `E` for an error, `C` for a bad checksum. */
  #dot(event: Exclude<PingEvent, PingStart | PingSummary>): string {
    if (event.type === "bad-checksum") return "\bC";
    const isUnsent = event.type === "error" && event.from === undefined;
    const sent = isUnsent ? event.sequence - 1 : event.sequence;
    const dots = ".".repeat(Math.max(sent - this.#dots, 0));
    this.#dots = Math.max(this.#dots, event.sequence);
    switch (event.type) {
      case "reply":
      case "late":
        return dots + ERASE;
      case "error":
        return isUnsent ? `${dots}E` : `${dots}\bE`;
      default:
        return dots;
    }
  }

  #summary(event: PingSummary): string {
    const { style } = this.#options;
    const received = event.answered + event.late;
    const parts = [
      `${event.transmitted} packets transmitted`,
      `${received} received`,
    ];
    if (event.duplicates > 0) parts.push(`+${event.duplicates} duplicates`);
    if (event.corrupt > 0) parts.push(`+${event.corrupt} corrupted`);
    if (event.errors > 0) parts.push(`+${event.errors} errors`);
    if (event.transmitted > 0) {
      if (event.lossPercent !== undefined) {
        const loss = `${formatPercent(event.lossPercent)}% packet loss`;
        parts.push(event.lossPercent > 0 ? style.bad(loss) : loss);
      }
      parts.push(`time ${Math.trunc(event.sendingMs)}ms`);
    }
    const lines = [
      "",
      `--- ${this.#canonicalName ?? event.host} ping statistics ---`,
      parts.join(", "),
      this.#roundTrips(event),
    ];
    if (event.rtt !== undefined) lines.push(percentileLine(event.rtt));
    const odd = oddities(event);
    if (odd !== undefined) lines.push(odd);
    return `${lines.join("\n")}\n`;
  }

  /** iputils' last line, which is empty when nothing came back. */
  #roundTrips({ rtt, pipe, ipgMs }: PingSummary): string {
    const parts = [];
    if (rtt !== undefined) parts.push(spreadLine(rtt));
    if (pipe > 1) parts.push(`pipe ${pipe}`);
    if (this.#options.pacing && rtt !== undefined && ipgMs !== undefined) {
      parts.push(`ipg/ewma ${formatMs(ipgMs)}/${formatMs(rtt.ewmaMs)} ms`);
    }
    return parts.join(", ");
  }
}

/** What an error says, with the MTU or the place where it tells one, in the words of iputils. */
export function errorText(
  { from, code, message, mtu, pointer }: PingError,
  family: Family,
): string {
  if (from === undefined && code === "EMSGSIZE") {
    const text = "message too long";
    if (mtu === undefined) return text;
    return family === 4 ? `${text}, mtu=${mtu}` : `${text}, mtu: ${mtu}`;
  }
  if (pointer !== undefined) {
    return family === 4
      ? `${message}: pointer = ${pointer}`
      : `${message} at ${pointer}`;
  }
  if (mtu === undefined) return message;
  return family === 4 ? `${message} (mtu = ${mtu})` : `${message}: mtu=${mtu}`;
}

function isGroup(address: string): boolean {
  const bytes = parseAddress(withoutZone(address));
  return bytes !== undefined && isMulticast(bytes);
}

function describeCorruption(
  { offset, expected, actual }: NonNullable<PingReply["corrupt"]>,
): string {
  if (expected < 0) return `\nwrong data: bytes added from byte #${offset} on`;
  return `\nwrong data byte #${offset} should be 0x${expected.toString(16)} ` +
    `but was 0x${actual.toString(16)}`;
}

/** The interim line that SIGQUIT asks for, as iputils prints it. */
export function interimLine(summary: PingSummary): string {
  const { transmitted, answered, late, rtt } = summary;
  const loss = summary.lossPercent === undefined
    ? ""
    : `, ${Math.floor(summary.lossPercent)}% loss`;
  const line = `\r${answered + late}/${transmitted} packets${loss}`;
  if (rtt === undefined) return line;
  const values = [rtt.minMs, rtt.avgMs, rtt.ewmaMs, rtt.maxMs].map(formatMs);
  return `${line}, min/avg/ewma/max = ${values.join("/")} ms`;
}
