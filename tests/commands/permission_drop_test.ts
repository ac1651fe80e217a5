/** What may a command do? What `netdiag permissions` says, and no more. */

import { assertEquals, assertMatch } from "@std/assert";
import { dropOthers } from "../../commands/cli/permissions.ts";
import { labTest } from "../netlab/requirements.ts";
import { flagsTest, IS_BINARY, openPorts, run } from "./_program.ts";

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
