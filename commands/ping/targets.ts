/** Which targets a ping command line means: one, a few, a range, or a file of them. */

import { MAX_TARGETS } from "../../lib/ping/limits.ts";
import {
  AddressRange,
  formatAddress,
  quoteHost,
} from "../../lib/wire/address.ts";
import { systemReason, UsageError } from "../cli/errors.ts";
import { hosts, isGranted, MAX_LISTED_HOSTS } from "../cli/permissions.ts";
import type { Operand, Permission } from "../command.ts";
import type { PingValues } from "../ping.ts";
import { isGiven } from "./probe_options.ts";

/** The targets of one command line. */
export type Targets =
  | { readonly kind: "one"; readonly host: string }
  | { readonly kind: "list"; readonly hosts: readonly string[] }
  | { readonly kind: "range"; readonly range: AddressRange }
  | {
    readonly kind: "file";
    /** `-` is standard input. */
    readonly path: string;
  };

/** As many targets as there may be, with names of a usual length. */
const MAX_FILE_BYTES = 2 ** 26;

/** No name that can be resolved is longer (RFC 1035 section 2.3.4). */
const MAX_NAME_WIDTH = 253;

const NETWORK = /^[\d.:a-f]+\/\d+$/i;

/** Options that have no meaning for more than one target. */
const ONE_TARGET_OPTIONS = [
  "flood",
  "adaptive",
  "preload",
  "outstanding",
  "audible",
] as const;

/** Options that ask for a line a target, however few there are. */
const MANY_TARGETS_OPTIONS = [
  "alive",
  "unreachable",
  "retries",
  "rate",
] as const;

/**
 * Finds out what the operands of a command line are.
 *
 * @throws {UsageError} when there are none, too many, or options that do not go together
 * @throws {AddressError} when a range is none
 */
export function planTargets(
  options: PingValues,
  operands: readonly Operand[],
): Targets {
  const targets = findTargets(options, operands);
  if (targets.kind === "one") return targets;
  const isFile = targets.kind === "file" && options.file === undefined;
  for (const name of ONE_TARGET_OPTIONS) {
    if (options[name] && !(name === "flood" && isFile)) {
      throw new UsageError(
        `Option "--${name}" is for one target` +
          (name === "flood" ? "; --file FILE reads targets from a file" : ""),
      );
    }
  }
  if (options.alive && options.unreachable) {
    throw new UsageError(
      'Options "--alive" and "--unreachable" exclude each other',
    );
  }
  return targets;
}

function findTargets(
  options: PingValues,
  operands: readonly Operand[],
): Targets {
  const names = operands.map(({ text }) => text);
  if (options.file !== undefined) {
    if (names.length > 0) {
      throw new UsageError(
        `Unexpected argument "${names[0]}": the targets come from --file`,
      );
    }
    return { kind: "file", path: options.file };
  }
  if (options.range) {
    const range = parseRange(names);
    requireFamily(range, options);
    return { kind: "range", range };
  }
  const [first, ...others] = operands;
  if (first === undefined) {
    throw new UsageError(
      'Destination address required, as in "netdiag ping example.com"',
    );
  }
  const network = names.find((name) => NETWORK.test(name));
  if (network !== undefined) {
    throw new UsageError(networkHint(network));
  }
  if (others.length > 0) return { kind: "list", hosts: names };
  if (first.after === "flood" && namesFile(first.text)) {
    return { kind: "file", path: first.text };
  }
  return MANY_TARGETS_OPTIONS.some((name) => isGiven(options[name]))
    ? { kind: "list", hosts: names }
    : { kind: "one", host: first.text };
}

/** `10.0.0.0/24`, `10.0.0.1 10.0.0.9` or `10.0.0.1-10.0.0.9`. */
function parseRange(names: readonly string[]): AddressRange {
  const ends = names.length === 1 && !names[0]!.includes("/")
    ? names[0]!.split("-")
    : names;
  if (ends.length < 1 || ends.length > 2 || names.length > 2) {
    throw new UsageError(
      'Option "--range" needs a network, or a first and a last address',
    );
  }
  if (ends.length === 1 && !ends[0]!.includes("/")) {
    throw new UsageError(
      `"${
        ends[0]
      }" is no range: -g takes ADDRESS/PREFIX, or a first and a last address`,
    );
  }
  const range = ends.length === 2
    ? AddressRange.between(ends[0]!, ends[1]!)
    : AddressRange.network(ends[0]!);
  if (range.count > MAX_TARGETS) {
    throw new UsageError(
      `Range of ${range.count} addresses is too large: ${MAX_TARGETS} at most`,
    );
  }
  return range;
}

function networkHint(network: string): string {
  return `${quoteHost(network)} is a network: put -g before it`;
}

function requireFamily(range: AddressRange, options: PingValues): void {
  const other = range.family === 4 ? "ipv6" : "ipv4";
  if (options[other]) {
    throw new UsageError(
      `Option "--${other}" excludes a range of IPv${range.family} addresses`,
    );
  }
}

/**
 * Whether the word behind `-f` names a file of targets rather than a host to
 * flood: it says so by its looks, or there is such a file (as far as this
 * process may look).
 */
function namesFile(word: string): boolean {
  if (word === "-" || /[/\\]|\.(txt|list|lst|csv)$/i.test(word)) return true;
  if (!isGranted({ name: "read", path: word })) return false;
  try {
    return Deno.statSync(word).isFile;
  } catch {
    return false;
  }
}

/** What reading and reaching the targets takes. */
export function targetPermissions(
  targets: Targets,
  port: number | undefined,
): Permission[] {
  switch (targets.kind) {
    case "one":
      return hosts([targets.host], port);
    case "list":
      return hosts(targets.hosts, port);
    case "range":
      return targets.range.count <= MAX_LISTED_HOSTS
        ? hosts([...addresses(targets.range)], port)
        : [{ name: "net" }];
    case "file":
      return targets.path === "-"
        ? [{ name: "net" }]
        : [{ name: "read", path: targets.path }, { name: "net" }];
  }
}

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
  const { readLines } = await import("../cli/lines.ts");
  const targets: string[] = [];
  try {
    const input = path === "-" ? Deno.stdin : await Deno.open(path);
    for await (const line of readLines(input.readable, MAX_FILE_BYTES)) {
      const target = parseTargetLine(line);
      if (target === undefined) continue;
      if (targets.length === MAX_TARGETS) {
        throw new RangeError();
      }
      if (NETWORK.test(target)) throw new UsageError(networkHint(target));
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

/** Every address of a range, as text. */
function* addresses(range: AddressRange): Generator<string> {
  const bytes = new Uint8Array(range.family === 4 ? 4 : 16);
  for (let i = 0; i < range.count; i++) {
    range.write(i, bytes);
    yield formatAddress(bytes);
  }
}
