/** The same command line to netdiag and to iputils ping or fping: people see the same. */

import { assertEquals } from "@std/assert";
import { labTest, type Requirement } from "./requirements.ts";
import { Lab, type Topology } from "./topology.ts";

function network(rules?: string): Topology {
  return {
    hosts: {
      near: { routes: ["default via 10.9.1.2", "default via fd09:1::2"] },
      router: { forwarding: true, ...(rules === undefined ? {} : { rules }) },
      far: { routes: ["default via 10.9.2.1", "default via fd09:2::1"] },
    },
    links: [[
      { host: "near", addresses: ["10.9.1.1/24", "fd09:1::1/64"] },
      { host: "router", addresses: ["10.9.1.2/24", "fd09:1::2/64"] },
    ], [
      {
        host: "router",
        addresses: ["10.9.2.1/24", "fd09:2::1/64"],
        mtu: 1400,
      },
      { host: "far", addresses: ["10.9.2.2/24", "fd09:2::2/64"], mtu: 1400 },
    ]],
  };
}

/** Rules of the router for what it forwards. */
function forwarding(...statements: string[]): string {
  return `table inet lab {
    chain forward {
      type filter hook forward priority 0;
      ${statements.join("\n      ")}
    }
  }`;
}

/** The output with all that differs from run to run put out of sight, and netdiag's additions left out. */
function comparable(
  output: string,
  { ignore = /(?!)/, without = /(?!)/ }: Case,
): string[] {
  return output.split("\n")
    .filter((line) => !/^rtt p50|^\d+ duplicates$/.test(line))
    .filter((line) => !without.test(line))
    .map((line) =>
      line
        .replace(/^\[\d+\.\d+\]/, "[T]")
        .replace(/time=[\d.]+ ms/, "time=T ms")
        .replace(/time \d+ms/, "time Tms")
        .replace(/= [\d.]+\/[\d.]+\/[\d.]+\/[\d.]+ ms/, "= T/T/T/T ms")
        .replace(/, pipe \d+/, "")
        .replace(/(, )?ipg\/ewma .*$/, "")
        .replace(ignore, "")
        .trimEnd()
    );
}

interface Case {
  readonly name: string;
  readonly args: string;
  readonly rules?: string;
  /** What netdiag is given in place of `args`. */
  readonly netdiagArgs?: string;
  /** What is cut out of the lines of both outputs, since chance or a purpose makes it differ. */
  readonly ignore?: RegExp;
  /** Whole lines that are left out of both. */
  readonly without?: RegExp;
}

const QUICK = "-c 3 -i 0.01";

/** netdiag needs no room in the payload to take the time. */
const TIMES = / time=T ms|^rtt .*/;

