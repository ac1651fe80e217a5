import { formatAddress } from "../../wire/address.ts";
import { notSupported } from "../errno.ts";
import type { Route, RouteOptions } from "../types.ts";
import type { WindowsApi } from "./api.ts";
import * as c from "./constants.ts";
import { windowsError } from "./errors.ts";
import { addressOfSocket, SOCKADDR_BYTES, socketAddress } from "./sockaddr.ts";

/** The port is of no consequence: connecting a datagram socket sends nothing (the page of connect). */
const ANY_PORT = 1025;

/** Asks the routing table for a destination, without sending anything. */
export function route(api: WindowsApi, options: RouteOptions): Route {
  const { family, sourceAddress, sourceInterface, broadcast } = options;
  if (sourceInterface !== undefined) {
    throw notSupported(
      `use interface "${sourceInterface}"`,
      "Windows takes an address as the source",
    );
  }
  api.startWinsock();
  const { call } = api;
  const socket = call.socket(
    family === 4 ? c.AF_INET : c.AF_INET6,
    c.SOCK_DGRAM,
    0,
  );
  if (socket === c.INVALID_HANDLE) {
    throw windowsError(
      "open a socket to look up the route",
      call.WSAGetLastError(),
    );
  }
  try {
    if (broadcast) {
      const on = new Uint8Array(Int32Array.of(1).buffer);
      api.checkSocket(
        call.setsockopt(socket, c.SOL_SOCKET, c.SO_BROADCAST, on, on.length),
        "set broadcast",
      );
    }
    if (sourceAddress !== undefined) {
      const name = socketAddress(family, sourceAddress);
      api.checkSocket(
        call.bind(socket, name, name.length),
        `use source address ${formatAddress(sourceAddress.bytes)}`,
      );
    }
    const name = socketAddress(family, options.destination, ANY_PORT);
    api.checkSocket(call.connect(socket, name, name.length), "connect");
    const own = new Uint8Array(new ArrayBuffer(SOCKADDR_BYTES));
    const length = new Uint8Array(Int32Array.of(own.length).buffer);
    api.checkSocket(
      call.getsockname(socket, own, length),
      "read the address of a socket",
    );
    return { source: addressOfSocket(own)!.bytes };
  } finally {
    call.closesocket(socket);
  }
}
