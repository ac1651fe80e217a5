/** Measuring two programs against each other, so that what slows the machine slows both. */

/** What one benchmark found; printed as one line of JSON. */
export interface Comparison {
  readonly name: string;
  /** Medians over the rounds. */
  readonly netdiag: number;
  readonly peer: number;
  /** `netdiag / peer`. */
  readonly ratio: number;
  /** What the ratio is held to. */
  readonly required: { readonly atLeast: number } | { readonly atMost: number };
  readonly unit: string;
  readonly pass: boolean;
  readonly rounds: number;
  /** The lowest and the highest value of all rounds. */
  readonly spread: {
    readonly netdiag: readonly [number, number];
    readonly peer: readonly [number, number];
  };
  /** The command that netdiag was compared with. */
  readonly against: string;
}

/** A single value that is held to a limit; printed as one line of JSON. */
export interface Limit {
  readonly name: string;
  readonly netdiag: number;
  readonly required: Comparison["required"];
  readonly unit: string;
  readonly pass: boolean;
}

const REPOSITORY = new URL("../../", import.meta.url);

/** netdiag as `deno task netdiag` runs it, without the task runner. */
async function netdiagCommand(): Promise<string[]> {
  const { tasks } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", REPOSITORY)),
  );
  const [, ...words]: string[] = tasks.netdiag.command.split(" ");
  return [
    Deno.execPath(),
    ...words.slice(0, -1),
    new URL(words.at(-1)!, REPOSITORY).pathname,
  ];
}

export const NETDIAG: readonly string[] = await netdiagCommand();

/** The one in the middle of an odd number of values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[(sorted.length - 1) / 2]!;
}

/** Four significant digits. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

function range(values: readonly number[]): [number, number] {
  return [rounded(Math.min(...values)), rounded(Math.max(...values))];
}

/** What is compared. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly against: string;
  readonly required: Comparison["required"];
}

/** How to measure, and how often. */
export interface Turns<T> {
  /** An odd number. */
  readonly rounds: number;
  /** Each runs its program once and returns what it measured. */
  readonly netdiag: () => Promise<T>;
  readonly peer: () => Promise<T>;
}

/** What the rounds measured. */
export interface Rounds<T> {
  readonly netdiag: readonly T[];
  readonly peer: readonly T[];
}

/** Runs both once without counting, then in turns. */
export async function takeTurns<T>(turns: Turns<T>): Promise<Rounds<T>> {
  await turns.netdiag();
  await turns.peer();
  const netdiag: T[] = [];
  const peer: T[] = [];
  for (let round = 0; round < turns.rounds; round++) {
    netdiag.push(await turns.netdiag());
    peer.push(await turns.peer());
  }
  return { netdiag, peer };
}

/** Compares the medians of some rounds. */
export function judge(
  { name, unit, against, required }: Figure,
  { netdiag, peer }: Rounds<number>,
): Comparison {
  const ratio = median(netdiag) / median(peer);
  return {
    name,
    netdiag: rounded(median(netdiag)),
    peer: rounded(median(peer)),
    ratio: rounded(ratio),
    required,
    unit,
    pass: "atLeast" in required
      ? ratio >= required.atLeast
      : ratio <= required.atMost,
    rounds: netdiag.length,
    spread: { netdiag: range(netdiag), peer: range(peer) },
    against,
  };
}

/** Runs both in turns, and compares the medians. */
export async function compare(
  options: Figure & Turns<number>,
): Promise<Comparison> {
  return judge(options, await takeTurns(options));
}

/** A single value against its limit. */
export function limit(
  name: string,
  unit: string,
  netdiag: number,
  atMost: number,
): Limit {
  const pass = netdiag <= atMost;
  return { name, netdiag: rounded(netdiag), required: { atMost }, unit, pass };
}

/** What a benchmark could not measure; printed as one line of JSON. */
export interface Unmeasured {
  readonly name: string;
  /** What is missing. */
  readonly unmeasured: string;
  readonly pass: false;
}

/** What a benchmark yields. */
export type Result = Comparison | Limit | Unmeasured;

/** Where the output of a program goes. */
export type Output = "text" | "count" | "discard";

/** What a run of a program took and gave. */
export interface Run {
  /** From before its start to after its end and the end of its output. */
  readonly seconds: number;
  /** Its output, with `text`. */
  readonly text: string;
  /** How many lines it printed, with `count`. */
  readonly lines: number;
}

async function countLines(output: ReadableStream<Uint8Array>): Promise<number> {
  let lines = 0;
  for await (const chunk of output) {
    for (const byte of chunk) if (byte === 10) lines++;
  }
  return lines;
}

/**
 * Runs a program to its end. `text` and `count` read its output through a
 * pipe; `discard` gives it /dev/null.
 *
 * @throws {Error} when it fails
 */
export async function run(
  command: readonly string[],
  output: Output,
): Promise<Run> {
  const start = performance.now();
  const child = new Deno.Command(command[0]!, {
    args: command.slice(1),
    stdin: "null",
    stdout: output === "discard" ? "null" : "piped",
    stderr: "piped",
  }).spawn();
  const [text, lines, stderr, status] = await Promise.all([
    output === "text" ? new Response(child.stdout).text() : "",
    output === "count" ? countLines(child.stdout) : 0,
    new Response(child.stderr).text(),
    child.status,
  ]);
  const seconds = (performance.now() - start) / 1000;
  if (!status.success) {
    throw new Error(
      `${command.join(" ")} ended with ${status.code}: ${stderr}`,
    );
  }
  return { seconds, text, lines };
}

/**
 * The largest resident set of any program that ran so far, in MiB (getrusage
 * with RUSAGE_CHILDREN). Linux starts this count at the size of the process
 * that started the program, so it errs upwards only.
 */
export function peakChildMemory(): number {
  using libc = disposableLibc();
  const usage = new BigInt64Array(18);
  libc.symbols.getrusage(-1, usage);
  return rounded(Number(usage[4]) / 1024);
}

function disposableLibc() {
  const libc = Deno.dlopen("libc.so.6", {
    getrusage: { parameters: ["i32", "buffer"], result: "i32" },
  });
  return { symbols: libc.symbols, [Symbol.dispose]: () => libc.close() };
}
