/** The few calls that every socket needs, whatever its protocol. */

import type { Family } from "../../wire/address.ts";
import {
  AF_INET,
  AF_INET6,
  SO_BINDTODEVICE,
  SO_ERROR,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOL_SOCKET,
} from "./constants.ts";
import { check, cString, libc } from "./libc.ts";
import { SOCKADDR_BYTES } from "./sockaddr.ts";

/** Opens a non-blocking socket. */
export function openSocket(
  family: Family,
  type: number,
  protocol: number,
  what: string,
): number {
  return check(
    libc().socket(
      family === 4 ? AF_INET : AF_INET6,
      type | SOCK_NONBLOCK | SOCK_CLOEXEC,
      protocol,
    ),
    `open ${what}`,
  );
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

/** The local address of a socket. */
export function socketName(socket: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(SOCKADDR_BYTES);
  const length = new Uint8Array(Uint32Array.of(SOCKADDR_BYTES).buffer);
  check(
    libc().getsockname(socket, bytes, length),
    "read the address of a socket",
  );
  return bytes;
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
