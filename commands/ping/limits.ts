/** What ping leaves to the administrator. */

import { isPrivileged } from "../../lib/socket/icmp.ts";
import { UsageError } from "../cli/errors.ts";
import { isGranted } from "../cli/permissions.ts";
import type { PingValues } from "../ping.ts";

const MIN_USER_INTERVAL_MS = 2;
const MAX_USER_PRELOAD = 3;
/** Everybody there answers a probe. */
const MIN_USER_BROADCAST_INTERVAL_MS = 1000;

/** Whether only the administrator may do what is asked for; who that is, the library must tell. */
export function isForAdministrators(
  { interval, preload, flood }: PingValues,
): boolean {
  return flood || (interval ?? Infinity) < MIN_USER_INTERVAL_MS ||
    (preload ?? 1) > MAX_USER_PRELOAD;
}

/**
 * Holds ordinary users to the limits of iputils.
 *
 * @throws {UsageError} when more is asked for
 */
export async function checkLimits(
  intervalMs: number,
  preload: number,
  broadcast: boolean,
): Promise<void> {
  const minimum = minUserIntervalMs(broadcast);
  const isFast = intervalMs < minimum;
  if (!isFast && preload <= MAX_USER_PRELOAD || await isAdministrator()) return;
  throw new UsageError(
    isFast
      ? `Cannot flood; minimal interval allowed for user is ${minimum}ms` +
        (broadcast ? " to a broadcast address" : "")
      : `Cannot set preload to value greater than ${MAX_USER_PRELOAD}: ${preload}`,
  );
}

/** The least time between two probes that are paced by their answers, in milliseconds. */
export async function minIntervalMs(broadcast: boolean): Promise<number> {
  return await isAdministrator() ? 0 : minUserIntervalMs(broadcast);
}

function minUserIntervalMs(broadcast: boolean): number {
  return broadcast ? MIN_USER_BROADCAST_INTERVAL_MS : MIN_USER_INTERVAL_MS;
}

/** Without FFI nobody can tell, and TCP probes are all there is. */
async function isAdministrator(): Promise<boolean> {
  return isGranted({ name: "ffi" }) && await isPrivileged();
}
