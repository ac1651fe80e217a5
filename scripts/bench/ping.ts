/** netdiag ping against fping and the ping of iputils. */

import {
  compare,
  type Comparison,
  type Limit,
  limit,
  NETDIAG,
  type Output,
  peakChildMemory,
  type Result,
  run,
} from "./measure.ts";

const FIRST = "10.77.0.1";
const LAST = "10.77.255.254";
const TARGETS = 65_534;

/** Targets a second of a whole process that probes them all. */
async function sweepRate(
  command: readonly string[],
  output: Output,
): Promise<number> {
  const { seconds, lines } = await run(command, output);
  if (output === "count" && lines !== TARGETS) {
    throw new Error(
      `${command.join(" ")} found ${lines} of ${TARGETS} targets`,
    );
  }
  return TARGETS / seconds;
}

function compareSweeps(name: string, output: Output): Promise<Comparison> {
  const fping = "fping -a -q -i 0 -r 0 -g".split(" ").concat(FIRST, LAST);
  const netdiag = NETDIAG.concat(
    "ping -i 0 --rate 0 --retries 0 --alive -g".split(" "),
    FIRST,
    LAST,
  );
  return compare({
    name,
    unit: "targets/s",
    against: fping.join(" "),
    required: { atLeast: 2 },
    rounds: 7,
    netdiag: () => sweepRate(netdiag, output),
    peer: () => sweepRate(fping, output),
  });
}

/** 65,534 targets, one probe each, as fast as the machine can; every line read and counted, and thrown away. */
export async function* sweep(): AsyncGenerator<Comparison | Limit> {
  yield await compareSweeps("sweep", "count");
  yield await compareSweeps("sweep-discard", "discard");
  yield limit("sweep-memory", "MiB", peakChildMemory(), 200);
}

const ROUND_TRIP = "ping -c 1000 -i 0.002 127.0.0.1".split(" ");

async function netdiagMedian(): Promise<number> {
  const { text } = await run([...NETDIAG, ...ROUND_TRIP, "--json"], "text");
  const summary = JSON.parse(text.trimEnd().split("\n").at(-1)!);
  if (summary.answered !== 1000) {
    throw new Error(`Replies are missing: ${text}`);
  }
  return summary.rtt.p50Ms * 1000;
}

/** The average of the times that iputils prints; its own one is cut to whole microseconds. */
async function iputilsAverage(): Promise<number> {
  const { text } = await run(ROUND_TRIP, "text");
  const times = [...text.matchAll(/ time=([\d.]+) ms$/gm)]
    .map(([, time]) => Number(time));
  if (times.length !== 1000) throw new Error(`Replies are missing: ${text}`);
  return times.reduce((sum, time) => sum + time) / times.length * 1000;
}

/** The round trip on loopback: netdiag's median against iputils' average. */
export async function* roundTrip(): AsyncGenerator<Comparison> {
  yield await compare({
    name: "round-trip",
    unit: "us",
    against: `average of ${ROUND_TRIP.join(" ")}`,
    required: { atMost: 1 },
    rounds: 5,
    netdiag: netdiagMedian,
    peer: iputilsAverage,
  });
}

async function milliseconds(command: readonly string[]): Promise<number> {
  return (await run(command, "discard")).seconds * 1000;
}

const PING_ONCE = ["ping", "-c", "1", "127.0.0.1"];

/** One ping as a whole process against the shortest Deno program. */
function compareStartup(
  name: string,
  program: () => readonly string[],
): Promise<Comparison> {
  return compare({
    name,
    unit: "ms",
    against: "deno eval 0",
    required: { atMost: 1.5 },
    rounds: 31,
    netdiag: () => milliseconds([...program(), ...PING_ONCE]),
    peer: () => milliseconds([Deno.execPath(), "eval", "0"]),
  });
}

/** One ping from source. */
export async function* startup(): AsyncGenerator<Comparison> {
  yield await compareStartup("startup", () => NETDIAG);
}

const COPIES = 6;

/** Copies a file a few times, and gives the paths of the copies in turn. */
async function copies(path: string, to: string): Promise<() => string> {
  for (let copy = 0; copy < COPIES; copy++) {
    await Deno.copyFile(path, `${to}-${copy}`);
  }
  let next = 0;
  return () => `${to}-${next++ % COPIES}`;
}

/** One ping of the binary that NETDIAG_BIN names against two programs of the Deno that runs this: an empty one, compiled, and the shortest one. */
export async function* binary(): AsyncGenerator<Result> {
  const netdiag = Deno.env.get("NETDIAG_BIN");
  if (netdiag === undefined) {
    const unmeasured = "NETDIAG_BIN does not name the binary to measure";
    yield { name: "binary", unmeasured, pass: false };
    return;
  }
  const folder = await Deno.makeTempDir();
  try {
    const [source, compiled] = [`${folder}/empty.ts`, `${folder}/compiled`];
    await Deno.writeTextFile(source, "");
    const compile = "compile --quiet --no-config --no-prompt --no-code-cache";
    await run(
      [Deno.execPath(), ...compile.split(" "), "-o", compiled, source],
      "discard",
    );
    // Where the pages of a file lie makes a copy start up to 2 ms sooner than another.
    const ours = await copies(netdiag, `${folder}/netdiag`);
    const empty = await copies(compiled, `${folder}/empty`);
    yield await compare({
      name: "binary-startup",
      unit: "ms",
      against: "an empty compiled program",
      required: { atMost: 1.6 },
      rounds: 61,
      netdiag: () => milliseconds([ours(), ...PING_ONCE]),
      peer: () => milliseconds([empty()]),
    });
    yield await compareStartup("binary-startup-eval", () => [ours()]);
    const size = (await Deno.stat(netdiag)).size / 1e6;
    yield {
      name: "binary-size",
      netdiag: Number(size.toPrecision(4)),
      required: { atMost: 130 },
      unit: "MB",
      pass: size <= 130,
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
