/** Things that happen to a ping while it runs, in networks made of the kernel's own hosts. */

import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import type { LabProcess, RunResult } from "./process.ts";
import { labTest } from "./requirements.ts";
import { HOST, Playground, scenarioPath } from "./scenarios.ts";
import { EVERY_GROUP, Lab, type Topology } from "./topology.ts";

/** An event or a summary of netdiag's, as far as these tests look at it. */
interface Line {
  readonly type: string;
  readonly sequence: number;
  readonly identifier: number;
  readonly rttMs: number;
  readonly code?: string;
  readonly from?: string;
  readonly message?: string;
  readonly transmitted: number;
  readonly answered: number;
  readonly late: number;
  readonly lost: number;
  readonly errors: number;
  readonly inFlight: number;
  readonly duplicates: number;
  readonly corrupt: number;
  readonly durationMs: number;
  readonly rtt?: { readonly maxMs: number };
}

const STEP_THERE_AND_BACK = `
  trap '' INT TERM HUP
  date --set '+1 hour'
  sleep 0.4
  date --set '-1 hour'
`;

const PAIR: Topology = {
  hosts: {
    near: { sysctls: { "net.ipv4.ping_group_range": EVERY_GROUP } },
    far: {},
  },
  links: [[
    { host: "near", addresses: ["10.9.1.1/24", "fd09:1::1/64"] },
    { host: "far", addresses: ["10.9.1.2/24", "fd09:1::2/64"] },
  ]],
};

function lines({ stdout }: RunResult): Line[] {
  return stdout.trim().split("\n").map((line) => JSON.parse(line));
}

/** Waits until the program has printed `count` lines of a type. */
async function waitFor(
  child: LabProcess,
  type: string,
  count: number,
): Promise<void> {
  let seen = 0;
  await child.line((line) => JSON.parse(line).type === type && ++seen >= count);
}

/** Waits for a reply that is not there yet. */
async function nextReply(child: LabProcess): Promise<void> {
  let unread = child.printed;
  await child.line((line) => --unread < 0 && JSON.parse(line).type === "reply");
}

/** The summary, whose counts must add up. */
function summaryOf(result: RunResult): Line {
  const summary = lines(result).at(-1)!;
  assertEquals(summary.type, "summary", result.stdout + result.stderr);
  const { answered, late, lost, errors, inFlight } = summary;
  assertEquals(summary.transmitted, answered + late + lost + errors + inFlight);
  return summary;
}

for (const user of ["root", "ordinary"] as const) {
  for (const address of ["10.9.1.2", "fd09:1::2"]) {
    labTest(
      `ping of ${address} as ${user} goes on after its interface was down`,
      async () => {
        await using lab = await Lab.create(PAIR);
        const child = await lab.spawn("near", [
          ...[
            "netdiag",
            "ping",
            "-i",
            "20ms",
            "-W",
            "200ms",
            "--json",
            address,
          ],
        ], { user });
        await waitFor(child, "reply", 5);
        await lab.shell("near", "ip link set eth0 down");
        await waitFor(child, "error", 5);
        // IPv6 addresses go with the interface; IPv4's stay.
        await lab.shell(
          "near",
          "ip link set eth0 up; ip address replace fd09:1::1/64 dev eth0",
        );
        await nextReply(child);
        child.kill("SIGINT");
        const result = await child.finish();
        assertEquals(result.code, 0, result.stderr);
        const summary = summaryOf(result);
        assertGreater(summary.errors, 4);
        assertEquals([summary.duplicates, summary.corrupt], [0, 0]);
        for (const line of lines(result)) {
          if (line.type !== "error") continue;
          assert(
            [
              "ENETUNREACH",
              "ENETDOWN",
              "EADDRNOTAVAIL",
              "EHOSTUNREACH",
              "EINVAL",
            ]
              .includes(line.code ?? ""),
            JSON.stringify(line),
          );
        }
      },
    );
  }
}

labTest("ping goes on after the far end was down", async () => {
  await using lab = await Lab.create(PAIR);
  const child = await lab.spawn("near", [
    ...["netdiag", "ping", "-i", "20ms", "-W", "100ms", "--json", "10.9.1.2"],
  ]);
  await waitFor(child, "reply", 5);
  await lab.shell("far", "ip link set eth0 down");
  await waitFor(child, "lost", 5);
  await lab.shell("far", "ip link set eth0 up");
  await nextReply(child);
  child.kill("SIGINT");
  const result = await child.finish();
  const summary = summaryOf(result);
  // Those that waited here for the far end's link-layer address are late, not lost.
  assertGreater(summary.late + summary.lost + summary.errors, 4);
  assertGreater(summary.answered, 5);
  assertGreater(summary.transmitted, 0.7 * summary.durationMs / 20);
});

