/** `netdiag ping`: its options, and which of its two engines a command line is for. */

import {
  DEFAULT_RATE,
  DEFAULT_RETRIES,
  DEFAULT_SIZE,
  MAX_COUNT,
  MAX_MS,
  MAX_PATTERN_BYTES,
  MAX_PRELOAD,
  MAX_SIZE,
} from "../lib/ping/limits.ts";
import type { ProbeOptions } from "../lib/ping/types.ts";
import type { OptionError } from "../lib/socket/options.ts";
import { denoUdpSource } from "../lib/socket/permission.ts";
import { parseAddress } from "../lib/wire/address.ts";
import { isForAdministrators } from "./ping/limits.ts";
import type {
  Command,
  OptionSpecs,
  OptionValues,
  Permission,
  Permissions,
} from "./command.ts";
import { BROADCAST_REMEDY, probeOptions } from "./ping/probe_options.ts";
import {
  planTargets,
  targetPermissions,
  type Targets,
} from "./ping/targets.ts";

/** The options of ping. */
export const PING_OPTIONS = {
  count: {
    short: "c",
    type: "integer",
    value: "N",
    min: 1,
    max: MAX_COUNT,
    help: "stop after N probes; without it: until Ctrl-C, or with many " +
      "targets until each has answered or run out of retries",
  },
  interval: {
    short: "i",
    type: "duration",
    value: "TIME",
    max: MAX_MS,
    help: "time between two probes to a target (1s); under 2ms is for " +
      "root; 0 is as fast as answers come, or with many targets as " +
      "fast as the machine can",
  },
  timeout: {
    short: "W",
    type: "duration",
    value: "TIME",
    max: MAX_MS,
    help: "how long a probe waits for its answer",
  },
  deadline: {
    short: "w",
    type: "duration",
    value: "TIME",
    max: MAX_MS,
    help: "stop after this time, whatever was sent",
  },
  size: {
    short: "s",
    type: "size",
    value: "BYTES",
    min: 0,
    max: MAX_SIZE,
    help: `payload of a probe (${DEFAULT_SIZE})`,
  },
  ttl: {
    short: "t",
    type: "integer",
    value: "N",
    min: 1,
    max: 255,
    help: "time to live, or hop limit",
  },
  tos: {
    short: "Q",
    type: "integer",
    value: "N",
    min: 0,
    max: 255,
    help: "type of service, or traffic class; 0x10 is hexadecimal",
  },
  pattern: {
    short: "p",
    type: "string",
    value: "HEX",
    help:
      `up to ${MAX_PATTERN_BYTES} bytes that fill the payload, such as ff00`,
  },
  ipv4: { short: "4", type: "flag", help: "use IPv4 only" },
  ipv6: { short: "6", type: "flag", help: "use IPv6 only" },
  source: {
    short: "I",
    type: "string",
    value: "NAME",
    help: "send from this address or interface",
  },
  "path-mtu": {
    short: "M",
    type: "choice",
    choices: ["do", "want", "dont"],
    help: "do: never fragment; want: fragment here; dont: let routers fragment",
  },
  preload: {
    short: "l",
    type: "integer",
    value: "N",
    min: 1,
    max: MAX_PRELOAD,
    help: "probes to send without waiting; more than 3 is for root",
  },
  flood: {
    short: "f",
    type: "flag",
    help: "send as fast as answers come, a dot a probe; -f FILE is --file",
  },
  adaptive: {
    short: "A",
    type: "flag",
    help: "send as soon as an answer comes",
  },
  outstanding: {
    short: "O",
    type: "flag",
    help: "say so when there is no answer before the next probe",
  },
  timestamps: {
    short: "D",
    type: "flag",
    help: "begin each line with the time",
  },
  numeric: { short: "n", type: "flag", help: "do not look up names" },
  quiet: { short: "q", type: "flag", help: "only the summary" },
  verbose: {
    short: "v",
    type: "flag",
    help: "the identifier of each probe; with many targets each probe, too",
  },
  audible: { short: "a", type: "flag", help: "ring the bell at each answer" },
  broadcast: {
    short: "b",
    type: "flag",
    help: "allow broadcast addresses",
  },
  json: { type: "flag", help: "one JSON object a line; the last one sums up" },
  tcp: {
    type: "integer",
    value: "PORT",
    min: 1,
    max: 65_535,
    help: "time TCP handshakes; a refused one is an answer, too",
  },
  udp: {
    type: "integer",
    value: "PORT",
    min: 1,
    max: 65_535,
    help: "send UDP datagrams; an echo or a closed port is an answer",
  },
  range: {
    short: "g",
    type: "flag",
    help: "the targets are a network (10.0.0.0/24) or a range: " +
      "first and last address",
  },
  file: {
    type: "string",
    value: "FILE",
    help: "read targets from a file, - is standard input",
  },
  rate: {
    type: "integer",
    value: "N",
    min: 1,
    max: 1_000_000_000,
    words: { "0": Infinity },
    help: `many targets: probes a second over all of them (${DEFAULT_RATE}); ` +
      "0 is as fast as the machine can",
  },
  retries: {
    type: "integer",
    value: "N",
    min: 0,
    max: 1000,
    help: `many targets: ask a silent one again N times (${DEFAULT_RETRIES})`,
  },
  alive: { type: "flag", help: "list the targets that answer, only" },
  unreachable: { type: "flag", help: "list the targets that do not, only" },
} as const satisfies OptionSpecs;

