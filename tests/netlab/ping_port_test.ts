/** Pings of TCP and UDP ports in networks made of the kernel's own hosts. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { lines, PAIR, summaryOf } from "./ping_lines.ts";
import { labTest, TBF } from "./requirements.ts";
import { Lab, type Topology } from "./topology.ts";

/** Two hosts and a router that lets nothing through to port 90. */
const ROUTED: Topology = {
  hosts: {
    near: {
      routes: ["default via 10.9.1.2", "default via fd09:1::2"],
      // It soon gives up looking for a neighbour.
      sysctls: {
        "net.ipv4.neigh.eth0.retrans_time_ms": 20,
        "net.ipv6.neigh.eth0.retrans_time_ms": 20,
      },
    },
    router: {
      forwarding: true,
      // As often as they are asked for.
      sysctls: { "net.ipv4.icmp_ratelimit": 0, "net.ipv6.icmp.ratelimit": 0 },
      rules: `table inet lab { chain forward {
        type filter hook forward priority 0;
        meta l4proto { tcp, udp } th dport 90 reject with icmpx admin-prohibited
        meta l4proto { tcp, udp } th dport 91 reject with icmpx port-unreachable
      }
      }`,
    },
    far: {
      routes: ["default via 10.9.2.1", "default via fd09:2::1"],
      rules: `table inet lab { chain input {
        type filter hook input priority 0;
        tcp dport 92 reject with icmpx port-unreachable
        tcp dport 93 reject with tcp reset
      }
      }`,
    },
  },
  links: [[
    { host: "near", addresses: ["10.9.1.1/24", "fd09:1::1/64"] },
    { host: "router", addresses: ["10.9.1.2/24", "fd09:1::2/64"] },
  ], [
    { host: "router", addresses: ["10.9.2.1/24", "fd09:2::1/64"] },
    { host: "far", addresses: ["10.9.2.2/24", "fd09:2::2/64"] },
  ]],
};

const PATHS = [
  { router: "10.9.1.2", far: "10.9.2.2", own: "10.9.1.1", alone: "10.9.1.9" },
  {
    router: "fd09:1::2",
    far: "fd09:2::2",
    own: "fd09:1::1",
    alone: "fd09:1::9",
  },
];

labTest(
  "ping names who reports an error of a TCP probe, as of a UDP one",
  async () => {
    await using lab = await Lab.create(ROUTED);
    for (const { router, far, own, alone } of PATHS) {
      const isFour = far === "10.9.2.2";
      for (
        const [what, from, type, code] of [
          [`9 -t 1 ${far}`, router, isFour ? 11 : 3, 0],
          [`90 ${far}`, router, isFour ? 3 : 1, isFour ? 13 : 1],
          [`91 ${far}`, router, isFour ? 3 : 1, isFour ? 3 : 4],
          // Nobody answers for this address, says this machine itself.
          [`9 ${alone}`, own, isFour ? 3 : 1, isFour ? 1 : 3],
        ] as const
      ) {
        const errors = [];
        for (const protocol of ["tcp", "udp"]) {
          const result = await lab.run(
            "near",
            `netdiag ping --json -c 2 -i 10ms --${protocol} ${what}`,
          );
          assertEquals(result.code, 1, result.stderr);
          assertEquals(summaryOf(result).errors, 2, result.stdout);
          const error = lines(result).find(({ type }) => type === "error")!;
          errors.push({ ...error, time: 0 });
        }
        // Nothing can follow the error that ends a handshake.
        const many = await lab.run(
          "near",
          `netdiag ping --json -c 1 -W 2s --tcp ${what} ${own}`,
        );
        assert(summaryOf(many).durationMs < 1500, many.stdout);
        const [tcp, udp] = errors;
        assertEquals(tcp, udp);
        assertEquals([tcp!.from, tcp!.icmpType, tcp!.icmpCode], [
          from,
          type,
          code,
        ]);
      }
    }
  },
  ["nft"],
);

labTest(
  "ping takes for an answer what the host itself says of a closed TCP port",
  async () => {
    await using lab = await Lab.create(ROUTED);
    for (const { far } of PATHS) {
      for (const port of [9, 92, 93]) {
        const result = await lab.run(
          "near",
          `netdiag ping --json -c 3 -i 10ms --tcp ${port} ${far}`,
        );
        assertEquals(result.code, 0, result.stdout);
        assertEquals(
          lines(result).filter(({ refused }) => refused).length,
          3,
          result.stdout,
        );
      }
    }
  },
  ["nft"],
);

labTest(
  "ping waits for a full queue with a probe of a UDP port",
  async () => {
    await using lab = await Lab.create(PAIR);
    await lab.shell("near", `tc qdisc add dev eth0 root ${TBF.join(" ")}`);
    // Nobody listens, and the host may say so as often as it is asked.
    await lab.shell("far", "sysctl -qw net.ipv4.icmp_ratelimit=0");
    const result = await lab.run(
      "near",
      "netdiag ping --json -q -l 200 -c 200 -W 10 --udp 9 10.9.1.2",
    );
    const { answered, errors } = summaryOf(result);
    assertEquals([answered, errors], [200, 0], result.stdout);
  },
  ["tbf"],
);

