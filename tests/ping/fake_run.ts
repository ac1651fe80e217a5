/** Whole runs of the ping engine over a fake network. */

import { Engine, type EngineEvent } from "../../lib/ping/engine.ts";
import { IcmpProber } from "../../lib/ping/icmp_prober.ts";
import { planMany, planSingle } from "../../lib/ping/options.ts";
import { ICMP_HEADER_BYTES } from "../../lib/wire/icmp.ts";
import { Payload } from "../../lib/wire/payload.ts";
import { Probes } from "../../lib/ping/probes.ts";
import { ManySchedule } from "../../lib/ping/many_schedule.ts";
import { singleEngine } from "../../lib/ping/single.ts";
import { Targets } from "../../lib/ping/targets.ts";
import type {
  PingManyOptions,
  PingOptions,
  PingReply,
  ProbeCounts,
} from "../../lib/ping/types.ts";
import { parseAddress } from "../../lib/wire/address.ts";
import {
  type FakeOptions,
  FakeTransport,
  type Script,
  VirtualClock,
} from "./fake_transport.ts";

const ICMP_HEADER = 8;
/** As many probes as there are sequence numbers. */
const CAPACITY = 0x1_0000;

/** What a run is made of. */
export interface FakeRun {
  readonly clock: VirtualClock;
  readonly transport: FakeTransport;
  readonly engine: Engine;
  readonly targets: Targets;
  readonly events: readonly EngineEvent[];
  /** The targets in the order in which probes to them ended; one of many probes is there as often. */
  readonly settled: readonly number[];
}

/** A run that has come to its end. */
export interface FinishedRun extends FakeRun {
  readonly counts: ProbeCounts;
}

interface Setup {
  readonly fake?: FakeOptions | undefined;
  /** Called once before the first step, for whatever is to happen in the middle. */
  readonly prepare?: ((run: FakeRun) => void) | undefined;
  /** Collect an event for each thing that happens. Default true. */
  readonly wantsEvents?: boolean | undefined;
}

/** Options of {@linkcode pingFake}. */
export type SingleSetup = PingOptions & Setup & { readonly address?: string };

/** Options of {@linkcode pingManyFake}. */
export type ManySetup = PingManyOptions & Setup;

async function finish(run: FakeRun): Promise<FinishedRun> {
  using engine = run.engine;
  while (await engine.step());
  return { ...run, counts: engine.counts() };
}

/** Pings one address over a scripted network, as `ping()` does. */
export async function pingFake(
  script: Script,
  setup: SingleSetup,
): Promise<FinishedRun> {
  const options = { timeoutMs: 1000, ...setup };
  const plan = planSingle(options);
  const bytes = parseAddress(setup.address ?? "192.0.2.7")!;
  const targets = new Targets(1);
  targets.setAddress(0, bytes);
  const probes = new Probes(CAPACITY);
  const clock = new VirtualClock();
  const events: EngineEvent[] = [];
  const settled: number[] = [];
  const transport = new FakeTransport(clock, script, {
    family: bytes.length === 4 ? 4 : 6,
    messageBytes: ICMP_HEADER + plan.size,
    ...setup.fake,
  });
  const payload = new Payload(ICMP_HEADER_BYTES, plan.size, setup.pattern);
  const prober = new IcmpProber(transport, probes, targets, payload, false);
  const engine = singleEngine({
    loop: clock,
    probes,
    targets,
    prober,
    options,
    plan,
  }, {
    wantsEvents: setup.wantsEvents ?? true,
    event: (event) => events.push(event),
    settled: (target) => settled.push(target),
  });
  const run = { clock, transport, engine, targets, events, settled };
  setup.prepare?.(run);
  return await finish(run);
}

/** Pings many IPv4 addresses over a scripted network, as `pingMany()` does. */
export async function pingManyFake(
  addresses: readonly Uint8Array[],
  script: Script,
  setup: ManySetup,
): Promise<FinishedRun> {
  const plan = planMany(setup);
  const targets = new Targets(addresses.length);
  addresses.forEach((bytes, index) => targets.setAddress(index, bytes));
  const probes = new Probes(CAPACITY);
  const clock = new VirtualClock();
  const events: EngineEvent[] = [];
  const settled: number[] = [];
  const transport = new FakeTransport(clock, script, {
    messageBytes: ICMP_HEADER + plan.size,
    batch: 64,
    ...setup.fake,
  });
  const payload = new Payload(ICMP_HEADER_BYTES, plan.size, setup.pattern);
  const prober = new IcmpProber(transport, probes, targets, payload, false);
  const engine = new Engine({
    loop: clock,
    probes,
    targets,
    schedule: new ManySchedule(plan, targets),
    probers: new Map([[4, prober]]),
    timeoutMs: plan.timeoutMs,
    roundTrips: setup.roundTrips,
    waitsAfterErrors: true,
    signal: setup.signal,
  }, {
    wantsEvents: setup.wantsEvents ?? true,
    event: (event) => events.push(event),
    settled: (target) => settled.push(target),
  });
  const run = { clock, transport, engine, targets, events, settled };
  setup.prepare?.(run);
  return await finish(run);
}

/** All counts of a run: those given, and zero for the others. */
export function counts(given: Partial<ProbeCounts>): ProbeCounts {
  const { transmitted = 0, inFlight = 0 } = given;
  return {
    transmitted: 0,
    answered: 0,
    late: 0,
    lost: 0,
    errors: 0,
    inFlight: 0,
    duplicates: 0,
    reordered: 0,
    corrupt: 0,
    ...(transmitted > inFlight ? { lossPercent: 0 } : {}),
    ...given,
  };
}

type EventOf<T extends EngineEvent["type"]> = T extends PingReply["type"]
  ? PingReply
  : Extract<EngineEvent, { readonly type: T }>;

/** The events of one type. */
export function ofType<T extends EngineEvent["type"]>(
  events: readonly EngineEvent[],
  type: T,
): readonly EventOf<T>[] {
  return events.filter((event) => event.type === type) as EventOf<T>[];
}
