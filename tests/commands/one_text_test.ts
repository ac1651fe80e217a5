import { assertEquals } from "@std/assert";
import { PLAIN } from "../../commands/cli/style.ts";
import {
  formatPercent,
  formatTime,
  formatTimestamp,
} from "../../commands/cli/format.ts";
import {
  interimLine,
  OneText,
  type OneTextOptions,
} from "../../commands/ping/one_text.ts";
import type {
  PingError,
  PingEvent,
  PingReply,
  PingStart,
  PingSummary,
} from "../../lib/ping/types.ts";

const OPTIONS: OneTextOptions = {
  quiet: false,
  verbose: false,
  timestamps: false,
  audible: false,
  outstanding: false,
  flood: false,
  pacing: false,
  nameOf: () => undefined,
  style: PLAIN,
};

const PROBE = {
  host: "10.9.3.2",
  address: "10.9.3.2",
  time: 1795221025.403006,
};

const START: PingStart = {
  type: "start",
  host: "10.9.3.2",
  address: "10.9.3.2",
  family: 4,
  probe: "icmp",
  size: 56,
  socket: "raw",
  identifier: 6699,
};

const START6: PingStart = {
  ...START,
  host: "fd02::2",
  address: "fd02::2",
  family: 6,
};

function reply(sequence: number, fields: Partial<PingReply> = {}): PingReply {
  return {
    ...PROBE,
    type: "reply",
    sequence,
    from: "10.9.3.2",
    bytes: 64,
    ttl: 62,
    rttMs: 0.11,
    clock: "kernel",
    ...fields,
  };
}

function error(fields: Partial<PingError>): PingError {
  return { ...PROBE, type: "error", sequence: 1, message: "", ...fields };
}

const SUMMARY: PingSummary = {
  type: "summary",
  host: "10.9.3.2",
  address: "10.9.3.2",
  transmitted: 3,
  answered: 3,
  late: 0,
  lost: 0,
  errors: 0,
  inFlight: 0,
  duplicates: 0,
  reordered: 0,
  corrupt: 0,
  lossPercent: 0,
  durationMs: 203.4,
  sendingMs: 203.4,
  pipe: 1,
  rtt: {
    minMs: 0.084,
    avgMs: 0.1041,
    maxMs: 0.1184,
    mdevMs: 0.0136,
    ewmaMs: 0.09,
    p50Ms: 0.11,
    p90Ms: 0.1184,
    p99Ms: 0.1184,
    jitterMs: 0.002,
  },
};

function silent(fields: Partial<PingSummary>): PingSummary {
  const { rtt: _, ...counts } = SUMMARY;
  return { ...counts, answered: 0, lossPercent: 100, ...fields };
}

/** What goes to standard output; what goes to standard error stands in braces. */
function render(
  events: readonly PingEvent[],
  options: Partial<OneTextOptions> = {},
): string {
  const text = new OneText({ ...OPTIONS, ...options });
  return events.map((event) => {
    const { output = "", report } = text.render(event);
    return output + (report === undefined ? "" : `{${report}}`);
  }).join("");
}

Deno.test("formatTime() gives three significant digits, as iputils does", () => {
  const cases: [number, string][] = [
    [0, "0.000"],
    [0.0434, "0.043"],
    [0.9994, "0.999"],
    [0.9996, "1.00"],
    [1.304, "1.30"],
    [9.994, "9.99"],
    [9.995, "10.0"],
    [12.34, "12.3"],
    [99.94, "99.9"],
    [99.95, "100"],
    [123.4, "123"],
    [1234.5678, "1235"],
  ];
  for (const [ms, text] of cases) assertEquals(formatTime(ms), text);
});

Deno.test("formatPercent() gives six significant digits at most", () => {
  assertEquals(
    [0, 100, 33.333333333, 66.666666666, 0.1, 12.5].map(formatPercent),
    ["0", "100", "33.3333", "66.6667", "0.1", "12.5"],
  );
});

Deno.test("formatTimestamp() gives microseconds", () => {
  assertEquals(formatTimestamp(1795221025.4), "[1795221025.400000] ");
});

