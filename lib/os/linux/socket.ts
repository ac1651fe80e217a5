/** The few calls that every socket needs, whatever its protocol. */

import { type Family, formatAddress } from "../../wire/address.ts";
import type { ClockSource, PacketOptions } from "../types.ts";
import { RECEIVE_STAMPS, SEND_STAMPS } from "./ancillary.ts";
import {
  IP_BIND_ADDRESS_NO_PORT,
  IP_MULTICAST_TTL,
  IP_RECVERR,
  IP_RECVTTL,
  IP_TOS,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_MULTICAST_HOPS,
  IPV6_RECVERR,
  IPV6_RECVHOPLIMIT,
  IPV6_TCLASS,
  IPV6_UNICAST_HOPS,
  SO_BINDTODEVICE,
  SO_ERROR,
  SO_LINGER,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_TIMESTAMPING,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOL_SOCKET,
} from "./constants.ts";
import { check, cString, libc } from "./libc.ts";
import {
  SOCKADDR,
  SOCKADDR_UN_BYTES,
  socketAddress,
  type SocketFamily,
} from "./sockaddr.ts";

/** Opens a non-blocking socket; -1 where the system refuses it. */
export function tryOpenSocket(
  family: SocketFamily,
  type: number,
  protocol: number,
): number {
  return libc().socket(
    SOCKADDR[family].family,
    type | SOCK_NONBLOCK | SOCK_CLOEXEC,
    protocol,
  );
}

/** Opens a non-blocking socket. */
export function openSocket(
  family: SocketFamily,
  type: number,
  protocol: number,
  what: string,
): number {
  return check(tryOpenSocket(family, type, protocol), `open ${what}`);
}

/** Sets an option that is an `int`; returns whether the system took it. */
export function trySetOption(
  socket: number,
  level: number,
  option: number,
  value: number,
): boolean {
  const bytes = new Uint8Array(Int32Array.of(value).buffer);
  return libc().setsockopt(socket, level, option, bytes, 4) === 0;
}

/** Sets an option that is an `int`. */
export function setOption(
  socket: number,
  level: number,
  option: number,
  value: number,
  what: string,
): void {
  const bytes = new Uint8Array(Int32Array.of(value).buffer);
  check(
    libc().setsockopt(socket, level, option, bytes, 4),
    `set ${what} to ${value}`,
  );
}

/** Asks for a receive buffer: beyond the system's limit where that is allowed. */
export function setReceiveBuffer(socket: number, bytes: number): void {
  if (!trySetOption(socket, SOL_SOCKET, SO_RCVBUFFORCE, bytes)) {
    trySetOption(socket, SOL_SOCKET, SO_RCVBUF, bytes);
  }
}

/** Ties a socket to an interface. */
export function bindToInterface(socket: number, name: string): void {
  const bytes = cString(name);
  check(
    libc().setsockopt(
      socket,
      SOL_SOCKET,
      SO_BINDTODEVICE,
      bytes,
      bytes.length,
    ),
    `use interface "${name}"`,
  );
}

/** The number of an interface; 0 where there is none of that name. */
export function interfaceIndex(name: string): number {
  return libc().if_nametoindex(cString(name));
}

/** Binds a socket to the source that is asked for, and sets the fields of its packets' headers. */
export function configurePackets(socket: number, options: PacketOptions): void {
  const { family, ttl, tos, sourceAddress, sourceInterface } = options;
  if (sourceInterface !== undefined) bindToInterface(socket, sourceInterface);
  if (sourceAddress !== undefined) {
    const name = socketAddress(family, sourceAddress);
    check(
      libc().bind(socket, name, name.length),
      `use source address ${formatAddress(sourceAddress.bytes)}`,
    );
  }
  const four = family === 4;
  const level = four ? IPPROTO_IP : IPPROTO_IPV6;
  if (ttl !== undefined) {
    const [unicast, multicast] = four
      ? [IP_TTL, IP_MULTICAST_TTL]
      : [IPV6_UNICAST_HOPS, IPV6_MULTICAST_HOPS];
    setOption(socket, level, unicast, ttl, "the time to live");
    // TCP has no multicast, and no such option.
    trySetOption(socket, level, multicast, ttl);
  }
  if (tos !== undefined) {
    const option = four ? IP_TOS : IPV6_TCLASS;
    setOption(socket, level, option, tos, "the type of service");
  }
}

/**
 * Has connect(2) choose the local port where an address is bound: it takes one
 * that is in use for another destination, too (ip(7), IP_BIND_ADDRESS_NO_PORT).
 */
export function chooseLocalPortLate(socket: number): void {
  // Without it, there are fewer ports. IPv6 has no option of its own.
  trySetOption(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
}

/** Has ICMP errors reported in full, in the error queue of the socket. */
export function requestErrors(socket: number, family: Family): void {
  const [level, errors] = family === 4
    ? [IPPROTO_IP, IP_RECVERR]
    : [IPPROTO_IPV6, IPV6_RECVERR];
  setOption(socket, level, errors, 1, "error reports");
}

/** Has errors, hop limits and times reported; returns which clock that gives. */
export function requestReports(
  socket: number,
  family: Family,
  sendTimestamps = true,
): ClockSource {
  requestErrors(socket, family);
  const [level, hopLimits] = family === 4
    ? [IPPROTO_IP, IP_RECVTTL]
    : [IPPROTO_IPV6, IPV6_RECVHOPLIMIT];
  setOption(socket, level, hopLimits, 1, "hop limits");
  const request = (stamps: number) =>
    trySetOption(socket, SOL_SOCKET, SO_TIMESTAMPING, stamps);
  if (sendTimestamps && request(SEND_STAMPS | RECEIVE_STAMPS)) return "kernel";
  return request(RECEIVE_STAMPS) ? "kernel-receive" : "user";
}

/** struct linger { int l_onoff; int l_linger; }: on, with no time to linger, is a reset. */
const LINGER_RESET = new Uint8Array(Int32Array.of(1, 0).buffer);

/** Has the close of a connection be a reset (socket(7), SO_LINGER). */
export function resetAtClose(socket: number): void {
  const bytes = LINGER_RESET;
  libc().setsockopt(socket, SOL_SOCKET, SO_LINGER, bytes, bytes.length);
}

/** Takes the error that is pending on a socket; 0 is none. */
export function takeSocketError(socket: number): number {
  const value = new Uint8Array(4);
  const length = new Uint8Array(Uint32Array.of(4).buffer);
  check(
    libc().getsockopt(socket, SOL_SOCKET, SO_ERROR, value, length),
    "read the error of a socket",
  );
  return new Int32Array(value.buffer)[0]!;
}

/** The local address of a socket, in its system's layout. */
export function socketName(socket: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(SOCKADDR_UN_BYTES);
  const length = Uint32Array.of(bytes.length);
  check(
    libc().getsockname(socket, bytes, new Uint8Array(length.buffer)),
    "read the address of a socket",
  );
  return bytes.slice(0, length[0]);
}

/** Closes `socket` and throws the error, for use while a socket is being set up. */
export function closing<T>(socket: number, setUp: () => T): T {
  try {
    return setUp();
  } catch (error) {
    libc().close(socket);
    throw error;
  }
}
