/** Probes of ports by Deno's own API, on systems that have no layer of their own for them. */

import { UnsupportedError } from "../library.ts";
import type { EventLoop, PortProbeOptions, PortTransport } from "../types.ts";
import { DenoTcpTransport } from "./tcp.ts";

/** @throws {UnsupportedError} where an option is beyond Deno's API */
export function openTcpByDeno(
  loop: EventLoop,
  options: PortProbeOptions,
): PortTransport {
  requirePlain(options);
  const { port, capacity } = options;
  return new DenoTcpTransport(loop, { port, capacity });
}

/** @throws {UnsupportedError} where an option is beyond Deno's API */
export async function openUdpByDeno(
  loop: EventLoop,
  options: PortProbeOptions,
): Promise<PortTransport> {
  requirePlain(options);
  const { DenoUdpTransport } = await import("./udp.ts");
  return new DenoUdpTransport(loop, options);
}

function requirePlain(options: PortProbeOptions): void {
  const { protocol, ttl, tos, sourceAddress, sourceInterface } = options;
  const beyond = Object.entries({
    "time to live": ttl,
    "type of service": tos,
    "source": sourceAddress ?? sourceInterface,
  }).find(([, value]) => value !== undefined);
  if (beyond === undefined) return;
  throw new UnsupportedError(
    `Cannot set the ${
      beyond[0]
    } of ${protocol.toUpperCase()} probes on this system: leave it out`,
  );
}
