/** Playing a scenario in a lab, and judging what netdiag said of it. */

import type { Counts, Expected, Run, Scenario } from "./internet/scenario.ts";
import type { LabProcess, RunResult } from "./process.ts";
import { EVERY_GROUP, Lab } from "./topology.ts";

const FOLDER = `${import.meta.dirname}/scenarios`;
const PLAYER = `${import.meta.dirname}/internet/main.ts`;
const MEMORY_INTERVAL_MS = 50;
/** Of thousands of targets with the same fault some are enough. */
const SHOWN_TARGETS = 5;
/** The one host of a scenario's lab. */
export const HOST = "here";

/** The path of a scenario's file. */
export function scenarioPath(name: string): string {
  return `${FOLDER}/${name}.json`;
}

/** All scenarios by name, in order. */
export function readScenarios(): [string, Scenario][] {
  return [...Deno.readDirSync(FOLDER)]
    .map(({ name }) => name.replace(/\.json$/, ""))
    .sort()
    .map((
      name,
    ) => [name, JSON.parse(Deno.readTextFileSync(scenarioPath(name)))]);
}

/** A lab of one host whose default route leads into a simulated internet. */
export class Playground implements AsyncDisposable {
  readonly lab: Lab;
  readonly #player: LabProcess;

  private constructor(lab: Lab, player: LabProcess) {
    this.lab = lab;
    this.#player = player;
  }

