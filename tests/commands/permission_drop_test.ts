/** What may a command do? What `netdiag permissions` says, and no more. */

import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { dropOthers } from "../../commands/cli/permissions.ts";
import { PAIR } from "../netlab/ping_lines.ts";
import { labTest } from "../netlab/requirements.ts";
import { Lab } from "../netlab/topology.ts";
import { command, flagsTest, IS_BINARY, openPorts, run } from "./_program.ts";

const HOST = "127.0.0.1";

async function flagsFor(args: readonly string[]): Promise<string[]> {
  const { code, stdout } = await run(["permissions", ...args]);
  assertEquals(code, 0);
  return stdout.trimEnd().split(" ");
}

/** Runs a command line with the flags that it is said to need, and without each of them. */
async function checkFlags(
  args: readonly string[],
  names: readonly string[],
): Promise<void> {
  const flags = await flagsFor(args);
  assertEquals(flags.map((flag) => flag.replace(/=.*/, "")), names);
  const { code, stderr } = await run(args, flags);
  const notice = names.includes("--allow-ffi") ? "" : "Without --allow-ffi";
  assertEquals([code, stderr.includes(notice)], [0, true], stderr);
  for (const missing of flags) {
    const { code, stdout, stderr } = await run(
      args,
      flags.filter((flag) => flag !== missing),
    );
    assertEquals([code, stdout], [2, ""], `without ${missing}`);
    assertMatch(stderr, /^netdiag ping: Requires .* run again with .*\n$/);
    const name = missing.replace(/=.*/, "");
    assertEquals(stderr.includes(`run again with ${name}`), true, stderr);
  }
}

flagsTest("the flags for a TCP ping suffice, and each is needed", async () => {
  await using ports = await openPorts();
  await checkFlags(
    ["ping", "-c", "1", "--tcp", ports.open, HOST],
    ["--allow-net"],
  );
  for (const more of [["-t", "9"], ["-I", "lo"], ["127.0.0.3"]]) {
    await checkFlags(
      ["ping", "-c", "1", "--tcp", "1", ...more, HOST],
      ["--allow-net", "--allow-ffi"],
    );
  }
});

flagsTest("the flags for a UDP ping suffice, and each is needed", async () => {
  await checkFlags(
    ["ping", "-c", "1", "--udp", "1", HOST],
    ["--allow-net", "--allow-ffi"],
  );
});

flagsTest(
  "the flags for a ping to the targets in a file suffice, and each is needed",
  async () => {
    const file = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(file, "127.0.0.2\n127.0.0.3\n");
      await checkFlags(
        ["ping", "--udp", "1", "--file", file],
        ["--allow-read", "--allow-net", "--allow-ffi"],
      );
    } finally {
      await Deno.remove(file);
    }
  },
);

const icmpTest = IS_BINARY ? flagsTest : labTest;

icmpTest("the flags for an ICMP ping suffice, and each is needed", async () => {
  await checkFlags(
    ["ping", "-c", "1", HOST],
    ["--allow-net", "--allow-ffi"],
  );
  await checkFlags(
    ["ping", "-c", "1", HOST, "127.0.0.2"],
    ["--allow-net", "--allow-ffi"],
  );
  await checkFlags(
    ["ping", "--retries", "0", "-g", "127.0.0.0/27"],
    ["--allow-net", "--allow-ffi"],
  );
});

flagsTest(
  "netdiag permissions prints one line, whatever it may do itself",
  async () => {
    for (const flags of [[], ["-A"]]) {
      const { code, stdout } = await run(
        ["permissions", "ping", "--tcp", "443", "::1"],
        flags,
      );
      assertEquals([code, stdout], [0, "--allow-net=[::1]:443\n"]);
    }
  },
);

flagsTest("a host outside the granted ones is refused by name", async () => {
  const { code, stdout, stderr } = await run(
    ["ping", "-c", "1", "--tcp", "1", HOST],
    ["--allow-net=127.0.0.2", "--allow-ffi"],
  );
  assertEquals([code, stdout], [2, ""]);
  assertEquals(
    stderr,
    'netdiag ping: Requires net access to "127.0.0.1:1": run again with --allow-net=127.0.0.1:1\n',
  );
});

