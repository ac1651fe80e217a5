import type { Route, RouteOptions } from "../types.ts";
import {
  IPPROTO_IP,
  SO_BROADCAST,
  SOCK_DGRAM,
  SOL_SOCKET,
} from "./constants.ts";
import { check, libc } from "./libc.ts";
import { addressOfSocket, socketAddress } from "./sockaddr.ts";
import {
  configurePackets,
  openSocket,
  setOption,
  socketName,
} from "./socket.ts";

/** The port is of no consequence: connecting a datagram socket only looks up the route (udp(7)). */
const ANY_PORT = 1025;

/** Asks the routing table for a destination, without sending anything. */
export function route(options: RouteOptions): Route {
  const socket = openSocket(
    options.family,
    SOCK_DGRAM,
    IPPROTO_IP,
    "a socket to look up the route",
  );
  try {
    configurePackets(socket, options);
    if (options.broadcast) {
      setOption(socket, SOL_SOCKET, SO_BROADCAST, 1, "broadcast");
    }
    const name = socketAddress(options.family, options.destination, ANY_PORT);
    check(libc().connect(socket, name, name.length), "connect");
    return { source: addressOfSocket(socketName(socket))!.bytes };
  } finally {
    libc().close(socket);
  }
}