  /** Sets up the lab and starts the scenario in the file at `path`. */
  static async create(
    path: string,
    sysctls: Readonly<Record<string, string | number>> = {},
  ): Promise<Playground> {
    const lab = await Lab.create({ hosts: { [HOST]: { sysctls } } });
    try {
      const player = await lab.spawn(HOST, [
        ...[Deno.execPath(), "run", "-A", "--quiet", PLAYER, path],
      ], { holdStdin: true });
      await player.line((line) => line === '"ready"');
      return new Playground(lab, player);
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Ends the play; returns what the simulator counted. */
  async end(): Promise<Counts> {
    await this.#player.closeStdin();
    const { code, stdout, stderr } = await this.#player.finish();
    if (code !== 0) {
      throw new Error(`The simulator ended with ${code}: ${stderr}`);
    }
    return JSON.parse(stdout.trim().split("\n").at(-1)!);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }
}

/** One line of netdiag's JSON output. */
export type Line = Readonly<Record<string, unknown>>;

/** What came of a run. */
export interface Outcome extends RunResult {
  readonly lines: readonly Line[];
  readonly counts: Counts;
  readonly peakMemory: number;
}

/** Plays a scenario once for one command line. */
export async function play(
  name: string,
  run: Run,
  user: "root" | "ordinary",
): Promise<Outcome> {
  await using playground = await Playground.create(
    scenarioPath(name),
    user === "ordinary" ? { "net.ipv4.ping_group_range": EVERY_GROUP } : {},
  );
  const child = await playground.lab.spawn(
    HOST,
    `${run.command} --json`,
    { user },
  );
  let peakMemory = 0;
  const timer = setInterval(async () => {
    peakMemory = Math.max(peakMemory, await child.peakMemory());
  }, MEMORY_INTERVAL_MS);
  try {
    const result = await child.finish();
    const lines = result.stdout.trim().split("\n")
      .filter((line) => line !== "")
      .map((line): Line => JSON.parse(line));
    return { ...result, lines, counts: await playground.end(), peakMemory };
  } finally {
    clearInterval(timer);
  }
}

function meets(actual: unknown, expected: Expected, counts: Counts): boolean {
  if (typeof expected === "object") {
    const { min = -Infinity, max = Infinity } = expected;
    return typeof actual === "number" && actual >= min && actual <= max;
  }
  if (typeof expected === "string" && expected.startsWith("$")) {
    return actual === counts[expected.slice(1) as keyof Counts];
  }
  return actual === expected;
}

/** Whether all that `part` has is in `whole`, too. */
function isPart(part: unknown, whole: unknown): boolean {
  if (typeof part !== "object" || part === null) return part === whole;
  if (typeof whole !== "object" || whole === null) return false;
  return Object.entries(part).every(([key, value]) =>
    isPart(value, (whole as Record<string, unknown>)[key])
  );
}

function countTypes(lines: readonly Line[]): Record<string, number> {
  const types: Record<string, number> = {};
  for (const { type } of lines) {
    types[String(type)] = (types[String(type)] ?? 0) + 1;
  }
  return types;
}

/** The value of a field; `rtt.minMs` is a field within a field. */
function field(line: Line, path: string): unknown {
  return path.split(".").reduce<unknown>(
    (value, name) => (value as Record<string, unknown> | undefined)?.[name],
    line,
  );
}

const STATES = ["answered", "late", "lost", "errors", "inFlight"];

/** What holds for the counts of every run and every target: each probe ends in one state. */
function judgeCounts(line: Line): string[] {
  const faults: string[] = [];
  const sum = STATES.reduce((total, name) => total + Number(line[name]), 0);
  if (sum !== line.transmitted) {
    faults.push(`${line.transmitted} transmitted, but ${sum} accounted for`);
  }
  const times = (line.rtt ?? line) as Line;
  const [min, avg, max] = [times.minMs, times.avgMs, times.maxMs].map(Number);
  const hasTimes = times.minMs !== undefined;
  if (hasTimes !== Number(line.answered) > 0) {
    faults.push(`${line.answered} answered, but round-trip times: ${hasTimes}`);
  }
  if (hasTimes && !(min! > 0 && min! <= avg! && avg! <= max!)) {
    faults.push(`round-trip times ${min}, ${avg}, ${max}`);
  }
  return faults;
}

/** The lines about single probes say the same as the summary of a run with one target. */
function judgeLines(
  summary: Line,
  types: Readonly<Record<string, number>>,
): string[] {
  const pairs = { reply: "answered", late: "late", duplicate: "duplicates" };
  return Object.entries(pairs)
    .filter(([type, name]) => (types[type] ?? 0) !== summary[name])
    .map(([type, name]) =>
      `${types[type] ?? 0} lines of type ${type}, but ${name} is ${
        summary[name]
      }`
    );
}

/** The lines about targets say the same as the summary, which also counts a lost probe that is answered later. */
function judgeTargets(targets: readonly Line[], summary: Line): string[] {
  return ["answered", "errors"].flatMap((name) => {
    const sum = targets.reduce((total, line) => total + Number(line[name]), 0);
    return sum === summary[name]
      ? []
      : [`${name} is ${summary[name]}, but ${sum} in the lines of the targets`];
  });
}

/** Everything in which an outcome is not what the run expects; empty where there is nothing. */
export function judge(run: Run, outcome: Outcome): string[] {
  const { code, lines, stderr, counts, peakMemory } = outcome;
  const faults: string[] = [];
  if (!meets(code, run.code, counts)) {
    faults.push(`exit status ${code}, not ${JSON.stringify(run.code)}`);
  }
  const summary = lines.at(-1);
  const types = countTypes(lines);
  if (summary?.type !== "summary") {
    if (run.summary !== undefined) faults.push("no summary in the last line");
  } else {
    faults.push(...judgeCounts(summary));
    if (types.start !== undefined) faults.push(...judgeLines(summary, types));
    for (const [name, expected] of Object.entries(run.summary ?? {})) {
      const actual = field(summary, name);
      if (!meets(actual, expected, counts)) {
        faults.push(`${name} is ${actual}, not ${JSON.stringify(expected)}`);
      }
    }
  }
  const targets = lines.filter(({ type }) => type === "target");
  if (targets.length > 0) faults.push(...judgeTargets(targets, summary!));
  const wrong = targets.flatMap((line) =>
    judgeCounts(line).map((fault) => `${line.host}: ${fault}`)
  );
  faults.push(...wrong.slice(0, SHOWN_TARGETS));
  for (const [type, expected] of Object.entries(run.events ?? {})) {
    if (!meets(types[type] ?? 0, expected, counts)) {
      faults.push(
        `${types[type] ?? 0} lines of type ${type}, not ${
          JSON.stringify(expected)
        }`,
      );
    }
  }
  for (const part of run.contains ?? []) {
    if (!lines.some((line) => isPart(part, line))) {
      faults.push(`no line with ${JSON.stringify(part)}`);
    }
  }
  for (const [name, expected] of Object.entries(run.counts ?? {})) {
    const actual = counts[name as keyof Counts];
    if (!meets(actual, expected, counts)) {
      faults.push(`simulator: ${name} is ${actual}, not ${expected}`);
    }
  }
  if (counts.malformed > 0) {
    faults.push(`${counts.malformed} malformed packets were sent`);
  }
  const limit = (run.memoryMiB ?? Infinity) * 2 ** 20;
  if (peakMemory > limit) {
    faults.push(`${Math.round(peakMemory / 2 ** 20)} MiB of memory`);
  }
  const saysRight = run.stderr === undefined
    ? stderr === ""
    : stderr.includes(run.stderr);
  if (!saysRight) faults.push(`standard error: ${JSON.stringify(stderr)}`);
  return faults;
}
