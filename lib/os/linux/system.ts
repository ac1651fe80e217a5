/** Linux, x86-64 and aarch64, through glibc. */

import type { System } from "../types.ts";
import { LinuxEventLoop } from "./event_loop.ts";
import { LinuxIcmpTransport } from "./icmp.ts";
import { libc } from "./libc.ts";
import { LinuxPortTransport } from "./port.ts";
import { interfaceIndex, lookup, reverseLookup } from "./resolve.ts";
import { route } from "./route.ts";

export const linux: System = {
  openEventLoop: () => new LinuxEventLoop(),
  openIcmp: (loop, options) =>
    new LinuxIcmpTransport(loop as LinuxEventLoop, options),
  openPort: (loop, options) =>
    new LinuxPortTransport(loop as LinuxEventLoop, options),
  lookup,
  reverseLookup,
  route,
  interfaceIndex,
  isPrivileged: () => libc().geteuid() === 0,
};
