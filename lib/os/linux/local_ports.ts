/** The local ports of TCP connections, of which there are not enough for a flood. */

import { SystemError } from "../errno.ts";
import { EADDRNOTAVAIL } from "./constants.ts";

/** How long the port of an orderly closed connection is out of use (TCP_TIMEWAIT_LEN, net/tcp.h). */
const TIME_WAIT_MS = 60_000;
/**
 * There are 28,232 ports by default, of which Linux looks at one half first,
 * and for long where that is taken: so many closes in each of two runs or
 * periods leave enough of it.
 */
const ORDERLY_CLOSES = 5_000;

/**
 * Decides how connections are closed. A server expects a FIN, and gets it at
 * every usual pace. Only a flood, of more than some 80 a second, goes on with
 * resets, which keep no port.
 */
export class LocalPorts {
  #periodStart = -Infinity;
  #left = 0;
  /** Whether any connection had a port, so that there may be one again. */
  hadSome = false;

  /** Whether the connection that is closed at this time is to be closed with a FIN. */
  endsWithFin(now: number): boolean {
    this.hadSome = true;
    if (now - this.#periodStart > TIME_WAIT_MS) {
      this.#periodStart = now;
      this.#left = ORDERLY_CLOSES;
    }
    return this.#left-- > 0;
  }

  /** Notes that there is no port left, whoever has them all. */
  ranOut(now: number): NoLocalPortError {
    this.#periodStart = now;
    this.#left = 0;
    return new NoLocalPortError();
  }
}

/** Every local port is in use for the same server. */
export class NoLocalPortError extends SystemError {
  constructor() {
    super(
      "connect",
      EADDRNOTAVAIL,
      "EADDRNOTAVAIL",
      "No local port is free: a closed connection keeps its own for a minute; " +
        "wait, ping more slowly, or widen net.ipv4.ip_local_port_range",
    );
  }
}
