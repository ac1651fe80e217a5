import {
  assertEquals,
  assertLess,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { UsageError } from "../../commands/cli/errors.ts";
import { parseCommandLine } from "../../commands/cli/parse.ts";
import { PING_OPTIONS } from "../../commands/ping.ts";
import {
  countTargets,
  listTargets,
  widestName,
} from "../../commands/ping/target_list.ts";
import { planTargets, type Targets } from "../../commands/ping/targets.ts";
import { AddressError, AddressRange } from "../../lib/wire/address.ts";

function plan(...args: string[]): Targets {
  const { options, operands } = parseCommandLine(PING_OPTIONS, args);
  return planTargets(options, operands);
}

/** A range as its size and its ends would be printed. */
function planned(...args: string[]): string {
  const targets = plan(...args);
  switch (targets.kind) {
    case "one":
      return `one ${targets.host}`;
    case "list":
      return `list ${targets.hosts.join(" ")}`;
    case "range":
      return `range of ${targets.range.count}`;
    case "file":
      return `file ${targets.path}`;
  }
}

Deno.test("planTargets() tells one target from many", () => {
  assertEquals(planned("a"), "one a");
  assertEquals(planned("a", "b"), "list a b");
  assertEquals(planned("--alive", "a"), "list a");
  assertEquals(planned("--retries", "0", "a"), "list a");
  assertEquals(planned("--rate=5", "a"), "list a");
});

Deno.test("planTargets() takes a network or a range", () => {
  assertEquals(planned("-g", "10.0.0.0/24"), "range of 254");
  assertEquals(planned("-g", "10.0.0.1", "10.0.0.9"), "range of 9");
  assertEquals(planned("-g", "10.0.0.1-10.0.0.9"), "range of 9");
  assertEquals(planned("-g", "2001:db8::/120"), "range of 256");
  assertEquals(planned("10.0.0.0/24", "-g"), "range of 254");
  assertEquals(planned("-g", "10.16.0.0/12"), "range of 1048574");
});

Deno.test("planTargets() refuses ranges that are none, or too large", () => {
  for (
    const args of [
      ["-g"],
      ["-g", "10.0.0.1", "10.0.0.2", "10.0.0.3"],
      ["-g", "10.0.0.0/11"],
      ["-g", "example.com"],
      ["-g", "10.0.0.1"],
    ]
  ) {
    assertThrows(() => plan(...args), UsageError);
  }
  for (
    const args of [
      ["-g", "10.0.0.0/33"],
      ["-g", "10.0.0.9", "10.0.0.1"],
      ["-g", "10.0.0.0/24", "10.1.0.0/24"],
    ]
  ) {
    assertThrows(() => plan(...args), AddressError);
  }
});

Deno.test("planTargets() takes the targets from --file", () => {
  assertEquals(planned("--file", "hosts"), "file hosts");
  assertEquals(planned("--file", "-"), "file -");
  assertThrows(() => plan("--file", "hosts", "a"), UsageError, '"a"');
});

Deno.test("planTargets() takes -f for flood, or for --file where its only argument is a file", async () => {
  const file = await Deno.makeTempFile({ prefix: "netdiag-hosts" });
  const folder = Deno.cwd();
  try {
    Deno.chdir(file.replace(/[^/]*$/, ""));
    const name = file.replace(/.*\//, "");
    const cases: [string[], string][] = [
      [["-f", "host"], "one host"],
      [["host", "-f"], "one host"],
      [["-f", "-c", "3", "host"], "one host"],
      [["-fc3", "host"], "one host"],
      [["-f", "--", "host"], "one host"],
      [["-f", "localhost"], "one localhost"],
      [["-f", "10.0.0.1"], "one 10.0.0.1"],
      [["-f", "::1"], "one ::1"],
      [["-f", "example.com"], "one example.com"],
      [["-f", "-"], "file -"],
      [["-c3", "-f", "-"], "file -"],
      [["-qf", "-"], "file -"],
      [["-f", "hosts.txt"], "file hosts.txt"],
      [["-f", "./hosts"], "file ./hosts"],
      [["-f", "/etc/hosts"], "file /etc/hosts"],
      [["-f", name], `file ${name}`],
      [["--flood", name], `file ${name}`],
      [[name, "-f"], `one ${name}`],
      [["-f", "-c3", name], `one ${name}`],
    ];
    for (const [args, expected] of cases) {
      assertEquals(planned(...args), expected, args.join(" "));
    }
  } finally {
    Deno.chdir(folder);
    await Deno.remove(file);
  }
});

Deno.test({
  name: "planTargets() does not look for a file that it may not read",
  permissions: { read: false },
  fn() {
    assertEquals(planned("-f", "deno.json"), "one deno.json");
    assertEquals(planned("-f", "hosts.txt"), "file hosts.txt");
  },
});

Deno.test("planTargets() refuses options that do not go together", () => {
  const cases: [string[], string][] = [
    [[], "Destination address required"],
    [["-A", "a", "b"], '"--adaptive" is for one target'],
    [["-l", "3", "a", "b"], '"--preload" is for one target'],
    [["-f", "a", "b"], "--file FILE reads targets"],
    [["-f", "--file", "a"], '"--flood" is for one target'],
    [["--alive", "--unreachable", "a"], "exclude each other"],
    [["-6", "-g", "10.0.0.0/30"], '"--ipv6" excludes a range of IPv4'],
    [["-4", "-g", "2001:db8::/120"], '"--ipv4" excludes a range of IPv6'],
    [["10.0.0.0/24"], '"10.0.0.0/24" is a network: put -g before it'],
    [["a", "2001:db8::/64"], '"2001:db8::/64" is a network'],
  ];
  for (const [args, message] of cases) {
    assertThrows(() => plan(...args), UsageError, message, args.join(" "));
  }
});

Deno.test("listTargets() takes the first word of each line that is no comment", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(
      file,
      "# hosts\n10.0.0.1\r\n  example.com  the web # x\n\n::1#y",
    );
    assertEquals(
      await listTargets({ kind: "file", path: file }),
      ["10.0.0.1", "example.com", "::1"],
    );
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("listTargets() reads no endless file", async () => {
  await assertRejects(
    () => listTargets({ kind: "file", path: "/dev/zero" }),
    UsageError,
    'Cannot read targets from "/dev/zero": more than 1048576 targets, or 67108864 bytes',
  );
});

Deno.test("listTargets() quotes the beginning only of a network that is overlong", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, `${"1".repeat(100_000)}/8`);
    const error = await assertRejects(
      () => listTargets({ kind: "file", path: file }),
      UsageError,
      '1"... is a network: put -g before it',
    );
    assertLess(error.message.length, 200);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("listTargets() reads nothing when it is interrupted before", async () => {
  const targets = { kind: "file", path: "/nonexistent" } as const;
  assertEquals(await listTargets(targets, AbortSignal.abort()), undefined);
});

Deno.test("listTargets() says which file cannot be read, or is empty", async () => {
  const file = await Deno.makeTempFile();
  try {
    await assertRejects(
      () => listTargets({ kind: "file", path: file }),
      UsageError,
      "Cannot find a target in",
    );
  } finally {
    await Deno.remove(file);
  }
  await assertRejects(
    () => listTargets({ kind: "file", path: file }),
    UsageError,
    `Cannot read targets from "${file}": No such file or directory`,
  );
});

Deno.test("countTargets() and widestName() look into ranges", () => {
  const list = ["a", AddressRange.between("10.0.0.8", "10.0.0.11")];
  assertEquals(countTargets(list), 5);
  assertEquals(widestName(list), "10.0.0.11".length);
});

Deno.test("widestName() is not longer than names can be", () => {
  assertEquals(widestName(["a", "b".repeat(100_000)]), 253);
});
