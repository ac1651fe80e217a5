/**
 * macOS, x86-64 and arm64, through its C library. Checked by types, layouts
 * and a fake library; never run on the system.
 */

import { openTcpByDeno } from "../deno/port.ts";
import type { System } from "../types.ts";
import { SO_BROADCAST, SOCK_DGRAM, SOL_SOCKET } from "./constants.ts";
import { DarwinEventLoop } from "./event_loop.ts";
import { DarwinIcmpTransport } from "./icmp.ts";
import { type LibSystem, libSystem } from "./libsystem.ts";
import { lookup, reverseLookup } from "./resolve.ts";
import { addressOfSocket, socketAddress } from "./sockaddr.ts";
import { interfaceIndex, Socket } from "./socket.ts";
import { DarwinUdpTransport } from "./udp.ts";

/** The port is of no consequence: connecting a datagram socket only looks up the route (connect(2)). */
const ANY_PORT = 1025;

/** What macOS provides, through a C library that is opened when it is first needed. */
export function darwinSystem(lib: () => LibSystem): System {
  return {
    openEventLoop: () => new DarwinEventLoop(lib()),
    openIcmp: (loop, options) =>
      new DarwinIcmpTransport(lib(), loop as DarwinEventLoop, options),
    openPort: (loop, options) =>
      Promise.resolve(
        options.protocol === "udp"
          ? new DarwinUdpTransport(lib(), loop as DarwinEventLoop, options)
          // A non-blocking connect() would need fcntl(), which has variable arguments.
          : openTcpByDeno(loop, options),
      ),
    lookup: (host, family) => lookup(lib(), host, family),
    reverseLookup: (family, address) => reverseLookup(lib(), family, address),
    // deno-lint-ignore require-await -- the interface has it asynchronous
    async route(options) {
      using socket = new Socket(
        lib(),
        options.family,
        SOCK_DGRAM,
        0,
        "a socket to look up the route",
      );
      socket.configurePackets(options);
      if (options.broadcast) {
        socket.set(SOL_SOCKET, SO_BROADCAST, 1, "broadcast");
      }
      socket.connect(
        socketAddress(options.family, options.destination, ANY_PORT),
      );
      return { source: addressOfSocket(socket.name())!.bytes };
    },
    interfaceIndex: (name) => interfaceIndex(lib(), name),
    isPrivileged: () => lib().call.geteuid() === 0,
  };
}

/** The macOS that this program runs on. */
export const darwin: System = darwinSystem(libSystem);
