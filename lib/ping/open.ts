/** Opens what a run needs: a socket of each family that is used. */

import { SystemError } from "../os/errno.ts";
import type { EventLoop, SystemAddress } from "../os/types.ts";
import { openIcmp } from "../socket/icmp.ts";
import { OptionError } from "../socket/options.ts";
import type { ResolvedAddress } from "../socket/resolve.ts";
import { interfaceIndex, routeTo } from "../socket/route.ts";
import { type Family, familyOf, isLinkLocal } from "../wire/address.ts";
import { ICMP_HEADER_BYTES } from "../wire/icmp.ts";
import { IcmpProber } from "./icmp_prober.ts";
import type { CommonPlan } from "./options.ts";
import { Payload } from "../wire/payload.ts";
import type { Prober } from "./prober.ts";
import type { Probes } from "./probes.ts";
import type { Targets } from "./targets.ts";
import type { ProbeOptions } from "./types.ts";

/** A target with the zone that the source interface implies for a link-local address. */
export function withZone(
  target: ResolvedAddress,
  plan: CommonPlan,
): ResolvedAddress {
  const name = plan.source.interface;
  if (
    name === undefined || target.scopeId !== 0 || !isLinkLocal(target.bytes)
  ) {
    return target;
  }
  return {
    ...target,
    scopeId: interfaceIndex(name),
    zone: `%${name}`,
  };
}

function sourceAddress(plan: CommonPlan): SystemAddress | undefined {
  const bytes = plan.source.address;
  return bytes === undefined ? undefined : { bytes, scopeId: 0 };
}

/**
 * The source address that packets to a target get.
 *
 * @throws {SystemError} where there is no route to it
 */
export async function sourceFor(
  target: ResolvedAddress,
  plan: CommonPlan,
  options: ProbeOptions,
): Promise<Uint8Array> {
  requireFamily(plan, target.family);
  const { source } = await routeTo({
    family: target.family,
    destination: target,
    sourceAddress: sourceAddress(plan),
    sourceInterface: plan.source.interface,
    broadcast: options.broadcast,
  });
  return source;
}

/** What this machine says of a first probe when no other one could fare better. */
const HOPELESS = [
  "ENETUNREACH",
  "EHOSTUNREACH",
  "EADDRNOTAVAIL",
  "EAFNOSUPPORT",
  "EINVAL",
];

/**
 * Throws where the refusal of a first probe means that the host cannot be probed at all.
 *
 * @throws {SystemError} where there is no route
 * @throws {OptionError} where it is a broadcast address, and those are not allowed
 */
export function throwIfHopeless(
  error: SystemError,
  host: string,
  options: ProbeOptions,
): void {
  if (error.code === "EACCES" && !options.broadcast) {
    throw new OptionError(
      "broadcast",
      `Cannot ping "${host}": it is a broadcast address, or a rule of this machine forbids it`,
    );
  }
  if (HOPELESS.includes(error.code)) {
    const { errno, code, description } = error;
    throw new SystemError(`reach "${host}"`, errno, code, description);
  }
}

function requireFamily(plan: CommonPlan, family: Family): void {
  const { address } = plan.source;
  if (address !== undefined && familyOf(address) !== family) {
    throw new OptionError(
      "source",
      `Cannot use an IPv${
        familyOf(address)
      } source address for an IPv${family} target`,
    );
  }
}

/** What the probers of a run share. */
export interface Shared {
  readonly probes: Probes;
  readonly targets: Targets;
  /** ICMP messages that go out in one call. */
  readonly batch: number;
  readonly receiveBuffer: number;
  readonly anySource: boolean;
  /** Whether anybody wants round-trip times. Default true. */
  readonly roundTrips?: boolean | undefined;
}

/**
 * A prober for one family.
 *
 * @throws {IcmpUnavailableError}
 * @throws {SystemError}
 */
export async function openProber(
  loop: EventLoop,
  family: Family,
  plan: CommonPlan,
  options: ProbeOptions,
  shared: Shared,
): Promise<Prober> {
  requireFamily(plan, family);
  const common = {
    family,
    ttl: options.ttl,
    tos: options.tos,
    sourceAddress: sourceAddress(plan),
    sourceInterface: plan.source.interface,
  };
  const protocol = options.probe ?? "icmp";
  if (protocol !== "icmp") {
    const { openPortProber } = await import("./open_port.ts");
    return await openPortProber(
      loop,
      { ...common, protocol, port: options.port! },
      shared,
      new Payload(0, plan.size, options.pattern),
    );
  }
  const transport = openIcmp(loop, {
    ...common,
    messageBytes: ICMP_HEADER_BYTES + plan.size,
    batch: shared.batch,
    pathMtu: options.pathMtu,
    broadcast: options.broadcast,
    receiveBuffer: shared.receiveBuffer,
    sendTimestamps: shared.roundTrips,
    timeoutMs: plan.timeoutMs,
  });
  const payload = new Payload(ICMP_HEADER_BYTES, plan.size, options.pattern);
  const { probes, targets, anySource } = shared;
  return new IcmpProber(transport, probes, targets, payload, anySource);
}
