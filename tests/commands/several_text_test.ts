import { assertEquals } from "@std/assert";
import { PLAIN } from "../../commands/cli/style.ts";
import {
  interimTargetsLine,
  onlyState,
  SeveralText,
  type SeveralTextOptions,
} from "../../commands/ping/several_text.ts";
import type {
  PingManyEvent,
  PingManySummary,
  ProbeCounts,
  TargetResult,
} from "../../lib/ping/types.ts";

const OPTIONS: SeveralTextOptions = {
  only: undefined,
  counts: false,
  quiet: false,
  verbose: false,
  timestamps: false,
  suggestsBroadcast: true,
  width: 0,
  style: PLAIN,
};

const COUNTS: ProbeCounts = {
  transmitted: 2,
  answered: 2,
  late: 0,
  lost: 0,
  errors: 0,
  inFlight: 0,
  duplicates: 0,
  reordered: 0,
  corrupt: 0,
  lossPercent: 0,
};

const ALIVE: TargetResult = {
  type: "target",
  host: "10.9.3.2",
  address: "10.9.3.2",
  alive: true,
  ...COUNTS,
  minMs: 0.061,
  avgMs: 0.117,
  maxMs: 0.173,
};

const SILENT: TargetResult = {
  type: "target",
  host: "10.9.3.99",
  address: "10.9.3.99",
  alive: false,
  ...COUNTS,
  answered: 0,
  lost: 2,
  lossPercent: 100,
  error: "Destination Host Unreachable",
};

const UNRESOLVED: TargetResult = {
  type: "target",
  host: "nonexist.invalid",
  alive: false,
  ...COUNTS,
  transmitted: 0,
  answered: 0,
  error: 'Cannot resolve "nonexist.invalid": Name or service not known',
};

const PROBE = {
  host: "10.9.3.2",
  address: "10.9.3.2",
  sequence: 1,
  time: 1795221025.403006,
};

const SUMMARY: PingManySummary = {
  type: "summary",
  targets: 3,
  alive: 1,
  unreachable: 1,
  unfinished: 0,
  unresolved: 1,
  ...COUNTS,
  transmitted: 4,
  lost: 2,
  lossPercent: 50,
  durationMs: 1033.2,
  targetsPerSecond: 2.9,
  rtt: {
    minMs: 0.084,
    avgMs: 0.104,
    maxMs: 0.118,
    mdevMs: 0.014,
    ewmaMs: 0.09,
    p50Ms: 0.11,
    p90Ms: 0.118,
    p99Ms: 0.118,
    jitterMs: 0.002,
  },
  clocks: { "kernel": 2, "kernel-receive": 0, "user": 0 },
};

/** What goes to standard output; what goes to standard error stands in braces. */
function render(
  events: readonly PingManyEvent[],
  options: Partial<SeveralTextOptions> = {},
): string {
  const text = new SeveralText({ ...OPTIONS, ...options });
  return events.map((event) => {
    const { output = "", report } = text.render(event);
    return output + (report === undefined ? "" : `{${report}}`);
  }).join("");
}

const RESULTS = [ALIVE, SILENT, UNRESOLVED];
const NOT_RESOLVED =
  '{netdiag ping: Cannot resolve "nonexist.invalid": Name or service not known}';

Deno.test("SeveralText tells the state of each target, as fping does", () => {
  assertEquals(
    render(RESULTS),
    `10.9.3.2 is alive\n10.9.3.99 is unreachable\n${NOT_RESOLVED}`,
  );
});

Deno.test("SeveralText gives the time or the reason when it is verbose", () => {
  assertEquals(
    render([ALIVE, SILENT], { verbose: true }),
    "10.9.3.2 is alive (0.117 ms)\n" +
      "10.9.3.99 is unreachable (Destination Host Unreachable)\n",
  );
});

Deno.test("SeveralText lists the names of one state only", () => {
  assertEquals(render(RESULTS, { only: "alive" }), `10.9.3.2\n${NOT_RESOLVED}`);
  assertEquals(
    render(RESULTS, { only: "unreachable" }),
    `10.9.3.99\n${NOT_RESOLVED}`,
  );
});

Deno.test("SeveralText prints fping's counts, with padded names", () => {
  assertEquals(
    render([ALIVE, SILENT], { counts: true, width: 9 }),
    "10.9.3.2  : xmt/rcv/%loss = 2/2/0%, min/avg/max = 0.061/0.117/0.173\n" +
      "10.9.3.99 : xmt/rcv/%loss = 2/0/100%\n",
  );
  assertEquals(
    render([ALIVE, SILENT], { counts: true, only: "unreachable", width: 9 }),
    "10.9.3.99 : xmt/rcv/%loss = 2/0/100%\n",
  );
});

