/** The targets themselves, as many as there are. */

import { MAX_TARGETS } from "../../lib/ping/limits.ts";
import type { AddressRange } from "../../lib/wire/address.ts";
import { systemReason, UsageError } from "../cli/errors.ts";
import { readLines } from "../cli/lines.ts";
import { addresses, refuseNetwork, type Targets } from "./targets.ts";

/** As many targets as there may be, with names of a usual length. */
const MAX_FILE_BYTES = 2 ** 26;

/** No name that can be resolved is longer (RFC 1035 section 2.3.4). */
const MAX_NAME_WIDTH = 253;

/** What the engine takes: names and addresses, and ranges that are never spelled out. */
export type TargetList = readonly (string | AddressRange)[];

/**
 * The targets themselves; reads the file of them if that is where they are.
 * Undefined when `signal` aborts before its end.
 *
 * @throws {UsageError} when the file cannot be read or names none
 */
export async function listTargets(
  targets: Exclude<Targets, { kind: "one" }>,
  signal?: AbortSignal,
): Promise<TargetList | undefined> {
  switch (targets.kind) {
    case "list":
      return targets.hosts;
    case "range":
      return [targets.range];
    case "file": {
      if (signal?.aborted) return undefined;
      // A pipe may stay silent for ever; the program ends, and the reading with it.
      const aborted = Promise.withResolvers<undefined>();
      signal?.addEventListener("abort", () => aborted.resolve(undefined));
      const list = await Promise.race([
        readTargetFile(targets.path),
        aborted.promise,
      ]);
      if (list === undefined) return undefined;
      if (list.length === 0) {
        throw new UsageError(`Cannot find a target in "${targets.path}"`);
      }
      return list;
    }
  }
}

/** Reads a list of targets from a file, or from standard input for `-`. */
async function readTargetFile(path: string): Promise<string[]> {
  const targets: string[] = [];
  try {
    const input = path === "-" ? Deno.stdin : await Deno.open(path);
    for await (const line of readLines(input.readable, MAX_FILE_BYTES)) {
      const target = parseTargetLine(line);
      if (target === undefined) continue;
      if (targets.length === MAX_TARGETS) {
        throw new RangeError();
      }
      refuseNetwork(target);
      targets.push(target);
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const reason = error instanceof RangeError
      ? `more than ${MAX_TARGETS} targets, or ${MAX_FILE_BYTES} bytes`
      : systemReason(error);
    throw new UsageError(`Cannot read targets from "${path}": ${reason}`);
  }
  return targets;
}

/** The target in a line: its first word; undefined where it is empty or a comment, which `#` begins. */
export function parseTargetLine(line: string): string | undefined {
  const [word = ""] = line.replace(/#.*/, "").trim().split(/\s/);
  return word === "" ? undefined : word;
}

/** How many targets there are. */
export function countTargets(list: TargetList): number {
  return list.reduce<number>(
    (sum, target) => sum + (typeof target === "string" ? 1 : target.count),
    0,
  );
}

/** The length of the longest name among the targets, as far as names go: one overlong line must not widen all. */
export function widestName(list: TargetList): number {
  let width = 0;
  for (const target of list) {
    const names = typeof target === "string" ? [target] : addresses(target);
    for (const name of names) width = Math.max(width, name.length);
  }
  return Math.min(width, MAX_NAME_WIDTH);
}