Deno.test("OneText begins as iputils does, for IPv4 and IPv6", () => {
  assertEquals(
    render([START]),
    "PING 10.9.3.2 (10.9.3.2) 56(84) bytes of data.\n",
  );
  assertEquals(render([START6]), "PING fd02::2(fd02::2) 56 data bytes\n");
  const alias = { host: "www.example", canonicalName: "host.example" };
  const summary = silent({ ...alias, lost: 3 });
  assertEquals(
    render([{ ...START, ...alias }, summary]).split("\n").slice(0, 3),
    [
      "PING host.example (10.9.3.2) 56(84) bytes of data.",
      "",
      "--- host.example ping statistics ---",
    ],
  );
});

Deno.test("OneText names the source that was asked for", () => {
  const address = { address: "10.9.1.1" };
  assertEquals(
    render([{ ...START, source: address }]),
    "PING 10.9.3.2 (10.9.3.2) from 10.9.1.1 : 56(84) bytes of data.\n",
  );
  assertEquals(
    render([{ ...START, source: { ...address, interface: "eth0" } }]),
    "PING 10.9.3.2 (10.9.3.2) from 10.9.1.1 eth0: 56(84) bytes of data.\n",
  );
  assertEquals(
    render([{ ...START6, source: { address: "::1", interface: "lo" } }]),
    "PING fd02::2(fd02::2) from ::1 lo: 56 data bytes\n",
  );
});

Deno.test("OneText names addresses where iputils does", () => {
  const options = {
    nameOf: (address: string) =>
      address === "127.0.0.1" || address === "::1" ? "localhost" : undefined,
  };
  const start = { ...START, host: "localhost", address: "127.0.0.1" };
  assertEquals(
    render([
      start,
      reply(1, { from: "127.0.0.1" }),
      error({ from: "127.0.0.1", message: "Time to live exceeded" }),
    ], options),
    "PING localhost (127.0.0.1) 56(84) bytes of data.\n" +
      "64 bytes from localhost (127.0.0.1): icmp_seq=1 ttl=62 time=0.110 ms\n" +
      "From localhost (127.0.0.1) icmp_seq=1 Time to live exceeded\n",
  );
  assertEquals(
    render([{ ...START6, host: "localhost", address: "::1" }], options),
    "PING localhost(localhost (::1)) 56 data bytes\n",
  );
});

Deno.test("OneText prints a reply as iputils does", () => {
  assertEquals(
    render([START, reply(1), reply(70_000, { rttMs: 12.34 })]).split("\n")
      .slice(1),
    [
      "64 bytes from 10.9.3.2: icmp_seq=1 ttl=62 time=0.110 ms",
      "64 bytes from 10.9.3.2: icmp_seq=70000 ttl=62 time=12.3 ms",
      "",
    ],
  );
});

/** The line of one event, after its start. */
function line(event: PingEvent, options: Partial<OneTextOptions> = {}): string {
  const text = new OneText({ ...OPTIONS, ...options });
  text.render(START);
  return text.render(event).output ?? "";
}

Deno.test("OneText marks what is odd about a reply", () => {
  const plain = "64 bytes from 10.9.3.2: icmp_seq=1 ttl=62 time=0.110 ms";
  assertEquals(line(reply(1, { type: "duplicate" })), `${plain} (DUP!)\n`);
  assertEquals(line(reply(1, { type: "late" })), `${plain} (late)\n`);
  assertEquals(
    line(reply(1, { corrupt: { offset: 56, expected: -1, actual: 88 } })),
    `${plain}\nwrong data: bytes added from byte #56 on\n`,
  );
  assertEquals(
    line(reply(1, { corrupt: { offset: 20, expected: 20, actual: 21 } })),
    `${plain}\nwrong data byte #20 should be 0x14 but was 0x15\n`,
  );
  assertEquals(
    line(reply(1, { bytes: 30, truncated: true })),
    "30 bytes from 10.9.3.2: icmp_seq=1 ttl=62 (truncated)\n",
  );
  assertEquals(
    line({
      ...PROBE,
      type: "bad-checksum",
      sequence: 7,
      from: "10.9.3.2",
      bytes: 64,
    }),
    "64 bytes from 10.9.3.2: icmp_seq=7 (BAD CHECKSUM!)\n",
  );
});

Deno.test("OneText marks a further answer of a group only when it is verbose", () => {
  const event = reply(1, {
    type: "duplicate",
    host: "224.0.0.1",
    address: "224.0.0.1",
    from: "10.9.3.7",
  });
  assertEquals(
    line(event),
    "64 bytes from 10.9.3.7: icmp_seq=1 ttl=62 time=0.110 ms\n",
  );
  assertEquals(
    line(event, { verbose: true }),
    "64 bytes from 10.9.3.7: icmp_seq=1 ident=6699 ttl=62 time=0.110 ms (DUP!)\n",
  );
});

