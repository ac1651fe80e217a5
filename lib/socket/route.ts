/** Questions to the routing table; nothing is sent for them. */

import { loadSystem, system } from "../os/system.ts";
import type { Route, RouteOptions } from "../os/types.ts";
import { requireNative } from "./permission.ts";

/**
 * How packets to a destination would leave.
 *
 * @throws {SystemError} such as ENETUNREACH where there is no route; EACCES for a broadcast address
 */
export async function routeTo(options: RouteOptions): Promise<Route> {
  requireNative();
  return await (await loadSystem()).route(options);
}

/** The number of an interface; 0 where there is none of that name. For use after `resolve()`. */
export function interfaceIndex(name: string): number {
  requireNative();
  return system().interfaceIndex(name);
}
