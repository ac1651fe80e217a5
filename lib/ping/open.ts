/** Opens what a run needs: a socket of each family that is used. */

import { asSystemError, SystemError } from "../os/errno.ts";
import type { EventLoop, SystemAddress } from "../os/types.ts";
import { openIcmp } from "../socket/icmp.ts";
import { OptionError } from "../socket/options.ts";
import type { ProbePlaces } from "../socket/port.ts";
import type { ResolvedAddress } from "../socket/resolve.ts";
import { interfaceIndex, routeTo } from "../socket/route.ts";
import {
  type Family,
  familyOf,
  formatAddress,
  isLinkLocal,
  isUnspecified,
  parseAddress,
} from "../wire/address.ts";
import { ICMP_HEADER_BYTES } from "../wire/icmp.ts";
import { IcmpProber } from "./icmp_prober.ts";
import type { CommonPlan } from "./options.ts";
import { Payload } from "../wire/payload.ts";
import type { Prober } from "./prober.ts";
import type { Probes } from "./probes.ts";
import type { Targets } from "./targets.ts";
import type { ProbeOptions } from "./types.ts";

/**
 * What is probed where a host has an address: with the zone that the source
 * implies for a link-local one, and with this machine's own for the
 * one that stands for it, as connect(2) takes it.
 */
export function asDestination(
  target: ResolvedAddress,
  plan: CommonPlan,
): ResolvedAddress {
  if (isUnspecified(target.bytes)) {
    const text = target.family === 4 ? "127.0.0.1" : "::1";
    return { ...target, bytes: parseAddress(text)!, text };
  }
  const { interface: name, zone = name } = plan.source;
  if (
    zone === undefined || target.scopeId !== 0 || !isLinkLocal(target.bytes)
  ) {
    return target;
  }
  return {
    ...target,
    scopeId: name === undefined ? zoneIndex(zone) : interfaceIndex(name),
    zone: `%${zone}`,
  };
}

/** The number of a zone, which is the name of an interface or that number (RFC 4007, section 11). */
function zoneIndex(zone: string): number {
  return /^\d+$/.test(zone) ? Number(zone) : interfaceIndex(zone);
}

function sourceAddress({ source }: CommonPlan): SystemAddress | undefined {
  const { address: bytes, zone } = source;
  if (bytes === undefined) return undefined;
  if (zone === undefined) return { bytes, scopeId: 0 };
  const scopeId = zoneIndex(zone);
  if (scopeId !== 0) return { bytes, scopeId };
  throw new OptionError(
    "source",
    `Cannot use source address ${formatAddress(bytes)}%${zone}: ` +
      `there is no interface "${zone}"`,
  );
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
  try {
    const { source } = await routeTo({
      family: target.family,
      destination: target,
      sourceAddress: sourceAddress(plan),
      sourceInterface: plan.source.interface,
      broadcast: options.broadcast,
    });
    return source;
  } catch (error) {
    // Any other says what it could not use.
    const isConnect = error instanceof SystemError &&
      error.operation === "connect";
    if (!isConnect) throw error;
    const way = `reach ${target.text}${target.zone} from ${options.source}`;
    throw asSystemError(error, way);
  }
}

/** What `EACCES` means where `broadcast` is not allowed. */
export const NO_BROADCAST =
  "it is a broadcast address, or a rule of this machine forbids it";

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
  family: Family,
  options: ProbeOptions,
): void {
  const isForbidden = error.code === "EACCES";
  const mayBeBroadcast = family === 4 && (options.probe ?? "icmp") === "icmp";
  if (isForbidden && mayBeBroadcast && !options.broadcast) {
    throw new OptionError(
      "broadcast",
      `Cannot ping "${host}": ${NO_BROADCAST}`,
    );
  }
  if (HOPELESS.includes(error.code) || isForbidden && !mayBeBroadcast) {
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
  /** The places of probes of ports; made by the first prober that needs them. */
  places?: ProbePlaces;
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