Deno.test("OneText omits the hop limit where it is not known", () => {
  const { ttl: _, ...event } = reply(1);
  assertEquals(
    line(event),
    "64 bytes from 10.9.3.2: icmp_seq=1 time=0.110 ms\n",
  );
});

Deno.test("OneText obeys -D, -v and -a", () => {
  assertEquals(
    line(reply(1), { timestamps: true, verbose: true, audible: true }),
    "[1795221025.403006] 64 bytes from 10.9.3.2: icmp_seq=1 ident=6699 ttl=62 time=0.110 ms\x07\n",
  );
});

Deno.test("OneText tells of an unanswered probe only when asked to", () => {
  const event: PingEvent = { ...PROBE, type: "pending", sequence: 2 };
  assertEquals(line(event), "");
  assertEquals(
    line(event, { outstanding: true, timestamps: true }),
    "[1795221025.403006] no answer yet for icmp_seq=2\n",
  );
  assertEquals(line({ ...PROBE, type: "lost", sequence: 2 }), "");
});

Deno.test("OneText prints errors of routers with who said so, and the MTU or the place", () => {
  const frag = {
    from: "10.9.2.2",
    message: "Frag needed and DF set",
    mtu: 1400,
  };
  assertEquals(
    render([START, error(frag)]).split("\n")[1],
    "From 10.9.2.2 icmp_seq=1 Frag needed and DF set (mtu = 1400)",
  );
  assertEquals(
    render([
      START6,
      error({ from: "fd01::2", message: "Packet too big", mtu: 1400 }),
    ]).split("\n")[1],
    "From fd01::2 icmp_seq=1 Packet too big: mtu=1400",
  );
  const problem = (message: string, pointer: number) =>
    error({ from: "fd01::2", message, pointer });
  assertEquals(
    render([START, problem("Parameter problem", 20)]).split("\n")[1],
    "From fd01::2 icmp_seq=1 Parameter problem: pointer = 20",
  );
  assertEquals(
    render([START6, problem("Parameter problem: Unknown option", 0)])
      .split("\n")[1],
    "From fd01::2 icmp_seq=1 Parameter problem: Unknown option at 0",
  );
  assertEquals(
    render([START, {
      ...PROBE,
      type: "redirect",
      sequence: 1,
      from: "10.9.1.2",
      gateway: "10.9.1.3",
      message: "Redirect Host",
    }]).split("\n")[1],
    "From 10.9.1.2: icmp_seq=1 Redirect Host(New nexthop: 10.9.1.3)",
  );
});

Deno.test("OneText reports local errors on standard error, in the words of iputils", () => {
  const tooLong = error({ code: "EMSGSIZE", message: "x", mtu: 1400 });
  assertEquals(
    render([START, tooLong]).split("\n")[1],
    "{ping: local error: message too long, mtu=1400}",
  );
  assertEquals(
    render([START6, tooLong]).split("\n")[1],
    "{ping: local error: message too long, mtu: 1400}",
  );
  assertEquals(
    render([START, error({ code: "EHOSTUNREACH", message: "No route" })])
      .split("\n")[1],
    "{ping: local error: No route}",
  );
});

Deno.test("OneText floods with dots that answers take back", () => {
  const options = { flood: true };
  const flood = (...events: PingEvent[]) =>
    render([START, ...events], options).slice(render([START]).length);
  assertEquals(
    flood(reply(1), reply(2), reply(3)),
    ".\b \b.\b \b.\b \b",
  );
  // One lost in between, as iputils shows it.
  assertEquals(
    flood(
      reply(1),
      reply(2),
      { ...PROBE, type: "pending", sequence: 3 },
      reply(4),
      { ...PROBE, type: "lost", sequence: 3 },
    ),
    ".\b \b.\b \b..\b \b",
  );
  assertEquals(flood(error({ from: "10.9.1.2" })), ".\bE");
  assertEquals(flood(error({})), "E");
  assertEquals(flood(reply(1), reply(1, { type: "duplicate" })), ".\b \b");
});

