/** Runs every scenario of `scenarios/`; `--filter NAME` runs one. */

import type { Run, Scenario } from "./internet/scenario.ts";
import { labTest } from "./requirements.ts";
import { judge, type Outcome, play, readScenarios } from "./scenarios.ts";

/** So much of the output is shown when a run is not as expected. */
const SHOWN_LINES = 40;
/** Runs of one scenario at a time; most of them wait most of the time. */
const CONCURRENCY = 3;

function excerpt(outcome: Outcome): string {
  const lines = outcome.stdout.trim().split("\n");
  const shown = lines.length <= SHOWN_LINES
    ? lines
    : [...lines.slice(0, SHOWN_LINES - 2), "...", lines.at(-1)];
  return [...shown, JSON.stringify(outcome.counts)].join("\n");
}

/** What is wrong with one run, or undefined. */
async function report(
  name: string,
  run: Run,
  user: "root" | "ordinary",
): Promise<string | undefined> {
  const outcome = await play(name, run, user);
  const faults = judge(run, outcome);
  if (faults.length === 0) return undefined;
  return `${run.command}, as ${user}\n- ${faults.join("\n- ")}\n${
    excerpt(outcome)
  }`;
}

async function runScenario(name: string, scenario: Scenario): Promise<void> {
  const waiting = scenario.runs.flatMap((run) =>
    (run.as ?? ["root"]).map((user) => () => report(name, run, user))
  );
  const reports: string[] = [];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const text = await next();
      if (text !== undefined) reports.push(text);
    }
  };
  await Promise.all(
    Array.from({ length: scenario.alone ? 1 : CONCURRENCY }, work),
  );
  if (reports.length > 0) {
    throw new Error(`${scenario.about}\n\n${reports.join("\n\n")}`);
  }
}

for (const [name, scenario] of readScenarios()) {
  labTest(
    `ping copes with the scenario "${name}"`,
    () => runScenario(name, scenario),
    ["tun"],
  );
}
