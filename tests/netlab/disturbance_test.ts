/** Things that happen to a ping while it runs. */

import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
} from "@std/assert";
import {
  type Line,
  lines,
  nextReply,
  PAIR,
  summaryOf,
  waitFor,
} from "./ping_lines.ts";
import { labTest } from "./requirements.ts";
import { Lab } from "./topology.ts";

const STEP_THERE_AND_BACK = `
  trap '' INT TERM HUP
  date --set '+1 hour'
  sleep 0.4
  date --set '-1 hour'
`;

for (const user of ["root", "ordinary"] as const) {
  for (const address of ["10.9.1.2", "fd09:1::2"]) {
    labTest(
      `ping of ${address} as ${user} goes on after its interface was down`,
      async () => {
        await using lab = await Lab.create(PAIR);
        const child = await lab.spawn(
          "near",
          `netdiag ping -i 20ms -W 200ms --json ${address}`,
          { user },
        );
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
  const child = await lab.spawn(
    "near",
    "netdiag ping -i 20ms -W 100ms --json 10.9.1.2",
  );
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
  // A machine that refuses a probe for a while does not hold up the others for long.
  assertGreater(summary.transmitted, 0.25 * summary.durationMs / 20);
});

labTest(
  "ping takes no answer from another program with the same identifier",
  async () => {
    await using lab = await Lab.create({
      ...PAIR,
      hosts: { ...PAIR.hosts, near: {} },
    });
    const child = await lab.spawn(
      "near",
      "netdiag ping -c 200 -i 5ms --json 10.9.1.2",
    );
    const start: Line = JSON.parse(await child.line(() => true));
    const other = await lab.run(
      "near",
      `ping -q -e ${String(start.identifier)} -c 300 -i 0.002 10.9.1.2`,
    );
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
        lab.run("near", "netdiag ping -c 100 -i 5ms --json 10.9.1.2", { user })
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
      const child = await lab.spawn(
        "near",
        "netdiag ping -c 60 -i 20ms --json 10.9.1.2",
        { user },
      );
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

labTest(
  "ping loses nothing while it is stopped, though its timeouts pass",
  async () => {
    await using lab = await Lab.create(PAIR);
    const child = await lab.spawn(
      "near",
      "netdiag ping -c 50 -i 10ms -W 100ms -l 3 --json 10.9.1.2",
    );
    await waitFor(child, "reply", 10);
    child.kill("SIGSTOP");
    await lab.shell("near", "sleep 0.4");
    child.kill("SIGCONT");
    const { transmitted, answered, rtt } = summaryOf(await child.finish());
    assertEquals([transmitted, answered], [50, 50]);
    assertLess(rtt!.maxMs, 50);
  },
);

labTest(
  "ping of many targets loses none to a reader that is slow",
  async () => {
    await using lab = await Lab.create({ hosts: { alone: {} } });
    await lab.shell("alone", "ip route add local 10.77.0.0/16 dev lo");
    const { stdout } = await lab.run("alone", [
      ...["sh", "-c", `"$@" | { sleep 1; wc -l; }`, "reader"],
      ...lab.netdiag(
        "ping -i 0 -W 100ms --retries 0 --alive -g 10.77.0.0/16".split(" "),
      ),
    ]);
    assertEquals(stdout.trim(), "65534");
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
