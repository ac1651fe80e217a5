/** Which targets a ping command line means: one, a few, a range, or a file of them. */

import { MAX_TARGETS } from "../../lib/ping/limits.ts";
import {
  AddressRange,
  formatAddress,
  quoteHost,
} from "../../lib/wire/address.ts";
import { UsageError } from "../cli/errors.ts";
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
  for (const name of names) refuseNetwork(name);
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

/** @throws {UsageError} for a network where a host is expected */
export function refuseNetwork(name: string): void {
  if (!NETWORK.test(name)) return;
  throw new UsageError(`${quoteHost(name)} is a network: put -g before it`);
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

/** Every address of a range, as text. */
export function* addresses(range: AddressRange): Generator<string> {
  const bytes = new Uint8Array(range.family === 4 ? 4 : 16);
  for (let i = 0; i < range.count; i++) {
    range.write(i, bytes);
    yield formatAddress(bytes);
  }
}
