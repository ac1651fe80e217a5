/** Whole runs of the ping engine over a system of lib/os. */

import { Engine, type EngineEvent } from "../../lib/ping/engine.ts";
import { IcmpProber } from "../../lib/ping/icmp_prober.ts";
import { planMany, planSingle } from "../../lib/ping/options.ts";
import { Payload } from "../../lib/wire/payload.ts";
import { Probes } from "../../lib/ping/probes.ts";
import { ManySchedule } from "../../lib/ping/many_schedule.ts";
import { singleEngine } from "../../lib/ping/single.ts";
import { PortProber } from "../../lib/ping/port_prober.ts";
import { Targets } from "../../lib/ping/targets.ts";
import type {
  PingManyOptions,
  PingOptions,
  ProbeCounts,
} from "../../lib/ping/types.ts";
import { ProbePlaces } from "../../lib/os/probe_places.ts";
import type { System } from "../../lib/os/types.ts";
import { parseAddress } from "../../lib/wire/address.ts";
import { ICMP_HEADER_BYTES } from "../../lib/wire/icmp.ts";

/** A run that has come to its end. */
export interface Finished {
  readonly counts: ProbeCounts;
  readonly events: readonly EngineEvent[];
}

const PROBES = 0x1_0000;

/** Pings one address, as `ping()` does. */
export async function pingOver(
  system: System,
  address: string,
  options: PingOptions,
): Promise<Finished> {
  const given = { timeoutMs: 1000, ...options };
  const plan = planSingle(given);
  const bytes = parseAddress(address)!;
  const family = bytes.length === 4 ? 4 : 6;
  const targets = new Targets(1);
  targets.setAddress(0, bytes);
  const probes = new Probes(PROBES);
  using loop = system.openEventLoop();
  const payload = new Payload(
    options.probe === "udp" ? 0 : ICMP_HEADER_BYTES,
    plan.size,
    options.pattern,
  );
  using prober = options.probe === "udp"
    ? new PortProber(
      "udp",
      family,
      await system.openPort(loop, {
        family,
        protocol: "udp",
        port: options.port!,
        places: new ProbePlaces(16),
        ttl: options.ttl,
      }),
      probes,
      targets,
      payload,
    )
    : new IcmpProber(
      system.openIcmp(loop, {
        family,
        messageBytes: ICMP_HEADER_BYTES + plan.size,
        batch: 1,
        ttl: options.ttl,
        tos: options.tos,
        pathMtu: options.pathMtu,
        timeoutMs: plan.timeoutMs,
      }),
      probes,
      targets,
      payload,
      false,
    );
  const events: EngineEvent[] = [];
  using engine = singleEngine({
    loop,
    probes,
    targets,
    prober,
    options: given,
    plan,
  }, {
    wantsEvents: true,
    event: (event) => events.push(event),
    settled() {},
  });
  while (await engine.step());
  return { counts: engine.counts(), events };
}

/** Pings many addresses of one family, as `pingMany()` does. */
export async function pingManyOver(
  system: System,
  addresses: readonly Uint8Array[],
  options: PingManyOptions,
): Promise<Finished> {
  const plan = planMany(options);
  const targets = new Targets(addresses.length);
  addresses.forEach((bytes, index) => targets.setAddress(index, bytes));
  const family = addresses[0]!.length === 4 ? 4 : 6;
  const probes = new Probes(PROBES);
  using loop = system.openEventLoop();
  using prober = new IcmpProber(
    system.openIcmp(loop, {
      family,
      messageBytes: ICMP_HEADER_BYTES + plan.size,
      batch: 64,
      timeoutMs: plan.timeoutMs,
    }),
    probes,
    targets,
    new Payload(ICMP_HEADER_BYTES, plan.size),
    false,
  );
  const events: EngineEvent[] = [];
  using engine = new Engine({
    loop,
    probes,
    targets,
    schedule: new ManySchedule(plan, targets),
    probers: new Map([[family, prober]]),
    timeoutMs: plan.timeoutMs,
  }, {
    wantsEvents: true,
    event: (event) => events.push(event),
    settled() {},
  });
  while (await engine.step());
  return { counts: engine.counts(), events };
}