labTest(
  "ping of a port at many targets makes do with the descriptors that there are",
  async () => {
    await using lab = await Lab.create({
      hosts: {
        alone: {
          // Silent addresses: every probe stays open until its time is over.
          rules: `table inet lab { chain input {
            type filter hook input priority 0;
            meta l4proto { tcp, udp } th dport 9 drop
          }
          }`,
        },
      },
    });
    await lab.shell(
      "alone",
      `ip route add local 10.77.0.0/16 dev lo
      ip -6 route add local fd77::/64 dev lo`,
    );
    const targets = Array.from(
      { length: 600 },
      (_, i) => `10.77.${i >> 8}.${i & 255}\nfd77::${i.toString(16)}`,
    );
    for (const descriptors of [1024, 128]) {
      const mixed = targets.slice(0, descriptors);
      // Then the second family begins when the first has all places.
      const grouped = mixed.join("\n").split("\n").sort().reverse();
      for (
        const [protocol, some] of [
          ["tcp", mixed],
          ["udp", mixed],
          ["tcp", grouped],
          ["udp", grouped],
        ] as const
      ) {
        const result = await lab.run("alone", [
          ...["prlimit", `--nofile=${descriptors}`],
          ...lab.netdiag([
            ...["ping", "--json", "-q", "--retries", "0", "-W", "200ms"],
            ...["--rate", "0", `--${protocol}`, "9", "--file", "-"],
          ]),
        ], { stdin: some.join("\n") });
        assertEquals([result.code, result.stderr], [1, ""]);
        const { transmitted, lost } = summaryOf(result);
        assertEquals([transmitted, lost], [grouped.length, grouped.length]);
      }
    }
  },
  ["nft"],
);

labTest(
  "ping of a TCP port goes on where closed connections would keep every local port",
  async () => {
    await using lab = await Lab.create(PAIR);
    await lab.shell(
      "near",
      "sysctl -qw net.ipv4.ip_local_port_range='40000 50000'",
    );
    const server = await lab.spawn("far", "netdiag echo tcp://0.0.0.0:7007");
    await server.line((line) => line.includes("listening"));
    const result = await lab.run(
      "near",
      // A server that falls behind with accepting drops some, which TCP repeats.
      "netdiag ping --json -q -c 11000 -i 0 -W 10 --tcp 7007 10.9.1.2",
    );
    assertEquals(summaryOf(result).answered, 11_000, result.stdout);
    server.kill("SIGINT");
    const closes = (await server.finish()).stdout.split("\n")
      .filter((line) => line.includes(" closed ("))
      .map((line) => line.includes("(end)") ? "FIN" : "RST");
    assertEquals(closes.length, 11_000);
    assertEquals(new Set(closes.slice(0, 1000)), new Set(["FIN"]));
    assertEquals(new Set(closes.slice(-1000)), new Set(["RST"]));
  },
);

labTest(
  "ping waits for TCP to repeat the handshake of the last probe",
  async () => {
    await using lab = await Lab.create({
      ...PAIR,
      hosts: {
        near: {},
        far: {
          // One SYN of three: that of the second probe.
          rules: `table inet lab { chain input {
            type filter hook input priority 0;
            tcp flags syn tcp dport 9 numgen inc mod 3 1 drop
          }
          }`,
        },
      },
    });
    const result = await lab.run(
      "near",
      "netdiag ping --json -c 2 -i 10ms --tcp 9 10.9.1.2",
    );
    assertEquals(summaryOf(result).answered, 2, result.stdout);
    const last = lines(result).findLast(({ type }) => type === "reply")!;
    assertEquals(last.sequence, 2);
    assert(last.rttMs >= 1000, result.stdout);
  },
  ["nft"],
);

labTest("ping of a TCP port says that no local port is free", async () => {
  await using lab = await Lab.create(PAIR);
  await lab.shell(
    "near",
    `sysctl -qw net.ipv4.ip_local_port_range='40000 40003'
    ip -6 route add 2001:db8::/32 dev lo
    ip -6 address flush scope host
    ip -6 address flush dev eth0`,
  );
  const server = await lab.spawn("far", "netdiag echo tcp://0.0.0.0:7007");
  await server.line((line) => line.includes("listening"));
  const command = "netdiag ping -c 5 -i 10ms --tcp 7007";
  const some = await lab.run("near", `${command} 10.9.1.2`);
  assertEquals(some.code, 0);
  const complaints = some.stderr.trim().split("\n");
  for (const line of complaints) {
    assertStringIncludes(line, "ping: local error: No local port is free");
    assertStringIncludes(line, "net.ipv4.ip_local_port_range");
  }
  assertStringIncludes(some.stdout, `+${complaints.length} errors`);
  for (const source of ["", "-I 10.9.1.1 "]) {
    const none = await lab.run("near", `${command} ${source}10.9.1.2`);
    assertEquals([none.code, none.stdout], [2, ""]);
    assertStringIncludes(none.stderr, '"10.9.1.2": No local port is free');
  }
  // The same number stands for something else, too.
  const unaddressed = await lab.run("near", `${command} 2001:db8::1`);
  assertEquals([unaddressed.code, unaddressed.stdout], [2, ""]);
  assertStringIncludes(unaddressed.stderr, "Cannot assign requested address");
});
