/** What the kernel knows of a handshake. */

import { IPPROTO_TCP, TCP_INFO } from "./constants.ts";
import { libc } from "./libc.ts";

// struct tcp_info (linux/tcp.h): the smoothed round trip in microseconds, and all retransmissions.
const INFO_BYTES = 104;
const STATE = 0;
const ROUND_TRIP = 68;
const TOTAL_RETRANSMISSIONS = 100;

// net/tcp_states.h
const SYN_SENT = 2;
const CLOSE = 7;

/** How far a handshake is. */
export interface Handshake {
  readonly state: "under way" | "connected" | "closed";
  /** The kernel's own measure of SYN to SYN/ACK; none where a SYN was repeated. */
  readonly roundTripMs?: number | undefined;
}

/** How far the handshake of a TCP socket is. */
export function handshakeOf(socket: number): Handshake {
  const bytes = new Uint8Array(INFO_BYTES);
  const length = new Uint8Array(Uint32Array.of(INFO_BYTES).buffer);
  const status = libc().getsockopt(
    socket,
    IPPROTO_TCP,
    TCP_INFO,
    bytes,
    length,
  );
  // Somebody forbids the question; that there is an answer at all is known otherwise.
  if (status < 0) return { state: "connected" };
  if (bytes[STATE] === SYN_SENT) return { state: "under way" };
  if (bytes[STATE] === CLOSE) return { state: "closed" };
  const info = new DataView(bytes.buffer);
  const microseconds = info.getUint32(ROUND_TRIP, true);
  const isRepeated = info.getUint32(TOTAL_RETRANSMISSIONS, true) > 0;
  return {
    state: "connected",
    roundTripMs: microseconds === 0 || isRepeated
      ? undefined
      : microseconds / 1e3,
  };
}
