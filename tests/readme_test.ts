/**
 * Runs every command line and every TypeScript snippet of README.md in a
 * network namespace, as root and as an ordinary user, and compares what is
 * printed with the sample that follows a command.
 *
 * A `sh` block is a list of command lines. A comment at the end of a line says
 * what is not usual about it: `# exits with 1`, or `# ends with Ctrl-C`. Servers
 * run as long as the other lines do, which may be their clients. A
 * `text` block right after an `sh` block of one line is what that line prints,
 * errors last; numbers may differ.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Block, fencedBlocks, Machine, type User } from "./_machine.ts";
import { labTest } from "./netlab/requirements.ts";

const README = await Deno.readTextFile(
  new URL("../README.md", import.meta.url),
);

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

/** How long one command line may take. */
const LIMIT_MS = 45_000;

/** Ends whatever is left of a command line. */
function killGroup(leader: number): void {
  try {
    Deno.kill(-leader, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Whether a line starts a server. */
function isServer({ line, interrupted }: CommandLine): boolean {
  return interrupted && line.startsWith("netdiag echo ");
}

/**
 * Runs one line as a terminal would; sends Ctrl-C where the README says so:
 * after the second line of output, or, for a server, which is `ready` when it
 * says how to try it, when the `clients` are done.
 */
async function runLine(
  machine: Machine,
  commandLine: CommandLine,
  user: User,
  ready?: () => void,
  clients?: Promise<unknown>,
): Promise<void> {
  const { line, code, interrupted, sample } = commandLine;
  await using child = await machine.start([...ALIASES, line].join("\n"), user);
  const limit = setTimeout(() => killGroup(child.pid), LIMIT_MS);
  try {
    if (isServer(commandLine)) {
      await child.line((text) => text.startsWith("Try it: "));
      ready?.();
      await clients;
    } else if (interrupted) {
      let lines = 0;
      await child.line(() => ++lines === 2);
    }
    if (interrupted) Deno.kill(-child.pid, "SIGINT");
    const result = await child.finish();
    const told = `${user}: ${line}\n${result.stdout}${result.stderr}`;
    assertEquals(result.code, code, told);
    if (interrupted) assertStringIncludes(result.stdout, " statistics ---");
    if (sample !== undefined) {
      const stderr = result.stderr.replace(/^Task .*\n/, "");
      assertEquals(
        withoutNumbers(result.stdout + stderr),
        withoutNumbers(sample),
        told,
      );
    }
  } finally {
    clearTimeout(limit);
    killGroup(child.pid);
  }
}

/** Runs every command line: servers first, then all others at the same time. */
async function runLines(machine: Machine, user: User): Promise<void> {
  const clients = Promise.withResolvers<void>();
  const servers = COMMANDS.filter(isServer).map((server) => {
    const ready = Promise.withResolvers<void>();
    const run = runLine(machine, server, user, ready.resolve, clients.promise);
    return { run, ready: Promise.race([ready.promise, run]) };
  });
  await Promise.allSettled(servers.map(({ ready }) => ready));
  const others = COMMANDS.filter((command) => !isServer(command))
    .map((command) => runLine(machine, command, user));
  Promise.allSettled(others).then(() => clients.resolve());
  await all([...others, ...servers.map(({ run }) => run)]);
}

/** Runs all at the same time; fails with what each failure says. */
async function all(runs: readonly Promise<void>[]): Promise<void> {
  const failures = (await Promise.allSettled(runs))
    .flatMap((run) => run.status === "rejected" ? [String(run.reason)] : []);
  assert(failures.length === 0, failures.join("\n\n"));
}

for (const user of ["root", "ordinary"] as const) {
  const who = user === "root" ? "root" : "an ordinary user";

  labTest(`README.md: every command line works for ${who}`, async () => {
    await using machine = await Machine.create();
    await runLines(machine, user);
  });

  labTest(`README.md: every snippet works for ${who}`, async () => {
    await using machine = await Machine.create();
    await all(
      SNIPPETS.map((text) => machine.runSnippet(text, "README.md", user)),
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