labTest(
  "ping takes no answer from another program with the same identifier",
  async () => {
    await using lab = await Lab.create({
      ...PAIR,
      hosts: { ...PAIR.hosts, near: {} },
    });
    const child = await lab.spawn("near", [
      ...["netdiag", "ping", "-c", "200", "-i", "5ms", "--json", "10.9.1.2"],
    ]);
    const start: Line = JSON.parse(await child.line(() => true));
    const other = await lab.run("near", [
      ...["ping", "-q", "-e", String(start.identifier)],
      ...["-c", "300", "-i", "0.002", "10.9.1.2"],
    ]);
    // That one does take netdiag's answers for its own, now and then.
    assertMatch(other.stdout, /^\d{3} packets transmitted, 300 received/m);
    const summary = summaryOf(await child.finish());
    assertEquals(
      [
        summary.transmitted,
        summary.answered,
        summary.duplicates,
        summary.corrupt,
      ],
      [200, 200, 0, 0],
    );
  },
  ["ping"],
);

labTest(
  "two pings of one host at a time do not see each other's answers",
  async () => {
    await using lab = await Lab.create(PAIR);
    const results = await Promise.all(
      (["root", "root", "ordinary", "ordinary"] as const).map((user) =>
        lab.run("near", [
          ...[
            "netdiag",
            "ping",
            "-c",
            "100",
            "-i",
            "5ms",
            "--json",
            "10.9.1.2",
          ],
        ], { user })
      ),
    );
    for (const result of results) {
      const { answered, duplicates, corrupt } = summaryOf(result);
      assertEquals([answered, duplicates, corrupt], [100, 0, 0]);
    }
  },
);

for (const user of ["root", "ordinary"] as const) {
  labTest(
    `ping as ${user} is not disturbed by an hour's step of the clock, there and back`,
    async () => {
      await using lab = await Lab.create(PAIR);
      const child = await lab.spawn("near", [
        ...["netdiag", "ping", "-c", "60", "-i", "20ms", "--json", "10.9.1.2"],
      ], { user });
      await waitFor(child, "reply", 10);
      // Whatever happens to this test, the clock is set back.
      const step = await lab.spawn("near", ["sh", "-c", STEP_THERE_AND_BACK]);
      const result = await child.finish();
      assertEquals((await step.finish()).code, 0);
      const summary = summaryOf(result);
      assertEquals(
        [summary.transmitted, summary.answered, summary.late, summary.lost],
        [60, 60, 0, 0],
      );
      assertLess(summary.rtt!.maxMs, 100);
      const replies = lines(result).filter(({ type }) => type === "reply");
      for (const { rttMs } of replies) assert(rttMs > 0 && rttMs < 100);
    },
    ["clock"],
  );
}

labTest("ping prints its summary at SIGINT and at SIGTERM", async () => {
  await using lab = await Lab.create(PAIR);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const child = await lab.spawn("near", [
      ...["netdiag", "ping", "-i", "10ms", "10.9.1.2"],
    ]);
    await child.line((line) => line.includes("icmp_seq=3"));
    child.kill(signal);
    const { code, stdout, stderr } = await child.finish();
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, " received, 0% packet loss");
  }
});

labTest("ping prints an interim line at SIGQUIT and goes on", async () => {
  await using lab = await Lab.create(PAIR);
  const child = await lab.spawn("near", [
    ...["netdiag", "ping", "-c", "30", "-i", "20ms", "10.9.1.2"],
  ]);
  await child.line((line) => line.includes("icmp_seq=3"));
  child.kill("SIGQUIT");
  const { code, stdout, stderr } = await child.finish();
  assertEquals(code, 0);
  assert(/^\d+\/\d+ packets, 0% loss, min\/avg/m.test(stderr), stderr);
  assertStringIncludes(stdout, "30 packets transmitted, 30 received");
});

labTest(
  "ping names the remedies where an ordinary user may not ping",
  async () => {
    await using lab = await Lab.create({ hosts: { alone: {} } });
    const { code, stdout, stderr } = await lab.run("alone", [
      ...["netdiag", "ping", "-c", "1", "127.0.0.1"],
    ], { user: "ordinary" });
    assertEquals([code, stdout], [2, ""]);
    for (
      const word of [
        "ping_group_range",
        "cap_net_raw",
        "sudo",
        "--tcp",
        "--udp",
      ]
    ) {
      assertStringIncludes(stderr, word);
    }
  },
);

labTest("ping says in one line that there is no route", async () => {
  await using lab = await Lab.create({ hosts: { alone: {} } });
  for (const address of ["198.51.100.1", "2001:db8::1"]) {
    const { code, stdout, stderr } = await lab.run("alone", [
      ...["netdiag", "ping", "-c", "1", address],
    ]);
    assertEquals([code, stdout], [2, ""]);
    assertEquals(stderr.trim().split("\n").length, 1, stderr);
    assertStringIncludes(stderr.toLowerCase(), "unreachable");
  }
});

