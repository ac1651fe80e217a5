/** Reading numbers in network order, which is most significant byte first. */

import { PacketError } from "./errors.ts";

/** @throws {PacketError} when `packet` has fewer than `bytes` bytes */
export function requireBytes(
  what: string,
  packet: Uint8Array,
  bytes: number,
): void {
  if (packet.length < bytes) {
    throw new PacketError(
      `Cannot decode ${what}: ${packet.length} bytes of ${bytes}`,
      packet.length,
    );
  }
}

/** The 16-bit number at `at`, which must be within the bytes. */
export function readUint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** The 32-bit number at `at`, which must be within the bytes. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) |
    (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
