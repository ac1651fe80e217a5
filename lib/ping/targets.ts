import { wholeNanoseconds } from "../stats/round_trip.ts";
import {
  type Family,
  familyOf,
  formatAddress,
  isLinkLocal,
  isMulticast,
} from "../wire/address.ts";
import type { ProbeCounts, TargetResult } from "./types.ts";

type Counts = Uint32Array | Float64Array;

/** IPv4 addresses stand in the first 4 of the 16 bytes that each target has. */
const ADDRESS_BYTES = 16;

/** One counter a target. */
export type Counter =
  | "transmitted"
  | "answered"
  | "late"
  | "lost"
  | "errors"
  | "duplicates"
  | "reordered"
  | "corrupt";

const COUNTERS: readonly Counter[] = [
  "transmitted",
  "answered",
  "late",
  "lost",
  "errors",
  "duplicates",
  "reordered",
  "corrupt",
];

/**
 * The targets of a run and what came of each, in typed arrays: a /12 has a
 * million of them. Addresses that have no name of their own cost no string.
 */
export class Targets {
  readonly size: number;
  readonly #names = new Map<number, string>();
  readonly #errors = new Map<
    number,
    { readonly message: string; readonly code: string | undefined }
  >();
  readonly #addresses: Uint8Array;
  /** Where one of them stands while it is turned into text. */
  readonly #addressBytes = { 4: new Uint8Array(4), 6: new Uint8Array(16) };
  /** IPv6 zones: the system's number and, with its `%`, the text. */
  readonly #zones = new Map<number, { scopeId: number; text: string }>();
  /** 4 or 6; 0 where the name did not resolve. */
  readonly #families: Uint8Array;
  readonly #familiesInUse = new Set<Family>();
  #hasMulticast = false;
  readonly #counters: Readonly<Record<Counter, Counts>>;
  readonly #sums: Float64Array;
  readonly #minima: Float64Array;
  readonly #maxima: Float64Array;
  readonly #lastSentAt: Float64Array;
  readonly #furthest: Float64Array;
  readonly #heardOf: Float64Array;
  readonly #inFlight: Uint32Array;
  readonly #reported: Uint8Array;

