/** Linux, x86-64 and aarch64, through glibc. What not every run needs is loaded when it is asked for. */

import type { System } from "../types.ts";
import { LinuxEventLoop } from "./event_loop.ts";
import { LinuxIcmpTransport } from "./icmp.ts";
import { libc } from "./libc.ts";
import { hasRoom } from "./poll.ts";
import { interfaceIndex } from "./socket.ts";

export const linux: System = {
  openEventLoop: (brief) => new LinuxEventLoop(brief),
  openIcmp: (loop, options) =>
    new LinuxIcmpTransport(loop as LinuxEventLoop, options),
  async openNetwork() {
    const { LinuxNetwork } = await import("./network.ts");
    return new LinuxNetwork();
  },
  async openPort(loop, options) {
    if (options.protocol === "tcp") {
      const { LinuxTcpProbes } = await import("./tcp_probes.ts");
      return new LinuxTcpProbes(loop as LinuxEventLoop, options);
    }
    const { LinuxUdpProbes } = await import("./udp_probes.ts");
    return new LinuxUdpProbes(loop as LinuxEventLoop, options);
  },
  async lookup(host, family) {
    const { lookup } = await import("./resolve.ts");
    return await lookup(host, family);
  },
  async reverseLookup(family, address) {
    const { reverseLookup } = await import("./resolve.ts");
    return await reverseLookup(family, address);
  },
  async route(options) {
    const { route } = await import("./route.ts");
    return route(options);
  },
  interfaceIndex,
  isPrivileged: () => libc().geteuid() === 0,
  hasRoom,
};
