/** Opens what probes of TCP and UDP ports need. */

import type { EventLoop, PortProbeOptions } from "../os/types.ts";
import { requireNative } from "../socket/permission.ts";
import { openDenoTcp, openPort, ProbePlaces } from "../socket/port.ts";
import type { Family } from "../wire/address.ts";
import type { Shared } from "./open.ts";
import type { CommonPlan } from "./options.ts";
import { Payload } from "../wire/payload.ts";
import { PortProber } from "./port_prober.ts";
import type { Prober } from "./prober.ts";
import type { ProbeOptions } from "./types.ts";

export { openDenoLoop, resolveByConnecting } from "../socket/port.ts";

/** Probes of a run that may be open at one time: well below the usual limit of 1024 descriptors. */
const CAPACITY = 512;

/** The places that all families of a run share. */
function placesOf(shared: Shared): ProbePlaces {
  return shared.places ??= new ProbePlaces(CAPACITY);
}

/** A prober for one family. */
export async function openPortProber(
  loop: EventLoop,
  options: Omit<PortProbeOptions, "places">,
  shared: Shared,
  payload: Payload,
): Promise<Prober> {
  const { protocol, family } = options;
  const { probes, targets } = shared;
  const places = placesOf(shared);
  const transport = await openPort(loop, { ...options, places });
  return new PortProber(
    protocol,
    family,
    transport,
    probes,
    targets,
    payload,
  );
}

/**
 * A prober for TCP by Deno's own API.
 *
 * @throws {PermissionError} where an option needs FFI
 */
export function openDenoProber(
  loop: EventLoop,
  host: string,
  family: Family,
  plan: CommonPlan,
  options: ProbeOptions,
  shared: Shared,
): Prober {
  const needsNative = options.ttl !== undefined || options.tos !== undefined ||
    options.source !== undefined;
  if (needsNative) requireNative();
  const transport = openDenoTcp(loop, {
    hostname: host,
    port: options.port!,
    places: placesOf(shared),
  });
  return new PortProber(
    "tcp",
    family,
    transport,
    shared.probes,
    shared.targets,
    new Payload(0, plan.size),
  );
}