const PING_CASES: readonly Case[] = [
  { name: "three replies", args: `${QUICK} 10.9.2.2` },
  { name: "three replies over IPv6", args: `${QUICK} fd09:2::2` },
  { name: "one probe", args: "-c 1 10.9.2.2" },
  { name: "no output but the summary", args: `${QUICK} -q 10.9.2.2` },
  {
    name: "a payload of 0 bytes",
    args: `${QUICK} -s 0 10.9.2.2`,
    ignore: TIMES,
  },
  {
    name: "a payload of 15 bytes",
    args: `${QUICK} -s 15 10.9.2.2`,
    ignore: TIMES,
  },
  {
    name: "a payload of 1000 bytes",
    args: `${QUICK} -s 1000 10.9.2.2`,
  },
  {
    name: "fragments",
    args: `${QUICK} -M dont -s 20000 10.9.2.2`,
  },
  { name: "fragments over IPv6", args: `${QUICK} -s 20000 fd09:2::2` },
  { name: "a pattern", args: `${QUICK} -p ff00 10.9.2.2` },
  { name: "a type of service", args: `${QUICK} -Q 16 10.9.2.2` },
  { name: "a source address", args: `${QUICK} -I 10.9.1.1 10.9.2.2` },
  { name: "a source interface", args: `${QUICK} -I eth0 10.9.2.2` },
  {
    name: "a source address over IPv6",
    args: `${QUICK} -I fd09:1::1 fd09:2::2`,
  },
  { name: "times before each line", args: `${QUICK} -D 10.9.2.2` },
  { name: "a preload", args: "-c 3 -l 3 10.9.2.2" },
  { name: "adaptive pace", args: "-c 3 -A 10.9.2.2" },
  {
    name: "a time to live that ends at the router",
    args: `${QUICK} -t 1 10.9.2.2`,
  },
  {
    name: "a hop limit that ends at the router",
    args: `${QUICK} -t 1 fd09:2::2`,
  },
  {
    name: "packets too long for the second link",
    args: "-c 3 -i 0.05 -M do -s 1472 10.9.2.2",
  },
  {
    name: "packets too long for the second link, over IPv6",
    args: "-c 3 -i 0.05 -M do -s 1452 fd09:2::2",
  },
  {
    name: "packets too long for the first link",
    args: "-c 2 -i 0.01 -M do -s 3000 10.9.2.2",
  },
  {
    name: "every fifth request lost",
    args: "-c 100 -i 0.002 -W 0.5 -q 10.9.2.2",
    rules: forwarding("icmp type echo-request numgen inc mod 5 0 drop"),
  },
  {
    name: "every third reply lost, over IPv6",
    args: "-c 99 -i 0.002 -W 0.5 -q fd09:2::2",
    rules: forwarding("icmpv6 type echo-reply numgen inc mod 3 0 drop"),
  },
  { name: "a name", args: `${QUICK} localhost` },
  { name: "a name over IPv4", args: `${QUICK} -4 localhost` },
  { name: "a name over IPv6", args: `${QUICK} -6 localhost` },
  { name: "a name, numerically", args: `${QUICK} -n localhost` },
  { name: "an address of this machine", args: `${QUICK} ::1` },
  {
    name: "the identifier of each probe",
    args: `${QUICK} -v 10.9.2.2`,
    ignore: / ident=\d+/,
    without: /^ai->ai_family/,
  },
  { name: "a bell for each reply", args: `${QUICK} -a 10.9.2.2` },
  { name: "a flood", args: "-f -c 50 10.9.2.2" },
  {
    name: "a flood with losses",
    args: "-f -c 50 -W 0.2 10.9.2.2",
    rules: forwarding("icmp type echo-reply numgen inc mod 5 0 drop"),
  },
  {
    name: "missing answers among others",
    args: "-O -c 10 -i 0.05 -W 0.3 10.9.2.2",
    rules: forwarding("icmp type echo-reply numgen inc mod 3 0 drop"),
  },
  {
    name: "errors among replies",
    args: "-c 9 -i 0.02 10.9.2.2",
    rules: forwarding(
      "icmp type echo-request numgen inc mod 3 0 reject with icmp type host-unreachable",
    ),
  },
  {
    name: "errors under a deadline",
    args: "-w 1 -c 9 -i 0.02 10.9.2.2",
    rules: forwarding(
      "icmp type echo-request numgen inc mod 3 2 reject with icmp type host-unreachable",
    ),
  },
  {
    name: "nothing but silence",
    args: "-c 2 -i 0.01 -W 0.1 10.9.2.2",
    rules: forwarding("drop"),
  },
  {
    name: "silence, with each missing answer named",
    args: "-c 4 -i 0.1 -W 0.2 -O 10.9.2.2",
    rules: forwarding("drop"),
  },
  {
    name: "a deadline in silence",
    args: "-w 1 -i 0.3 -W 0.05 10.9.2.2",
    rules: forwarding("drop"),
  },
  {
    name: "a count and a deadline",
    args: "-c 3 -w 5 -i 0.01 10.9.2.2",
  },
  {
    name: "every reply twice",
    // Whether the last duplicate is seen depends on who is faster.
    without: /icmp_seq=3 .*DUP!/,
    ignore: /, \+\d duplicates/,
    args: "-c 3 -i 0.05 10.9.2.2",
    rules: `table ip lab {
      chain prerouting {
        type filter hook prerouting priority 0;
        icmp type echo-reply dup to 10.9.1.1 device "eth0"
      }
    }`,
  },
  ...["net", "host", "prot", "port"].map((what) => ({
    name: `rejection as ${what}-unreachable`,
    args: `${QUICK} 10.9.2.2`,
    rules: forwarding(
      `ip protocol icmp reject with icmp type ${what}-unreachable`,
    ),
  })),
  ...["net", "host", "admin"].map((what) => ({
    name: `rejection as ${what}-prohibited`,
    args: `${QUICK} 10.9.2.2`,
    rules: forwarding(
      `ip protocol icmp reject with icmp type ${what}-prohibited`,
    ),
  })),
  ...["no-route", "admin-prohibited", "addr-unreachable", "port-unreachable"]
    .map((what) => ({
      name: `rejection as ${what}, over IPv6`,
      args: `${QUICK} fd09:2::2`,
      rules: forwarding(
        `icmpv6 type echo-request reject with icmpv6 type ${what}`,
      ),
    })),
  {
    name: "a neighbour that does not exist",
    args: "-c 1 -W 5 10.9.1.99",
  },
  {
    name: "a neighbour of the router's that does not exist",
    args: "-c 1 -W 5 10.9.2.99",
  },
];

