import { POLLOUT } from "./constants.ts";
import { libc } from "./libc.ts";

const NO_TIME = new Uint8Array(16);

/** Whether poll(2) tells of room at a descriptor, or of an error, which writing will tell, too. */
export function hasRoom(descriptor: number): boolean {
  const pollfd = new Uint8Array(Int32Array.of(descriptor, POLLOUT).buffer);
  return libc().ppoll(pollfd, 1n, NO_TIME, null) !== 0;
}
