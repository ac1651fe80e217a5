/** The door to the sockets that probe a TCP or UDP port. */

import { DenoEventLoop } from "../os/deno/event_loop.ts";
import { DenoTcpTransport } from "../os/deno/tcp.ts";
import { ProbePlaces } from "../os/probe_places.ts";
import { loadSystem } from "../os/system.ts";
import type {
  EventLoop,
  PortProbeOptions,
  PortTransport,
} from "../os/types.ts";
import { type Family, parseAddress } from "../wire/address.ts";
import { denoUdpSource, requireNative, requireNet } from "./permission.ts";
import {
  requireHostName,
  ResolutionError,
  type ResolvedAddress,
} from "./resolve.ts";

export { ProbePlaces };

/**
 * Opens the probes of a port. The destinations must be addresses that
 * `resolve()` has let through.
 *
 * @throws {PermissionError} when `ffi` is not granted; on Windows, where UDP
 * probes are Deno's, also when `net` does not cover what they are bound to
 */
export async function openPort(
  loop: EventLoop,
  options: PortProbeOptions,
): Promise<PortTransport> {
  requireNative();
  if (Deno.build.os === "windows" && options.protocol === "udp") {
    const source = denoUdpSource(options.family === 4 ? "0.0.0.0" : "::");
    requireNet(source.host, source.port);
  }
  return await (await loadSystem()).openPort(loop, options);
}

/** The loop for probes by Deno's own API. */
export function openDenoLoop(): EventLoop {
  return new DenoEventLoop();
}

/** TCP probes by Deno's own API, which checks the `net` permission itself. */
export function openDenoTcp(
  loop: EventLoop,
  options: {
    readonly hostname: string;
    readonly port: number;
    readonly places: ProbePlaces;
  },
): PortTransport {
  return new DenoTcpTransport(loop, options);
}

/** How long the one connection that finds out an address may take. */
const CONNECT_MS = 10_000;

/**
 * The address of a host without FFI: its own, when it is one, else that of a
 * first connection, since Deno resolves names only as it connects.
 *
 * @throws {PermissionError} when `net` does not cover the host and port
 * @throws {ResolutionError} when no connection came about
 */
export async function resolveByConnecting(
  host: string,
  port: number,
  family: Family | undefined,
  signal: AbortSignal | undefined,
): Promise<ResolvedAddress> {
  requireHostName(host);
  requireNet(host, port);
  let text = host;
  if (parseAddress(host) === undefined) {
    const limit = AbortSignal.timeout(CONNECT_MS);
    try {
      using connection = await Deno.connect({
        hostname: host,
        port,
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      });
      text = (connection.remoteAddr as Deno.NetAddr).hostname;
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ResolutionError(
        host,
        `without --allow-ffi its address is only known from a connection, and there was none (${
          (error as Error).message
        })`,
        "EAI_AGAIN",
      );
    }
  }
  const bytes = parseAddress(text)!;
  const found = bytes.length === 4 ? 4 : 6;
  if (family !== undefined && family !== found) {
    throw new ResolutionError(
      host,
      text === host
        ? `is an IPv${found} address, and IPv${family} was asked for`
        : `only its IPv${found} address is known without --allow-ffi, and IPv${family} was asked for`,
      "EAI_ADDRFAMILY",
    );
  }
  return { family: found, bytes, scopeId: 0, text, zone: "" };
}
