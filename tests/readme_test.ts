/**
 * Runs every command line and every TypeScript snippet of README.md in a
 * network namespace, as root and as an ordinary user, and compares what is
 * printed with the sample that follows a command.
 *
 * A `sh` block is a list of command lines. A comment at the end of a line says
 * what is not usual about it: `# exits with 1`, or `# ends with Ctrl-C`. A
 * `text` block right after an `sh` block of one line is what that line prints;
 * numbers may differ.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  type Installation,
  ordinaryInstallation,
  OWN,
} from "./netlab/ordinary_user.ts";
import { labTest } from "./netlab/requirements.ts";
import { EVERY_GROUP, Lab } from "./netlab/topology.ts";

const README = await Deno.readTextFile(
  new URL("../README.md", import.meta.url),
);

/** A fenced block of Markdown. */
interface Block {
  readonly language: string;
  readonly text: string;
}

function fencedBlocks(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .map(([, language, text]) => ({ language: language!, text: text! }));
}

/** One command line, and what is said about it. */
interface CommandLine {
  readonly line: string;
  readonly code: number;
  readonly interrupted: boolean;
  /** What it prints, up to the numbers. */
  readonly sample?: string;
}

function commandLines(blocks: readonly Block[]): CommandLine[] {
  return blocks.flatMap(({ language, text }, index) => {
    if (language !== "sh") return [];
    const lines = text.trimEnd().split("\n");
    const next = blocks[index + 1];
    return lines.map((line) => ({
      line,
      code: Number(/# exits with (\d+)/.exec(line)?.[1] ?? 0),
      interrupted: line.includes("# ends with Ctrl-C"),
      ...next?.language === "text" && lines.length === 1
        ? { sample: next.text }
        : {},
    }));
  });
}

/** The same text for every run of a command: each number is 0. */
function withoutNumbers(text: string): string {
  return text.replaceAll(/\d+(\.\d+)*/g, "0").trimEnd();
}

const BLOCKS = fencedBlocks(README);
const ALIASES = commandLines(BLOCKS)
  .map(({ line }) => line).filter((line) => line.startsWith("alias "));
/** The suite itself: continuous integration runs it by this line. */
const SUITE = "npx -y deno@2.9.6 task test";
const COMMANDS = commandLines(BLOCKS)
  .filter(({ line }) => line !== SUITE && !ALIASES.includes(line));
const SNIPPETS = BLOCKS
  .filter(({ language }) => language === "ts").map(({ text }) => text);

/** What the names in the README stand for. */
const HOSTS = `127.0.0.1 localhost
::1 localhost
198.51.100.10 example.com
2001:db8::10 example.com
`;

/** A machine of one's own, on which everyone may ping. */
class Machine implements AsyncDisposable {
  readonly #lab: Lab;
  readonly #configuration: string;

  private constructor(lab: Lab) {
    this.#lab = lab;
    this.#configuration = `/etc/netns/${lab.namespace("machine")}`;
  }

  static async create(): Promise<Machine> {
    const machine = new Machine(
      await Lab.create({
        hosts: {
          machine: {
            addresses: [
              "198.51.100.10/32",
              "2001:db8::10/128",
              "192.168.7.0/24",
            ],
            routes: [
              "local 192.168.7.0/24 dev lo",
              "unreachable 203.0.113.0/24",
            ],
            sysctls: { "net.ipv4.ping_group_range": EVERY_GROUP },
          },
        },
      }),
    );
    await Deno.mkdir(machine.#configuration, { recursive: true });
    await Deno.writeTextFile(`${machine.#configuration}/hosts`, HOSTS);
    return machine;
  }

  /** Runs one line as a terminal would; sends Ctrl-C after the second line of output, where it says so. */
  async run(
    { line, code, interrupted, sample }: CommandLine,
    user: "root" | "ordinary",
  ): Promise<void> {
    const { folder, env, deno } = await installation(user);
    const script = [
      `cd ${folder}`,
      `deno() { ${deno} "$@"; }`,
      'npx() { shift 2; deno "$@"; }', // -y deno@VERSION: the version that runs this test
      "shopt -s expand_aliases",
      ...ALIASES,
      line,
    ].join("\n");
    await using child = await this.#lab.spawn(
      "machine",
      ["setsid", "bash", "-c", script],
      { user, env },
    );
    if (interrupted) {
      let lines = 0;
      await child.line(() => ++lines === 2);
      Deno.kill(-child.pid, "SIGINT");
    }
    const result = await child.finish();
    const told = `${user}: ${line}\n${result.stdout}${result.stderr}`;
    assertEquals(result.code, code, told);
    assert(result.stdout.length > 0 || code !== 0, told);
    if (interrupted) assertStringIncludes(result.stdout, " statistics ---");
    if (sample !== undefined) {
      assertEquals(
        withoutNumbers(result.stdout),
        withoutNumbers(sample),
        told,
      );
    }
  }

  /** Type-checks and runs a snippet that lies beside mod.ts. */
  async runSnippet(text: string, user: "root" | "ordinary"): Promise<void> {
    const { folder, env, deno } = await installation(user);
    const source = text.replaceAll('"./mod.ts"', `"file://${folder}mod.ts"`);
    const file = await Deno.makeTempFile({ suffix: ".ts" });
    try {
      await Deno.writeTextFile(file, source);
      await Deno.chmod(file, 0o644);
      const flags = ["--no-prompt", "--allow-net", "--allow-ffi"];
      const { code, stdout, stderr } = await this.#lab.run(
        "machine",
        [
          deno,
          "run",
          "--check",
          `--config=${folder}deno.json`,
          ...flags,
          file,
        ],
        { user, env },
      );
      assertEquals(code, 0, `${user}: ${text}\n${stdout}${stderr}`);
      assert(stdout.length > 0, text);
    } finally {
      await Deno.remove(file);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lab[Symbol.asyncDispose]();
    await Deno.remove(this.#configuration, { recursive: true });
  }
}

async function installation(user: "root" | "ordinary"): Promise<Installation> {
  return user === "root" ? OWN : await ordinaryInstallation();
}

for (const user of ["root", "ordinary"] as const) {
  const who = user === "root" ? "root" : "an ordinary user";

  labTest(`README.md: every command line works for ${who}`, async () => {
    await using machine = await Machine.create();
    await Promise.all(COMMANDS.map((command) => machine.run(command, user)));
  });

  labTest(`README.md: every snippet works for ${who}`, async () => {
    await using machine = await Machine.create();
    await Promise.all(
      SNIPPETS.map((snippet) => machine.runSnippet(snippet, user)),
    );
  });
}

Deno.test("README.md holds what its tests look for", () => {
  assert(COMMANDS.length >= 10);
  assert(COMMANDS.some(({ interrupted }) => interrupted));
  assert(COMMANDS.some(({ sample }) => sample !== undefined));
  assert(SNIPPETS.length >= 2);
  assertStringIncludes(README, `\n${SUITE}\n`);
});

Deno.test("commandLines() reads comments and samples", () => {
  const blocks = fencedBlocks(
    "x\n```sh\na # exits with 1\nb # ends with Ctrl-C\n```\n" +
      "```sh\nc\n```\n\n```text\n1 of 2\n```\n",
  );
  assertEquals(commandLines(blocks), [
    { line: "a # exits with 1", code: 1, interrupted: false },
    { line: "b # ends with Ctrl-C", code: 0, interrupted: true },
    { line: "c", code: 0, interrupted: false, sample: "1 of 2\n" },
  ]);
  assertEquals(withoutNumbers("1 of 0.123 ms\n"), "0 of 0 ms");
});