function differentialTest(
  peer: "ping" | "fping",
  { name, args, rules, netdiagArgs = args }: Case,
  compare: (
    peer: { code: number; stdout: string; stderr: string },
    own: { code: number; stdout: string; stderr: string },
  ) => void,
): void {
  const needs: Requirement[] = rules === undefined ? [peer] : [peer, "nft"];
  labTest(`netdiag and ${peer} say the same of ${name}`, async () => {
    // Each in a network of its own: routes learnt and counters of rules start afresh.
    const run = async (command: string) => {
      await using lab = await Lab.create(network(rules));
      return await lab.run("near", command);
    };
    const [theirs, ours] = await Promise.all([
      run(`${peer} ${args}`),
      run(`netdiag ping ${netdiagArgs}`),
    ]);
    compare(theirs, ours);
  }, needs);
}

for (const each of PING_CASES) {
  differentialTest("ping", each, (theirs, ours) => {
    assertEquals(
      comparable(ours.stdout, each),
      comparable(theirs.stdout, each),
    );
    assertEquals(ours.code, theirs.code);
  });
}

/** Counts by target, from lines such as `10.9.2.2 : xmt/rcv/%loss = 2/2/0%, ...`. */
function countLines(output: string): string[] {
  return output.split("\n")
    .map((line) => /^(\S+) +: (xmt\/rcv\/%loss = \S+?),?( |$)/.exec(line))
    .filter((match) => match !== null)
    .map((match) => `${match[1]} ${match[2]}`)
    .sort();
}

const FPING_CASES: readonly Case[] = [
  {
    name: "three probes to each of three targets",
    args: "-q -c 3 -p 20 10.9.2.2 10.9.1.2 10.9.2.1",
    netdiagArgs: "-c 3 -i 20ms 10.9.2.2 10.9.1.2 10.9.2.1",
  },
  {
    name: "every fourth request lost",
    args: "-q -c 20 -p 20 -t 500 10.9.2.2",
    netdiagArgs: "-c 20 -i 20ms -W 500ms -g 10.9.2.2 10.9.2.2",
    rules: forwarding("icmp type echo-request numgen inc mod 4 0 drop"),
  },
  {
    name: "a target that is silent",
    args: "-q -c 2 -p 20 -t 200 10.9.2.2 10.9.1.2",
    netdiagArgs: "-c 2 -i 20ms -W 200ms 10.9.2.2 10.9.1.2",
    rules: forwarding("drop"),
  },
];

for (const each of FPING_CASES) {
  differentialTest("fping", each, (theirs, ours) => {
    assertEquals(countLines(ours.stdout), countLines(theirs.stderr));
    assertEquals(ours.code === 0, theirs.code === 0);
  });
}

/** Lines such as `10.9.2.2 is alive`. */
function stateLines(output: string): string[] {
  return output.split("\n").filter((line) => / is \w+$/.test(line)).sort();
}

differentialTest("fping", {
  name: "which targets are alive",
  args: "-r 0 -t 300 10.9.2.2 10.9.1.2 10.9.1.1",
  netdiagArgs: "--retries 0 -W 300ms 10.9.2.2 10.9.1.2 10.9.1.1",
  rules: forwarding("drop"),
}, (theirs, ours) => {
  assertEquals(stateLines(ours.stdout), stateLines(theirs.stdout));
  assertEquals(ours.code, theirs.code);
});

differentialTest("fping", {
  name: "a whole network",
  args: "-a -q -r 0 -t 300 -g 10.9.1.0/29",
  netdiagArgs: "--alive --retries 0 -W 300ms -g 10.9.1.0/29",
}, (theirs, ours) => {
  const addresses = (output: string) =>
    output.split("\n").map((line) => line.split(" ")[0]!).sort();
  assertEquals(addresses(ours.stdout), addresses(theirs.stdout));
  assertEquals(ours.code, theirs.code);
});
