/** Following the JSON lines of a ping while it runs. */

import { assertEquals } from "@std/assert";
import type { LabProcess, RunResult } from "./process.ts";
import { EVERY_GROUP, type Topology } from "./topology.ts";

/** An event or a summary of netdiag's, as far as these tests look at it. */
export interface Line {
  readonly type: string;
  readonly sequence: number;
  readonly identifier: number;
  readonly rttMs: number;
  readonly code?: string;
  readonly from?: string;
  readonly message?: string;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  readonly refused?: boolean;
  readonly transmitted: number;
  readonly answered: number;
  readonly late: number;
  readonly lost: number;
  readonly errors: number;
  readonly inFlight: number;
  readonly duplicates: number;
  readonly corrupt: number;
  readonly durationMs: number;
  readonly rtt?: { readonly maxMs: number };
}

/** Two hosts on one link, of which `near` lets everyone ping. */
export const PAIR: Topology = {
  hosts: {
    near: { sysctls: { "net.ipv4.ping_group_range": EVERY_GROUP } },
    far: {},
  },
  links: [[
    { host: "near", addresses: ["10.9.1.1/24", "fd09:1::1/64"] },
    { host: "far", addresses: ["10.9.1.2/24", "fd09:1::2/64"] },
  ]],
};

/** What it printed with `--json`. */
export function lines({ stdout }: RunResult): Line[] {
  return stdout.trim().split("\n").map((line) => JSON.parse(line));
}

/** Waits until the program has printed `count` lines of a type. */
export async function waitFor(
  child: LabProcess,
  type: string,
  count: number,
): Promise<void> {
  let seen = 0;
  await child.line((line) => JSON.parse(line).type === type && ++seen >= count);
}

/** Waits for a reply that is not there yet. */
export async function nextReply(child: LabProcess): Promise<void> {
  let unread = child.printed;
  await child.line((line) => --unread < 0 && JSON.parse(line).type === "reply");
}

/** The summary, whose counts must add up. */
export function summaryOf(result: RunResult): Line {
  const summary = lines(result).at(-1)!;
  assertEquals(summary.type, "summary", result.stdout + result.stderr);
  const { answered, late, lost, errors, inFlight } = summary;
  assertEquals(summary.transmitted, answered + late + lost + errors + inFlight);
  return summary;
}
