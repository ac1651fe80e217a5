/** Probes of ports by Deno's own API, on systems that have no layer of their own for them. */

import { notSupported } from "../errno.ts";
import type { EventLoop, PortProbeOptions, PortTransport } from "../types.ts";
import { DenoTcpTransport } from "./tcp.ts";

/** @throws {SystemError} ENOTSUP where an option is beyond Deno's API */
export function openTcpByDeno(
  loop: EventLoop,
  options: PortProbeOptions,
): PortTransport {
  requirePlain(options);
  const { port, places } = options;
  return new DenoTcpTransport(loop, { port, places });
}

/** @throws {SystemError} ENOTSUP where an option is beyond Deno's API */
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
  throw notSupported(
    `set the ${beyond[0]} of ${protocol.toUpperCase()} probes`,
    "not supported on this system",
  );
}