  constructor(size: number) {
    this.size = size;
    this.#addresses = new Uint8Array(size * ADDRESS_BYTES);
    this.#families = new Uint8Array(size);
    // A flood of one target comes to 2^32 in some hours.
    const Counts = size === 1 ? Float64Array : Uint32Array;
    this.#counters = Object.fromEntries(
      COUNTERS.map((name) => [name, new Counts(size)]),
    ) as Record<Counter, Counts>;
    this.#sums = new Float64Array(size);
    this.#minima = new Float64Array(size).fill(Infinity);
    this.#maxima = new Float64Array(size);
    this.#lastSentAt = new Float64Array(size);
    this.#furthest = new Float64Array(size);
    this.#heardOf = new Float64Array(size);
    this.#inFlight = new Uint32Array(size);
    this.#reported = new Uint8Array(size);
  }

  /** Sets the address of a target. */
  setAddress(
    target: number,
    bytes: Uint8Array,
    zone?: { readonly scopeId: number; readonly text: string },
  ): void {
    const family = familyOf(bytes);
    this.#addresses.set(bytes, target * ADDRESS_BYTES);
    this.#families[target] = family;
    this.#familiesInUse.add(family);
    if (isMulticast(bytes)) this.#hasMulticast = true;
    if (zone !== undefined && zone.scopeId !== 0) this.#zones.set(target, zone);
  }

  /** The families that there are among the addresses. */
  get families(): ReadonlySet<Family> {
    return this.#familiesInUse;
  }

  /** Whether there is a multicast address among them. */
  get hasMulticast(): boolean {
    return this.#hasMulticast;
  }

  /** Names a target other than by its address. */
  setName(target: number, name: string): void {
    this.#names.set(target, name);
  }

  /** The target as the caller named it. */
  name(target: number): string {
    return this.#names.get(target) ?? this.address(target) ?? "";
  }

  /** The target's address in text; undefined where its name did not resolve. */
  address(target: number): string | undefined {
    const family = this.#families[target]!;
    if (family === 0) return undefined;
    const bytes = this.#addressBytes[family as Family];
    this.writeAddress(target, bytes);
    return this.inZone(target, bytes);
  }

  /** An address that has to do with a target, in text; a link-local one is in the target's zone. */
  inZone(target: number, address: Uint8Array): string {
    const text = formatAddress(address);
    const zone = this.#zones.get(target);
    return zone !== undefined && isLinkLocal(address) ? text + zone.text : text;
  }

  /** The family of the target's address; undefined where its name did not resolve. */
  family(target: number): Family | undefined {
    const family = this.#families[target]!;
    return family === 0 ? undefined : family as Family;
  }

  /** The IPv6 zone of a target; 0 is none. */
  scopeId(target: number): number {
    return this.#zones.get(target)?.scopeId ?? 0;
  }

  /** Copies the target's address into `into`, which is as long as its family's addresses. */
  writeAddress(target: number, into: Uint8Array): void {
    const start = target * ADDRESS_BYTES;
    for (let i = 0; i < into.length; i++) {
      into[i] = this.#addresses[start + i]!;
    }
  }

  /** Whether the target has this address. */
  hasAddress(target: number, address: Uint8Array): boolean {
    const start = target * ADDRESS_BYTES;
    for (let i = 0; i < address.length; i++) {
      if (this.#addresses[start + i] !== address[i]) return false;
    }
    return true;
  }

  /** What a counter of a target stands at. */
  count(target: number, counter: Counter): number {
    return this.#counters[counter][target]!;
  }

  /** Adds one to a counter of a target. */
  increment(target: number, counter: Counter): void {
    this.#counters[counter][target]!++;
  }

  /** Takes one back from a counter of a target. */
  decrement(target: number, counter: Counter): void {
    this.#counters[counter][target]!--;
  }

  /** The sum of a counter over all targets. */
  #total(counter: Counter): number {
    return sum(this.#counters[counter]);
  }

  /** Notes that a probe to a target is about to be sent. */
  schedule(target: number, at: number): void {
    this.#lastSentAt[target] = at;
  }

  /** Notes that a probe was sent to a target. */
  send(target: number, at: number): void {
    this.increment(target, "transmitted");
    this.#lastSentAt[target] = at;
    this.#inFlight[target]!++;
  }

  /** Notes that a probe to a target is no longer in flight. */
  land(target: number): void {
    this.#inFlight[target]!--;
  }

  /** Probes to a target that are in flight. */
  inFlight(target: number): number {
    return this.#inFlight[target]!;
  }

  /** When the last probe to a target was sent: monotonic, in milliseconds. */
  lastSentAt(target: number): number {
    return this.#lastSentAt[target]!;
  }

  /**
   * Notes that the `round`-th probe of a target, from 0, was answered.
   *
   * @returns whether the answer to a later one had come before
   */
  advance(target: number, round: number): boolean {
    if (round < this.#furthest[target]! - 1) return true;
    this.#furthest[target] = round + 1;
    return false;
  }

  /** Notes that something was heard of the `round`-th probe of a target. */
  hear(target: number, round: number): void {
    if (round >= this.#heardOf[target]!) this.#heardOf[target] = round + 1;
  }

  /** The first probe of a target, from 0, after which nothing was heard of any. */
  heardOf(target: number): number {
    return this.#heardOf[target]!;
  }

  /** Adds the round-trip time of an answered probe: of all of them, or of none. */
  addRoundTrip(target: number, rttMs: number): void {
    this.#sums[target]! += rttMs;
    if (rttMs < this.#minima[target]!) this.#minima[target] = rttMs;
    if (rttMs > this.#maxima[target]!) this.#maxima[target] = rttMs;
  }

  /** What came of a target. */
  result(target: number, isFinished: boolean): TargetResult {
    const counters = this.#counters;
    const answered = counters.answered[target]!;
    const address = this.address(target);
    const error = this.#errors.get(target);
    const result: { -readonly [K in keyof TargetResult]: TargetResult[K] } = {
      type: "target",
      host: this.#names.get(target) ?? address ?? "",
      alive: answered > 0,
      transmitted: counters.transmitted[target]!,
      answered,
      late: counters.late[target]!,
      lost: counters.lost[target]!,
      errors: counters.errors[target]!,
      inFlight: this.#inFlight[target]!,
      duplicates: counters.duplicates[target]!,
      reordered: counters.reordered[target]!,
      corrupt: counters.corrupt[target]!,
    };
    const loss = lossPercent(result);
    if (loss !== undefined) result.lossPercent = loss;
    if (address !== undefined) result.address = address;
    if (this.#minima[target]! < Infinity) {
      result.minMs = this.#minima[target]!;
      result.avgMs = wholeNanoseconds(this.#sums[target]! / answered);
      result.maxMs = this.#maxima[target]!;
    }
    if (error !== undefined) {
      result.error = error.message;
      if (error.code !== undefined) result.code = error.code;
    }
    if (!isFinished) result.unfinished = true;
    return result;
  }

  /** How all probes to all targets have ended so far. */
  totals(): ProbeCounts {
    const totals = {
      transmitted: this.#total("transmitted"),
      answered: this.#total("answered"),
      late: this.#total("late"),
      lost: this.#total("lost"),
      errors: this.#total("errors"),
      inFlight: sum(this.#inFlight),
      duplicates: this.#total("duplicates"),
      reordered: this.#total("reordered"),
      corrupt: this.#total("corrupt"),
    };
    const loss = lossPercent(totals);
    return loss === undefined ? totals : { ...totals, lossPercent: loss };
  }

  /** Notes why a target cannot be reached, and the system's name for it where this machine refuses to send. */
  setError(target: number, message: string, code?: string): void {
    this.#errors.set(target, { message, code });
  }

  /** The targets of which it is known why they cannot be reached. */
  get failed(): Iterable<number> {
    return this.#errors.keys();
  }

  /** Marks the result of a target as reported; returns false where it was before. */
  report(target: number): boolean {
    if (this.#reported[target] === 1) return false;
    this.#reported[target] = 1;
    return true;
  }
}

function sum(counts: Counts): number {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i]!;
  return total;
}

/** What was lost or refused, in percent of the probes that ended; undefined while none has. */
function lossPercent(
  { transmitted, inFlight, lost, errors }: Omit<ProbeCounts, "lossPercent">,
): number | undefined {
  const ended = transmitted - inFlight;
  return ended === 0 ? undefined : (lost + errors) * 100 / ended;
}