/** What a command line gave for the options of ping. */
export type PingValues = OptionValues<typeof PING_OPTIONS>;

/** The `ping` command. */
export const ping: Command<typeof PING_OPTIONS> = {
  name: "ping",
  usage: [
    "[OPTION...] HOST",
    "[OPTION...] HOST HOST...",
    "[OPTION...] -g NETWORK | -g FIRST LAST | --file FILE",
  ],
  description: [
    "Sends ICMP echo requests (or TCP or UDP probes) and reports the answers, " +
    "losses and round-trip times. One target is reported probe by probe, many " +
    "targets a line each.",
    "TIME is 200ms, 2s or 1m; a bare number is seconds.",
    "-f floods its target. Directly before the only argument it reads targets " +
    "from that file instead, if the argument is -, looks like a path " +
    "(hosts.txt, ./hosts) or is the name of a file; HOST -f always floods, " +
    "--file FILE always reads.",
    "Exit status: 0 the target answered (of many: every one), 1 it did not, " +
    "2 ping could not run as asked, or a name did not resolve.",
  ],
  options: PING_OPTIONS,
  examples: [
    { line: "ping -c 3 example.com", does: "three probes, then the summary" },
    {
      line: "ping -i 0.2 -O -D 10.0.0.1",
      does: "five a second, with the time, losses as they happen",
    },
    {
      line: "ping --tcp 443 example.com",
      does: "time TCP handshakes; needs no privilege",
    },
    {
      line: "ping -M do -s 1472 example.com",
      does: "does a full Ethernet frame pass unfragmented?",
    },
    {
      line: "ping -g 10.0.0.0/24 --alive",
      does: "which addresses of a network answer?",
    },
    {
      line: "ping --file hosts.txt -c 5",
      does: "loss and times of each host in a list",
    },
    {
      line: "ping -c 10 --json example.com",
      does: "for programs: one JSON object a line",
    },
  ],
  prepare({ options, operands }) {
    const targets = planTargets(options, operands);
    const probe = probeOptions(options);
    return {
      permissions: permissionsFor(targets, probe, options),
      async run(context) {
        if (targets.kind === "one") {
          const { pingOne } = await import("./ping/one.ts");
          return await pingOne(targets.host, options, probe, context);
        }
        const { pingSeveral } = await import("./ping/several.ts");
        return await pingSeveral(targets, options, probe, context);
      },
    };
  },
  remedy(error) {
    switch (error.name) {
      case "IcmpUnavailableError":
        return "; --tcp PORT and --udp PORT need no privilege";
      case "UnsupportedError":
        return "; --tcp PORT works here";
      case "OptionError":
        return (error as OptionError).option === "broadcast"
          ? BROADCAST_REMEDY
          : "";
      default:
        return "";
    }
  },
};

/** Plain TCP handshakes with one target need no library; everything else is done through it. */
function permissionsFor(
  targets: Targets,
  probe: ProbeOptions,
  options: PingValues,
): Permissions {
  const required = targetPermissions(targets, probe.port);
  const isPlain = probe.probe === "tcp" && targets.kind === "one" &&
    probe.ttl === undefined && probe.tos === undefined &&
    probe.source === undefined && !isForAdministrators(options);
  const picksAddress = probe.family !== undefined && targets.kind === "one" &&
    parseAddress(targets.host) === undefined;
  const ffi = { name: "ffi" } as const;
  return isPlain
    ? { required, advised: picksAddress ? [ffi] : [], optional: [ffi] }
    : {
      required: [...required, ffi],
      advised: Deno.build.os === "windows" ? forDenoPorts(targets, probe) : [],
      optional: [],
    };
}

/** What Deno's own sockets want beside the targets, where they are the ones that probe ports. */
function forDenoPorts(
  targets: Targets,
  { probe, port }: ProbeOptions,
): Permission[] {
  if (port === undefined) return [];
  const hosts = targets.kind === "one"
    ? [targets.host]
    : targets.kind === "list"
    ? targets.hosts
    : [];
  // They are given the address of a name.
  if (hosts.some((host) => parseAddress(host) === undefined)) {
    return [{ name: "net" }];
  }
  return probe === "udp"
    ? hosts.map((host) => ({ name: "net", ...denoUdpSource(host) }))
    : [];
}