Deno.test("SeveralText prints each probe when it is verbose", () => {
  const reply = {
    ...PROBE,
    type: "reply",
    from: "10.9.3.2",
    bytes: 64,
    rttMs: 0.061,
    clock: "kernel",
  } as const;
  const events: PingManyEvent[] = [
    reply,
    { ...reply, type: "late", sequence: 2 },
    { ...reply, type: "duplicate" },
    { ...reply, refused: true },
    { ...PROBE, type: "lost" },
    { ...PROBE, type: "error", from: "10.9.1.2", message: "Packet filtered" },
    { ...PROBE, type: "error", message: "No buffer space" },
    { ...PROBE, type: "bad-checksum", from: "10.9.3.2", bytes: 64 },
    {
      ...PROBE,
      type: "redirect",
      from: "10.9.1.2",
      gateway: "10.9.1.3",
      message: "Redirect Host",
    },
  ];
  assertEquals(
    render(events, { verbose: true, width: 9 }).split("\n"),
    [
      "10.9.3.2  : [0], 64 bytes, 0.061 ms",
      "10.9.3.2  : [1], 64 bytes, 0.061 ms (late)",
      "10.9.3.2  : [0], 64 bytes, 0.061 ms (DUP!)",
      "10.9.3.2  : [0], refused, 0.061 ms",
      "10.9.3.2  : [0], timed out",
      "10.9.3.2  : [0], Packet filtered from 10.9.1.2",
      "10.9.3.2  : [0], No buffer space",
      "10.9.3.2  : [0], 64 bytes (BAD CHECKSUM!)",
      "10.9.3.2  : [0], Redirect Host from 10.9.1.2",
      "",
    ],
  );
  assertEquals(
    render([reply], { verbose: true, timestamps: true }),
    "[1795221025.403006] 10.9.3.2 : [0], 64 bytes, 0.061 ms\n",
  );
  assertEquals(render(events), "");
});

Deno.test("SeveralText tells the MTU of what was too long, as a ping to one target does", () => {
  const tooLong = { code: "EMSGSIZE", message: "Message too long" };
  const events: PingManyEvent[] = [
    {
      ...PROBE,
      type: "error",
      from: "10.9.1.2",
      message: "Frag needed and DF set",
      mtu: 1400,
    },
    {
      ...PROBE,
      type: "error",
      host: "far",
      address: "fd09:2::2",
      from: "fd09:1::2",
      message: "Packet too big",
      mtu: 1400,
    },
    { ...PROBE, type: "error", ...tooLong, mtu: 1500 },
    { ...PROBE, type: "error", ...tooLong },
  ];
  assertEquals(
    render(events, { verbose: true }),
    "10.9.3.2 : [0], Frag needed and DF set (mtu = 1400) from 10.9.1.2\n" +
      "far : [0], Packet too big: mtu=1400 from fd09:1::2\n" +
      "10.9.3.2 : [0], message too long, mtu=1500\n" +
      "10.9.3.2 : [0], message too long\n",
  );
});

Deno.test("SeveralText sums up", () => {
  assertEquals(
    render([SUMMARY]),
    `
3 targets, 1 alive, 1 unreachable, 1 unresolved, time 1033ms, 3 targets/s
4 packets transmitted, 2 received, 50% packet loss
rtt min/avg/max/mdev = 0.084/0.104/0.118/0.014 ms
rtt p50/p90/p99/jitter = 0.110/0.118/0.118/0.002 ms
`,
  );
});

const REFUSED: TargetResult = {
  ...SILENT,
  lost: 0,
  errors: 2,
  error: "Permission denied",
  code: "EACCES",
};

Deno.test("SeveralText says why this machine refused to send, and that -b may allow it", () => {
  const noRoute = { error: "Network is unreachable", code: "ENETUNREACH" };
  assertEquals(
    render([{ ...REFUSED, ...noRoute }]),
    '10.9.3.99 is unreachable\n{netdiag ping: Cannot send to "10.9.3.99": Network is unreachable}',
  );
  const forbidden =
    '{netdiag ping: Cannot send to "10.9.3.99": it is a broadcast address, or a rule of this machine forbids it; -b allows it}';
  assertEquals(render([REFUSED], { only: "alive" }), forbidden);
  assertEquals(
    render([REFUSED], { only: "alive", suggestsBroadcast: false }),
    '{netdiag ping: Cannot send to "10.9.3.99": Permission denied}',
  );
  assertEquals(
    render([{ ...REFUSED, address: "2001:db8::1" }], { only: "alive" }),
    '{netdiag ping: Cannot send to "10.9.3.99": Permission denied}',
  );
  assertEquals(render([REFUSED], { quiet: true }), "");
});

Deno.test("SeveralText says why some probes were not sent where it counts them", () => {
  const busy = { error: "No buffer space available", code: "ENOBUFS" };
  const partly = { ...ALIVE, ...busy, answered: 1, errors: 1, lossPercent: 50 };
  assertEquals(render([partly]), "10.9.3.2 is alive\n");
  assertEquals(
    render([partly], { counts: true }),
    "10.9.3.2 : xmt/rcv/%loss = 2/1/50%, min/avg/max = 0.061/0.117/0.173\n" +
      '{netdiag ping: Cannot send to "10.9.3.2": No buffer space available}',
  );
});

Deno.test("SeveralText names ten targets that cannot be sent to, and counts the others", () => {
  const reports = (refused: number) =>
    [...render([...Array(refused).fill(REFUSED), SUMMARY]).matchAll(/{(.*)}/g)]
      .map(([, report]) => report);
  assertEquals(reports(10).length, 10);
  assertEquals(
    reports(11).slice(10),
    ["netdiag ping: Cannot send to 1 more target"],
  );
  assertEquals(
    reports(500).slice(10),
    ["netdiag ping: Cannot send to 490 more targets"],
  );
});

Deno.test("SeveralText prints nothing but the summary and what did not resolve when it is quiet", () => {
  assertEquals(
    render([...RESULTS, SUMMARY], { quiet: true }),
    NOT_RESOLVED + render([SUMMARY]),
  );
});

Deno.test("onlyState() follows the options", () => {
  assertEquals(onlyState({ alive: true, unreachable: false }), "alive");
  assertEquals(onlyState({ alive: false, unreachable: true }), "unreachable");
  assertEquals(onlyState({ alive: false, unreachable: false }), undefined);
});

Deno.test("interimTargetsLine() counts what is known", () => {
  assertEquals(interimTargetsLine(5, 10, 3), "\r5/10 targets, 3 alive");
});