labTest("ping reaches a link-local neighbour by its zone", async () => {
  await using lab = await Lab.create(PAIR);
  const own = await lab.shell(
    "far",
    "ip -6 -o address show dev eth0 scope link",
  );
  const address = /inet6 (fe80\S+)\//.exec(own)![1];
  const { code, stdout } = await lab.run("near", [
    ...["netdiag", "ping", "-c", "2", "-i", "10ms", `${address}%eth0`],
  ]);
  assertEquals(code, 0, stdout);
  assertStringIncludes(stdout, "2 packets transmitted, 2 received");
});

labTest(
  "ping needs -b for a broadcast address and then hears every host",
  async () => {
    await using lab = await Lab.create({
      hosts: {
        near: {},
        far: { sysctls: { "net.ipv4.icmp_echo_ignore_broadcasts": 0 } },
      },
      links: PAIR.links!,
    });
    const refused = await lab.run("near", [
      ...["netdiag", "ping", "-c", "1", "10.9.1.255"],
    ]);
    assertEquals(refused.code, 2);
    assertStringIncludes(refused.stderr, "-b");
    const { code, stdout } = await lab.run("near", [
      ...["netdiag", "ping", "-b", "-c", "2", "-i", "10ms", "10.9.1.255"],
    ]);
    assertEquals(code, 0, stdout);
    assertStringIncludes(stdout, "from 10.9.1.2: icmp_seq=1");
  },
);

labTest(
  "ping sends the largest payload, in fragments, and gets it back",
  async () => {
    await using lab = await Lab.create(PAIR);
    const { code, stdout } = await lab.run("near", [
      ...[
        "netdiag",
        "ping",
        "-c",
        "3",
        "-i",
        "10ms",
        "-s",
        "65507",
        "10.9.1.2",
      ],
    ]);
    assertEquals(code, 0, stdout);
    assertStringIncludes(stdout, "65515 bytes from 10.9.1.2: icmp_seq=3");
  },
);

labTest(
  "ping of a whole network lists exactly the hosts that are there",
  async () => {
    await using lab = await Lab.create({
      hosts: {
        near: {},
        far: { addresses: ["10.9.1.77/32", "10.9.1.200/32"] },
      },
      links: PAIR.links!,
    });
    const { code, stdout } = await lab.run("near", [
      ...["netdiag", "ping", "--alive", "-W", "300ms", "--retries", "1"],
      ...["-g", "10.9.1.0/24"],
    ]);
    assertEquals(code, 1);
    const alive = stdout.trim().split("\n").map((line) => line.split(" ")[0]);
    assertEquals(alive.sort(), [
      "10.9.1.1",
      "10.9.1.2",
      "10.9.1.200",
      "10.9.1.77",
    ]);
  },
);

labTest(
  "ping leaves a flood of a silent host at 100 probes a second",
  async () => {
    await using playground = await Playground.create(scenarioPath("silent"));
    const { lab } = playground;
    const { code } = await lab.run(HOST, [
      ...["netdiag", "ping", "-f", "-w", "1", "10.77.0.1"],
    ]);
    assertEquals(code, 1);
    const { echoRequests } = await playground.end();
    assert(echoRequests >= 80 && echoRequests <= 101, `${echoRequests}`);
  },
  ["tun"],
);

labTest(
  "ping loses nothing while it is stopped, though its timeouts pass",
  async () => {
    await using lab = await Lab.create(PAIR);
    const child = await lab.spawn("near", [
      ...["netdiag", "ping", "-c", "50", "-i", "10ms", "-W", "100ms"],
      ...["-l", "3", "--json", "10.9.1.2"],
    ]);
    await waitFor(child, "reply", 10);
    child.kill("SIGSTOP");
    await lab.shell("near", "sleep 0.4");
    child.kill("SIGCONT");
    const { transmitted, answered, rtt } = summaryOf(await child.finish());
    assertEquals([transmitted, answered], [50, 50]);
    assertLess(rtt!.maxMs, 50);
  },
);

labTest("ping tells true times to a reader that is slow", async () => {
  await using lab = await Lab.create(PAIR);
  const { stdout } = await lab.run("near", [
    ...["sh", "-c", `"$@" | { sleep 1; cat; }`, "reader"],
    ...lab.netdiag(["ping", "-c", "1000", "-i", "1ms", "--json", "10.9.1.2"]),
  ]);
  const { transmitted, answered, rtt } = summaryOf({
    code: 0,
    stdout,
    stderr: "",
  });
  assertEquals([transmitted, answered], [1000, 1000]);
  assertLess(rtt!.maxMs, 50);
});