Deno.test("OneText prints only the start and the summary when it is quiet", () => {
  const events = [START, reply(1), error({}), SUMMARY];
  assertEquals(
    render(events, { quiet: true }),
    render([START]) + render([SUMMARY]),
  );
});

Deno.test("OneText ends as iputils does, then with percentiles and jitter", () => {
  assertEquals(
    render([SUMMARY]),
    `
--- 10.9.3.2 ping statistics ---
3 packets transmitted, 3 received, 0% packet loss, time 203ms
rtt min/avg/max/mdev = 0.084/0.104/0.118/0.014 ms
rtt p50/p90/p99/jitter = 0.110/0.118/0.118/0.002 ms
`,
  );
});

Deno.test("OneText ends with an empty line when nothing came back, as iputils does", () => {
  assertEquals(
    render([silent({ lost: 2, errors: 1 })]),
    `
--- 10.9.3.2 ping statistics ---
3 packets transmitted, 0 received, +1 errors, 100% packet loss, time 203ms

`,
  );
  assertEquals(
    render([silent({ lost: 3, pipe: 2 })]).split("\n").slice(3),
    ["pipe 2", ""],
  );
});

Deno.test("OneText counts what is odd, only where there was any", () => {
  assertEquals(
    render([{
      ...SUMMARY,
      transmitted: 7,
      answered: 4,
      late: 1,
      lost: 1,
      inFlight: 1,
      duplicates: 2,
      reordered: 1,
      corrupt: 1,
      lossPercent: 100 / 6,
      pipe: 3,
    }]),
    `
--- 10.9.3.2 ping statistics ---
7 packets transmitted, 5 received, +2 duplicates, +1 corrupted, 16.6667% packet loss, time 203ms
rtt min/avg/max/mdev = 0.084/0.104/0.118/0.014 ms, pipe 3
rtt p50/p90/p99/jitter = 0.110/0.118/0.118/0.002 ms
1 late, 1 reordered, 2 duplicates, 1 corrupt, 1 still in flight
`,
  );
});

Deno.test("OneText prints the pace of a flood", () => {
  assertEquals(
    render([{ ...SUMMARY, ipgMs: 0.0324 }], { pacing: true }).split("\n")[3],
    "rtt min/avg/max/mdev = 0.084/0.104/0.118/0.014 ms, ipg/ewma 0.032/0.090 ms",
  );
});

Deno.test("OneText tells TCP and UDP probes in their own words", () => {
  const tcp = { ...START, probe: "tcp", port: 443, socket: "tcp" } as const;
  const udp = { ...START, probe: "udp", port: 7, socket: "udp" } as const;
  const { ttl: _, ...event } = reply(1);
  assertEquals(
    render([tcp, event, { ...event, refused: true }]),
    "PING 10.9.3.2 (10.9.3.2) TCP handshakes with port 443.\n" +
      "connected to 10.9.3.2 port 443: tcp_seq=1 time=0.110 ms\n" +
      "refused by 10.9.3.2 port 443: tcp_seq=1 time=0.110 ms\n",
  );
  assertEquals(
    render([udp, { ...event, bytes: 56 }, { ...event, refused: true }]),
    "PING 10.9.3.2 (10.9.3.2) 56 bytes of data to UDP port 7.\n" +
      "56 bytes from 10.9.3.2 port 7: udp_seq=1 time=0.110 ms\n" +
      "refused by 10.9.3.2 port 7: udp_seq=1 time=0.110 ms\n",
  );
});

Deno.test("OneText colours what is wrong", () => {
  const mark = (name: string) => (text: string) => `<${name}>${text}</>`;
  const style = { good: mark("good"), bad: mark("bad"), warn: mark("warn") };
  assertEquals(
    line(error({ from: "10.9.1.2", message: "Time to live exceeded" }), {
      style,
    }),
    "<bad>From 10.9.1.2 icmp_seq=1 Time to live exceeded</>\n",
  );
  assertEquals(line(reply(1), { style }), line(reply(1)));
});

Deno.test("interimLine() is the line of iputils", () => {
  assertEquals(
    interimLine({ ...SUMMARY, transmitted: 8, answered: 5, lossPercent: 37.5 }),
    "\r5/8 packets, 37% loss, min/avg/ewma/max = 0.084/0.104/0.090/0.118 ms",
  );
  assertEquals(interimLine(silent({})), "\r0/3 packets, 100% loss");
});
