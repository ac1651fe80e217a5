/** The door to ICMP sockets. */

import { IcmpRefusedError, type SystemError } from "../os/errno.ts";
import { loadSystem, system } from "../os/system.ts";
import type {
  EventLoop,
  IcmpSocketOptions,
  IcmpTransport,
} from "../os/types.ts";
import { requireNative } from "./permission.ts";

/** Neither a datagram nor a raw ICMP socket is allowed to this process. */
export class IcmpUnavailableError extends Error {
  /** The name of the class. */
  override readonly name = "IcmpUnavailableError";

  /** For the library's own use; a constructor cannot be hidden. */
  constructor(cause: SystemError) {
    super(
      `Cannot open an ICMP socket: ${cause.description} (${cause.code})` +
        remedy(Deno.build.os),
      { cause },
    );
  }
}

/** What helps where a system refuses ICMP; elsewhere everyone may use it, unless a sandbox forbids it. */
function remedy(os: typeof Deno.build.os): string {
  return os === "linux"
    ? "; allow everyone with " +
      "\"sysctl -w net.ipv4.ping_group_range='0 2147483647'\", or this program with " +
      '"setcap cap_net_raw+ep" on its binary, or use sudo'
    : "; whatever confines this program must allow it";
}

/**
 * Opens an ICMP echo socket. Its destinations must be addresses that
 * `resolve()` or `requireNet()` has let through.
 *
 * @throws {PermissionError} when `ffi` is not granted
 * @throws {IcmpUnavailableError} when the system allows this process no ICMP
 * @throws {SystemError} when an option is refused
 */
export function openIcmp(
  loop: EventLoop,
  options: IcmpSocketOptions,
): IcmpTransport {
  requireNative();
  try {
    return system().openIcmp(loop, options);
  } catch (error) {
    throw error instanceof IcmpRefusedError
      ? new IcmpUnavailableError(error)
      : error;
  }
}

/**
 * The loop that sockets are opened on.
 *
 * @param brief a few probes and no more: what pays only for many is left out
 */
export async function openEventLoop(brief?: boolean): Promise<EventLoop> {
  requireNative();
  return (await loadSystem()).openEventLoop(brief);
}

/** Whether this process may do what is kept from ordinary users. */
export async function isPrivileged(): Promise<boolean> {
  requireNative();
  return (await loadSystem()).isPrivileged();
}
