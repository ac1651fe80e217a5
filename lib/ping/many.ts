import { openEventLoop } from "../socket/icmp.ts";
import { OptionError } from "../socket/options.ts";
import { isNetUnlimited, requireNet } from "../socket/permission.ts";
import { isHostName, ResolutionError, resolve } from "../socket/resolve.ts";
import {
  type AddressRange,
  type Family,
  formatAddress,
  quoteHost,
} from "../wire/address.ts";
import { Engine } from "./engine.ts";
import { asDestination, openProber } from "./open.ts";
import { MAX_TARGETS } from "./limits.ts";
import { type CommonPlan, planMany } from "./options.ts";
import type { Prober } from "./prober.ts";
import { Probes, SEQUENCES } from "./probes.ts";
import { ManySchedule } from "./many_schedule.ts";
import { Targets } from "./targets.ts";
import type {
  PingManyEvent,
  PingManyOptions,
  PingManySummary,
} from "./types.ts";

/** Probes that one call sends. */
const BATCH = 64;
const RECEIVE_BUFFER = 8 << 20;
/** Names that are looked up at the same time; the system's resolver has so many threads. */
const LOOKUPS = 16;

/**
 * Probes many hosts over one socket a family, and yields the result of each
 * as soon as it is known, and a summary last. With `probes: true` it yields
 * what becomes of each probe as well.
 *
 * A name that does not resolve is a result with an `error`, not an exception.
 * When `signal` aborts, the run ends: each target that was probed yields its
 * result as far as it goes, and the summary follows.
 *
 * @example
 * ```ts
 * import { AddressRange, pingMany } from "@netdiag/netdiag";
 *
 * const targets = ["localhost", AddressRange.network("127.0.0.8/29")];
 * for await (const event of pingMany(targets, { retries: 0 })) {
 *   if (event.type === "target") console.log(event.host, event.alive);
 * }
 * ```
 *
 * @param targets names, addresses, and ranges of addresses; at most a /12 in all
 * @throws {OptionError} when an option has a value that cannot be used
 * @throws {PermissionError} when Deno's `net` permission does not cover each target, or `ffi` is not granted
 * @throws {IcmpUnavailableError} when the system allows this process no ICMP
 * @throws {SystemError} when the system refuses an option
 */
export async function* pingMany(
  targets: Iterable<string | AddressRange> & object,
  options: PingManyOptions = {},
): AsyncGenerator<PingManyEvent, void, void> {
  for await (const events of pingManyInBatches(targets, options)) {
    yield* events;
  }
}

/** As {@linkcode pingMany}, but yields the events of one moment together, which is faster for very many. */
export async function* pingManyInBatches(
  targets: Iterable<string | AddressRange> & object,
  options: PingManyOptions = {},
): AsyncGenerator<readonly PingManyEvent[], void, void> {
  // Without types, a string passes for a list of its characters.
  if (typeof targets === "string") {
    throw new OptionError(
      "targets",
      `Cannot use ${quoteHost(targets)} as targets: put it in an array`,
    );
  }
  const plan = planMany(options);
  const { signal } = options;
  const table = await resolveAll([...targets], plan, options);
  let events: PingManyEvent[] = [];
  const results = { alive: 0, unreachable: 0, unresolved: 0 };
  const report = (target: number, isFinished: boolean) => {
    if (!table.report(target)) return;
    const result = table.result(target, isFinished);
    if (result.address === undefined) results.unresolved++;
    else if (result.alive) results.alive++;
    else if (isFinished) results.unreachable++;
    events.push(result);
  };
  for (const target of table.failed) report(target, true);

  const probes = new Probes(capacityFor(table.size));
  using resources = new DisposableStack();
  const loop = resources.use(await openEventLoop());
  const shared = {
    probes,
    targets: table,
    batch: BATCH,
    receiveBuffer: RECEIVE_BUFFER,
    anySource: options.broadcast === true || table.hasMulticast,
    roundTrips: options.roundTrips,
  };
  const probers = new Map<Family, Prober>();
  for (const family of table.families) {
    const prober = await openProber(loop, family, plan, options, shared);
    probers.set(family, resources.use(prober));
  }
  const engine = resources.use(
    new Engine({
      loop,
      probes,
      targets: table,
      schedule: new ManySchedule(plan, table),
      probers,
      timeoutMs: plan.timeoutMs,
      roundTrips: options.roundTrips,
      // A target is told of once only, so not before its last answer can be
      // counted; an error ends the handshake that it is about.
      waitsAfterErrors: options.probe !== "tcp",
      signal,
    }, {
      wantsEvents: options.probes === true,
      event: (event) => {
        if (event.type !== "pending") events.push(event);
      },
      settled: (target) => {
        const isEnough = plan.untilAnswered &&
          table.count(target, "answered") > 0;
        const isAll = table.count(target, "transmitted") === plan.rounds &&
          table.inFlight(target) === 0;
        if (isEnough || isAll) report(target, true);
      },
    }),
  );
  for (let goesOn = true; goesOn;) {
    goesOn = await engine.step();
    if (events.length > 0) {
      yield events;
      events = [];
    }
  }
  if (results.alive + results.unreachable + results.unresolved < table.size) {
    for (let i = 0; i < table.size; i++) {
      if (table.count(i, "transmitted") > 0) report(i, false);
    }
  }
  yield [...events, summarise(engine, table, results)];
}