/** What a host has sent: all of IPv4, and of IPv6 all but what the system says to its neighbours. */
const SENT = `grep -E '^(Ip|Tcp):' /proc/net/snmp
  grep -E '^(Icmp6OutEchos|Udp6OutDatagrams) ' /proc/net/snmp6`;

/** Pings by the library, before which nobody has checked the permissions. */
const SCRIPT = `import { ping, pingMany } from "${new URL(
  "../../mod.ts",
  import.meta.url,
)}";
  const [host, probe] = Deno.args;
  const options = { count: 1, probe, port: probe === "icmp" ? undefined : 9 };
  for (const run of [ping(host, options), pingMany([host], options)]) {
    try {
      for await (const event of run);
      console.log("ran");
    } catch (error) {
      console.log(error.name);
    }
  }`;

icmpTest(
  "the library sends nothing to a host outside the granted ones",
  async () => {
    await using lab = await Lab.create(PAIR);
    const file = await Deno.makeTempFile({ suffix: ".js" });
    try {
      await Deno.writeTextFile(file, SCRIPT);
      const ping = async (net: string, ...args: string[]) => {
        const deno = [Deno.execPath(), "run", "--quiet", "--no-prompt"];
        const line = [...deno, "--allow-ffi", net, file, ...args];
        return (await lab.run("near", line)).stdout;
      };
      for (const far of ["10.9.1.2", "fd09:1::2"]) {
        for (const probe of ["icmp", "tcp", "udp"]) {
          const before = await lab.shell("near", SENT);
          assertEquals(
            await ping("--allow-net=10.9.1.1,[fd09:1::1]", far, probe),
            "PermissionError\nPermissionError\n",
          );
          assertEquals(await lab.shell("near", SENT), before, probe);
          assertEquals(await ping("--allow-net", far, probe), "ran\nran\n");
          assertNotEquals(await lab.shell("near", SENT), before, probe);
        }
      }
    } finally {
      await Deno.remove(file);
    }
  },
);

icmpTest(
  "a ping to a host outside the granted ones sends nothing",
  async () => {
    await using lab = await Lab.create(PAIR);
    const ping = (net: string, args: readonly string[]) =>
      lab.run(
        "near",
        command([net, "--allow-ffi"], ["ping", "-c", "1", ...args]),
      );
    for (const far of ["10.9.1.2", "fd09:1::2"]) {
      for (const probe of [[], ["--tcp", "9"], ["--udp", "9"]]) {
        for (const targets of [[far], ["-g", far, far]]) {
          const args = [...probe, ...targets];
          const before = await lab.shell("near", SENT);
          const { code, stdout, stderr } = await ping(
            "--allow-net=10.9.1.1,[fd09:1::1]",
            args,
          );
          assertEquals([code, stdout], [2, ""]);
          assertMatch(stderr, /^netdiag ping: Requires net access to ".*\n$/);
          assertEquals(await lab.shell("near", SENT), before, args.join(" "));
          await ping("--allow-net", args);
          assertNotEquals(
            await lab.shell("near", SENT),
            before,
            args.join(" "),
          );
        }
      }
    }
  },
);

Deno.test({
  name: "dropOthers() leaves nothing but what a command needs",
  permissions: {
    net: ["127.0.0.1"],
    ffi: true,
    read: true,
    write: true,
    env: true,
    run: true,
    sys: true,
    import: true,
  },
  fn() {
    dropOthers({
      required: [{ name: "net", host: HOST }],
      optional: [{ name: "ffi" }],
    });
    const granted = (descriptor: Deno.PermissionDescriptor) =>
      Deno.permissions.querySync(descriptor).state === "granted";
    assertEquals(granted({ name: "net", host: HOST }), true);
    assertEquals(granted({ name: "ffi" }), true);
    for (
      const name of ["read", "write", "env", "run", "sys", "import"] as const
    ) {
      assertEquals(
        granted({ name } as Deno.PermissionDescriptor),
        false,
        name,
      );
    }
  },
});
