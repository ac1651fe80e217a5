/** What sockets for streams and datagrams are told before they are used. */

import type { SocketName, StreamOptions } from "../network.ts";
import * as c from "./constants.ts";
import { check, libc } from "./libc.ts";
import type { SocketFamily } from "./sockaddr.ts";
import { encodeName } from "./socket_name.ts";
import { interfaceIndex, setOption } from "./socket.ts";

/** Binds a socket to a name. */
export function bindTo(socket: number, at: SocketName): void {
  const name = encodeName(at, interfaceIndex);
  check(libc().bind(socket, name, name.length), "bind");
}

/** How one name may be used by several sockets, and an IPv6 one for IPv4. */
export function shareName(
  socket: number,
  family: SocketFamily,
  options: { reusePort?: boolean | undefined; ipv6Only?: boolean | undefined },
): void {
  if (options.reusePort) {
    setOption(socket, c.SOL_SOCKET, c.SO_REUSEPORT, 1, "SO_REUSEPORT");
  }
  if (family === 6 && options.ipv6Only !== undefined) {
    const value = options.ipv6Only ? 1 : 0;
    setOption(socket, c.IPPROTO_IPV6, c.IPV6_V6ONLY, value, "IPV6_V6ONLY");
  }
}

/** Asks for buffers; accepted sockets inherit those of their listener. */
export function setBuffers(
  socket: number,
  options: {
    sendBuffer?: number | undefined;
    receiveBuffer?: number | undefined;
  },
): void {
  const { sendBuffer, receiveBuffer } = options;
  if (sendBuffer !== undefined) {
    setOption(socket, c.SOL_SOCKET, c.SO_SNDBUF, sendBuffer, "SO_SNDBUF");
  }
  if (receiveBuffer !== undefined) {
    setOption(socket, c.SOL_SOCKET, c.SO_RCVBUF, receiveBuffer, "SO_RCVBUF");
  }
}

/** Sets what connections of TCP have; those of Unix sockets have none of it. */
export function setStreamOptions(
  socket: number,
  family: SocketFamily,
  options: StreamOptions,
): void {
  if (family === "unix") return;
  if (options.noDelay) {
    setOption(socket, c.IPPROTO_TCP, c.TCP_NODELAY, 1, "TCP_NODELAY");
  }
  if (options.keepAlive) {
    setOption(socket, c.SOL_SOCKET, c.SO_KEEPALIVE, 1, "SO_KEEPALIVE");
  }
}