/** The targets with their addresses, each checked against the `net` permission. */
async function resolveAll(
  targets: readonly (string | AddressRange)[],
  plan: CommonPlan,
  options: PingManyOptions,
): Promise<Targets> {
  const size = targets.reduce(
    (sum, target) => sum + (typeof target === "string" ? 1 : target.count),
    0,
  );
  if (size > MAX_TARGETS) {
    throw new OptionError(
      "targets",
      `Cannot ping ${size} targets at once: ${MAX_TARGETS} (a /12) at the most`,
    );
  }
  const isPortProbe = options.probe === "tcp" || options.probe === "udp";
  const port = isPortProbe ? options.port : undefined;
  const table = new Targets(size);
  const names: { index: number; host: string }[] = [];
  let index = 0;
  for (const target of targets) {
    if (typeof target === "string") {
      // What is no host at all is a result, not a missing permission.
      if (isHostName(target)) requireNet(target, port);
      names.push({ index: index++, host: target });
      table.setName(index - 1, target);
    } else {
      requireRangeFamily(target, options.family);
      addRange(table, index, target, port);
      index += target.count;
    }
  }
  const pending = names.values();
  const lookUp = async () => {
    for (const { index, host } of pending) {
      try {
        const address = asDestination(
          await resolve(host, options.family, port, options.signal),
          plan,
        );
        const zone = { scopeId: address.scopeId, text: address.zone };
        table.setAddress(index, address.bytes, zone);
      } catch (error) {
        if (options.signal?.aborted) return;
        if (!(error instanceof ResolutionError)) throw error;
        table.setError(index, error.message);
      }
    }
  };
  await Promise.all(Array.from({ length: LOOKUPS }, lookUp));
  return table;
}

function requireRangeFamily(
  range: AddressRange,
  family: Family | undefined,
): void {
  if (family !== undefined && range.family !== family) {
    throw new OptionError(
      "family",
      `Cannot use a range of IPv${range.family} addresses: IPv${family} was asked for`,
    );
  }
}

function addRange(
  table: Targets,
  start: number,
  range: AddressRange,
  port: number | undefined,
): void {
  const isChecked = isNetUnlimited();
  const bytes = new Uint8Array(range.family === 4 ? 4 : 16);
  for (let i = 0; i < range.count; i++) {
    range.write(i, bytes);
    if (!isChecked) requireNet(formatAddress(bytes), port);
    table.setAddress(start + i, bytes);
  }
}

/** Every probe of a first round is remembered. */
function capacityFor(targets: number): number {
  let capacity = SEQUENCES;
  while (capacity < targets) capacity *= 2;
  return capacity;
}

function summarise(
  engine: Engine,
  table: Targets,
  results: { alive: number; unreachable: number; unresolved: number },
): PingManySummary {
  const rtt = engine.roundTrips();
  const { durationMs } = engine;
  const known = results.alive + results.unreachable;
  return {
    type: "summary",
    targets: table.size,
    ...results,
    unfinished: table.size - known - results.unresolved,
    ...engine.counts(),
    durationMs,
    targetsPerSecond: durationMs === 0
      ? 0
      : Math.round(known / durationMs * 1e3),
    ...(rtt === undefined ? {} : { rtt }),
    clocks: engine.clocks,
  };
}
