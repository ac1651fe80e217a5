/**
 * The binary that NETDIAG_BIN names, where people run it: from any folder,
 * on any path, as any user, with little around it. What its commands do is
 * tested by tests/commands/ and tests/netlab/, which run the same binary. Not
 * named as tests are: without a binary there is nothing to run.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { commandEntries } from "../commands/registry.ts";
import { BINARY } from "./netlab/binary.ts";
import { AS_ORDINARY } from "./netlab/ordinary_user.ts";
import {
  LabProcess,
  type RunOptions,
  type RunResult,
} from "./netlab/process.ts";
import { labTest } from "./netlab/requirements.ts";
import { Lab } from "./netlab/topology.ts";

const PING = ["ping", "-c", "1", "--tcp", "1", "127.0.0.1"];

/** Whoever runs it: root drops to the ordinary user, too. */
const USERS: readonly (readonly [string, readonly string[]])[] =
  Deno.build.os === "linux" && Deno.uid() === 0
    ? [["root", []], ["an ordinary user", AS_ORDINARY]]
    : [["whoever runs the tests", []]];

if (BINARY === undefined) {
  throw new Error("Needs a binary to test: NETDIAG_BIN=dist/netdiag-...");
}

function binaryTest(
  name: string,
  fn: (binary: string) => Promise<void>,
): void {
  Deno.test(name, () => fn(BINARY!));
}

async function run(
  command: readonly string[],
  options?: RunOptions,
): Promise<RunResult> {
  return await new LabProcess(command, options).finish();
}

function assertPinged({ code, stdout, stderr }: RunResult, what: string): void {
  assertEquals([code, stderr], [0, ""], what);
  assertMatch(stdout, /\n1 packets transmitted, 1 received, 0% packet loss/);
}

/** A public folder with the binary in it, on a path with spaces. */
async function withCopy(
  binary: string,
  use: (copy: string, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "net diag " });
  try {
    await Deno.chmod(folder, 0o755);
    const copy = `${folder}/net diag`;
    await Deno.copyFile(binary, copy);
    await Deno.chmod(copy, 0o755);
    await use(copy, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const [user, as] of USERS) {
  binaryTest(`the binary runs every command for ${user}`, async (binary) => {
    await withCopy(binary, async (copy) => {
      for (const [name] of commandEntries()) {
        const help = await run([...as, copy, ...name.split(" "), "--help"]);
        assertEquals([help.code, help.stderr], [0, ""], name);
        assertMatch(help.stdout, /^Usage: netdiag /);
      }
      assertPinged(await run([...as, copy, ...PING]), "ping");
      const permissions = await run([...as, copy, "permissions", ...PING]);
      assertEquals(permissions.stdout, "--allow-net=127.0.0.1:1\n");
      const completions = await run([...as, copy, "completions", "fish"]);
      assertMatch(completions.stdout, /\ncomplete -c netdiag /);
      for (const options of [[], ["--workers", "2"]]) {
        await echo([...as, copy], options);
      }
    });
  });

  binaryTest(
    `the binary needs no environment, no home and no folder of its own for ${user}`,
    async (binary) => {
      await withCopy(binary, async (copy, folder) => {
        const cases: Record<string, readonly string[]> = {
          "no environment": ["env", "-i"],
          "a home that nobody may write": ["env", "HOME=/proc", "TMPDIR=/proc"],
          "a home that is not there": ["env", `HOME=${folder}/none`],
          "another folder": ["env", "--chdir=/proc/self"],
        };
        for (const [what, wrapper] of Object.entries(cases)) {
          assertPinged(await run([...as, ...wrapper, copy, ...PING]), what);
        }
        assertEquals(
          [...Deno.readDirSync(folder)].map(({ name }) => name),
          ["net diag"],
        );
      });
    },
  );
}

/** Serves one message, and checks that it comes back. */
async function echo(
  netdiag: readonly string[],
  options: readonly string[],
): Promise<void> {
  await using server = new LabProcess(
    [...netdiag, "echo", "--json", ...options, "tcp://127.0.0.1:0"],
  );
  const [port] = await server.line((line) => /127\.0\.0\.1:\d+/.test(line))
    .then((line) => /(?<=127\.0\.0\.1:)\d+/.exec(line)!);
  const endpoint = `tcp://127.0.0.1:${port}`;
  const sent = await run([...netdiag, "echo", "send", endpoint, "hello"]);
  assertEquals([sent.code, sent.stderr], [0, ""]);
  server.kill("SIGTERM");
  assertEquals((await server.finish()).code, 0);
}

binaryTest(
  "the binary leaves nothing behind, and two at once do not meet",
  async (binary) => {
    const temporary = await Deno.makeTempDir();
    try {
      const env = { TMPDIR: temporary, HOME: temporary };
      const runs = await Promise.all(
        [1, 2].map(() => run([binary, ...PING], { env })),
      );
      for (const result of runs) assertPinged(result, "two at once");
      assertEquals([...Deno.readDirSync(temporary)], []);
    } finally {
      await Deno.remove(temporary, { recursive: true });
    }
  },
);

binaryTest("the binary says version, commit and date", async (binary) => {
  const { stdout } = await run([binary, "--version"]);
  assertMatch(
    stdout,
    /^netdiag \S+ \([0-9a-f]{12}(-changed)?, \d{4}-\d\d-\d\d, deno \S+, \S+\)\n$/,
  );
  assert(stdout.startsWith(`netdiag ${config.version} (`));
});

const PRIVATE = {
  hosts: { host: { sysctls: { "net.ipv4.ping_group_range": "1 0" } } },
};
const ICMP = ["ping", "-c", "1", "-q", "127.0.0.1"];

if (BINARY !== undefined) {
  labTest(
    "setcap cap_net_raw+ep lets ordinary users ping with the binary",
    async () => {
      await withCopy(BINARY!, async (copy) => {
        await using lab = await Lab.create(PRIVATE);
        // Capabilities of a file count for nothing where the bounding set has none.
        const as = AS_ORDINARY.filter((word) => word !== "--bounding-set=-all");
        const before = await lab.run("host", [...as, copy, ...ICMP]);
        assertEquals([before.code, before.stdout], [2, ""]);
        assertMatch(before.stderr, /setcap cap_net_raw\+ep/);
        await lab.shell("host", `setcap cap_net_raw+ep "${copy}"`);
        assertPinged(await lab.run("host", [...as, copy, ...ICMP]), "setcap");
      });
    },
  );

  labTest(
    "an open ping_group_range lets ordinary users ping with the binary",
    async () => {
      await using lab = await Lab.create({
        hosts: {
          host: { sysctls: { "net.ipv4.ping_group_range": "0 2147483647" } },
        },
      });
      const result = await lab.run("host", ["netdiag", ...ICMP], {
        user: "ordinary",
      });
      assertPinged(result, "ping_group_range");
    },
  );
}
