/** Pings in networks made of the kernel's own hosts. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { PAIR } from "./ping_lines.ts";
import { labTest } from "./requirements.ts";
import { HOST, Playground, scenarioPath } from "./scenarios.ts";
import { EVERY_GROUP, Lab } from "./topology.ts";

labTest("ping prints its summary at SIGINT and at SIGTERM", async () => {
  await using lab = await Lab.create(PAIR);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const child = await lab.spawn("near", "netdiag ping -i 10ms 10.9.1.2");
    await child.line((line) => line.includes("icmp_seq=3"));
    child.kill(signal);
    const { code, stdout, stderr } = await child.finish();
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, " received, 0% packet loss");
  }
});

labTest(
  "ping of many targets has times in its summary where it prints any",
  async () => {
    await using lab = await Lab.create({ hosts: { alone: {} } });
    await lab.shell("alone", "ip route add local 10.77.0.0/16 dev lo");
    const quiet = await lab.run("alone", "netdiag ping -q -g 10.77.0.0/29");
    assertStringIncludes(quiet.stdout, "6 received, 0% packet loss\nrtt min");

    const child = await lab.spawn(
      "alone",
      "netdiag ping --alive --rate 50 -g 10.77.0.0/24",
    );
    await child.line((line) => line === "10.77.0.3");
    child.kill("SIGINT");
    const { stdout } = await child.finish();
    assertStringIncludes(stdout, " received, 0% packet loss\n");
    assert(!stdout.includes("rtt"), stdout);
  },
);

labTest("ping prints an interim line at SIGQUIT and goes on", async () => {
  await using lab = await Lab.create(PAIR);
  const child = await lab.spawn("near", "netdiag ping -c 30 -i 20ms 10.9.1.2");
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
    const { code, stdout, stderr } = await lab.run(
      "alone",
      "netdiag ping -c 1 127.0.0.1",
      { user: "ordinary" },
    );
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
    const { code, stdout, stderr } = await lab.run(
      "alone",
      `netdiag ping -c 1 ${address}`,
    );
    assertEquals([code, stdout], [2, ""]);
    assertEquals(stderr.trim().split("\n").length, 1, stderr);
    assertStringIncludes(stderr.toLowerCase(), "unreachable");
  }
  await lab.shell("alone", "ip -6 route add prohibit 2001:db8::/32");
  const { stderr } = await lab.run("alone", "netdiag ping -c 1 2001:db8::1");
  assertEquals(
    stderr,
    'netdiag ping: Cannot reach "2001:db8::1": Permission denied (EACCES)\n',
  );
});

labTest("ping reaches a link-local neighbour by its zone", async () => {
  await using lab = await Lab.create(PAIR);
  const own = await lab.shell(
    "far",
    "ip -6 -o address show dev eth0 scope link",
  );
  const address = /inet6 (fe80\S+)\//.exec(own)![1];
  const { code, stdout } = await lab.run(
    "near",
    `netdiag ping -c 2 -i 10ms ${address}%eth0`,
  );
  assertEquals(code, 0, stdout);
  assertStringIncludes(stdout, "2 packets transmitted, 2 received");

  await lab.shell("near", "ip address add fe80::99/64 dev eth0 nodad");
  const from = (zone: string) =>
    lab.run("near", `netdiag ping -c 1 -I fe80::99%${zone} ${address}%eth0`);
  const sourced = await from("eth0");
  assertEquals(sourced.code, 0, sourced.stderr);
  assertStringIncludes(sourced.stdout, " from fe80::99%eth0 ");
  const unzoned = await lab.run(
    "near",
    `netdiag ping -c 1 -I fe80::99%eth0 ${address}`,
  );
  assertStringIncludes(unzoned.stdout, `bytes from ${address}%eth0: `);
  const wrong = await lab.run("near", "netdiag ping -I 10.9.1.1%eth0 10.9.1.2");
  assertStringIncludes(
    wrong.stderr,
    'interface "10.9.1.1%eth0": No such device',
  );
  const loopback = await lab.run("near", "netdiag ping -I 127.0.0.1 10.9.1.2");
  assertEquals(
    loopback.stderr,
    "netdiag ping: Cannot reach 10.9.1.2 from 127.0.0.1: Invalid argument (EINVAL)\n",
  );
  assertEquals(
    (await from("eth9")).stderr,
    'netdiag ping: Cannot use source address fe80::99%eth9: there is no interface "eth9"\n',
  );
});

labTest("ping keeps the zone of a group in all that it says", async () => {
  await using lab = await Lab.create(PAIR);
  const { stdout } = await lab.run(
    "near",
    "netdiag ping --json -c 1 -w 1 ff02::1%eth0",
  );
  const lines = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  const addresses = new Set(lines.map(({ address }) => address));
  assertEquals([...addresses], ["ff02::1%eth0"]);
  const reply = lines.find(({ type }) => type === "reply");
  assertStringIncludes(reply.from, "%eth0");
});

labTest(
  "ping takes addresses as ping does that only the system reads",
  async () => {
    await using lab = await Lab.create({ hosts: { alone: {} } });
    for (
      const [host, line] of [
        ["0.0.0.0", "from 127.0.0.1: icmp_seq=1"],
        ["0", "from 127.0.0.1: icmp_seq=1"],
        ["127.1", "from 127.0.0.1: icmp_seq=1"],
        ["::", "from ::1: icmp_seq=1"],
      ] as const
    ) {
      const { code, stdout } = await lab.run(
        "alone",
        `netdiag ping -c 1 ${host}`,
      );
      assertEquals(code, 0, stdout);
      assertStringIncludes(stdout, line);
    }
    const several = await lab.run("alone", "netdiag ping 0.0.0.0 ::");
    assertEquals(several.stdout, "0.0.0.0 is alive\n:: is alive\n");
  },
);

labTest(
  "ping needs -b for a broadcast address and then hears every host",
  async () => {
    await using lab = await Lab.create({
      hosts: {
        near: { sysctls: { "net.ipv4.ping_group_range": EVERY_GROUP } },
        far: { sysctls: { "net.ipv4.icmp_echo_ignore_broadcasts": 0 } },
      },
      links: PAIR.links!,
    });
    const refused = await lab.run("near", "netdiag ping -c 1 10.9.1.255");
    assertEquals(refused.code, 2);
    assertStringIncludes(refused.stderr, "-b");
    const port = await lab.run("near", "netdiag ping --udp 9 -c 1 10.9.1.255");
    assertEquals(
      [port.code, port.stderr],
      [
        2,
        'netdiag ping: Cannot reach "10.9.1.255": Permission denied (EACCES)\n',
      ],
    );
    const { code, stdout } = await lab.run(
      "near",
      "netdiag ping -b -c 2 -i 10ms 10.9.1.255",
    );
    assertEquals(code, 0, stdout);
    assertStringIncludes(stdout, "from 10.9.1.2: icmp_seq=1");
    const ordinary = await lab.run(
      "near",
      "netdiag ping -b -c 2 -i 10ms 10.9.1.255",
      { user: "ordinary" },
    );
    assertEquals(
      [ordinary.code, ordinary.stdout, ordinary.stderr],
      [
        2,
        "",
        "netdiag ping: Cannot flood; minimal interval allowed for user is 1000ms to a broadcast address\n",
      ],
    );
  },
);

labTest(
  "ping of many targets says which this machine does not send to, and why",
  async () => {
    await using lab = await Lab.create(PAIR);
    const refused = await lab.run(
      "near",
      "netdiag ping -c 1 10.9.1.255 10.9.1.2 198.51.100.1",
    );
    assertEquals(refused.code, 1);
    assertEquals(refused.stderr.trimEnd().split("\n").sort(), [
      'netdiag ping: Cannot send to "10.9.1.255": it is a broadcast address, or a rule of this machine forbids it; -b allows it',
      'netdiag ping: Cannot send to "198.51.100.1": Network is unreachable',
    ]);
    const quiet = await lab.run(
      "near",
      "netdiag ping -q -c 1 10.9.1.255 10.9.1.2",
    );
    assertEquals([quiet.code, quiet.stderr], [1, ""]);
  },
);

labTest(
  "ping of a network without a route names a few targets and counts the others",
  async () => {
    await using lab = await Lab.create({ hosts: { alone: {} } });
    const { code, stdout, stderr } = await lab.run(
      "alone",
      "netdiag ping --alive --retries 0 --rate 0 -g 198.51.100.0/24",
    );
    assertEquals([code, stdout], [1, ""]);
    const lines = stderr.trimEnd().split("\n");
    assertEquals(lines.length, 11);
    assertEquals(lines[10], "netdiag ping: Cannot send to 244 more targets");
  },
);

labTest(
  "ping sends the largest payload, in fragments, and gets it back",
  async () => {
    await using lab = await Lab.create(PAIR);
    const { code, stdout } = await lab.run(
      "near",
      "netdiag ping -c 3 -i 10ms -s 65507 10.9.1.2",
    );
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
    const { code, stdout } = await lab.run(
      "near",
      "netdiag ping --alive -W 300ms --retries 1 -g 10.9.1.0/24",
    );
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
    const { code } = await lab.run(HOST, "netdiag ping -f -w 1 10.77.0.1");
    assertEquals(code, 1);
    const { echoRequests } = await playground.end();
    assert(echoRequests >= 80 && echoRequests <= 101, `${echoRequests}`);
  },
  ["tun"],
);
