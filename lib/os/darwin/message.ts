import type { Family } from "../../wire/address.ts";
import type { Clock } from "./clock.ts";
import * as c from "./constants.ts";
import { CMSGHDR, IOVEC, MSGHDR, TIMEVAL } from "./layouts.ts";
import type { LibSystem } from "./libsystem.ts";
import { SOCKADDR } from "./sockaddr.ts";

/** Room for a time and a hop limit, each with its header. */
const CONTROL_BYTES = 96;
const NAME_ROOM = 32;

/** The memory of `recvmsg` (recvmsg(2)), for one message after the other. There is no recvmmsg on macOS. */
export class ReceivedMessage {
  /** Bytes of the message that are in {@linkcode packet}. */
  length = 0;
  /** There was more, which is gone. */
  isTruncated = false;
  /** All the room that there is. */
  readonly packet: Uint8Array<ArrayBuffer>;
  /** Who sent it: 4 or 16 bytes. */
  readonly address: Uint8Array<ArrayBuffer>;
  readonly #lib: LibSystem;
  readonly #header: Uint8Array<ArrayBuffer>;
  readonly #view: DataView<ArrayBuffer>;
  readonly #nameBytes: number;
  readonly #controlAt: number;

  constructor(lib: LibSystem, family: Family, room: number) {
    this.#lib = lib;
    const name = SOCKADDR[family];
    this.#nameBytes = name.bytes;
    // All in one allocation that never moves, so that the pointers within it stay true.
    const iovAt = MSGHDR.bytes;
    const nameAt = iovAt + IOVEC.bytes;
    this.#controlAt = nameAt + NAME_ROOM;
    const packetAt = this.#controlAt + CONTROL_BYTES;
    const memory = new ArrayBuffer(packetAt + room);
    const base = lib.addressOf(memory);
    const view = new DataView(memory);
    view.setBigUint64(MSGHDR.name, base + BigInt(nameAt), true);
    view.setBigUint64(MSGHDR.iov, base + BigInt(iovAt), true);
    view.setInt32(MSGHDR.iovLength, 1, true);
    view.setBigUint64(MSGHDR.control, base + BigInt(this.#controlAt), true);
    view.setBigUint64(iovAt + IOVEC.base, base + BigInt(packetAt), true);
    view.setBigUint64(iovAt + IOVEC.length, BigInt(room), true);
    this.#view = view;
    this.#header = new Uint8Array(memory, 0, MSGHDR.bytes);
    this.packet = new Uint8Array(memory, packetAt, room);
    this.address = new Uint8Array(
      memory,
      nameAt + name.addr,
      name.addressBytes,
    );
  }

  /** Reads the next message of a socket, without waiting; returns 0, or the error's number. */
  receive(descriptor: number): number {
    const view = this.#view;
    view.setUint32(MSGHDR.nameLength, this.#nameBytes, true);
    view.setUint32(MSGHDR.controlLength, CONTROL_BYTES, true);
    view.setInt32(MSGHDR.flags, 0, true);
    const { call } = this.#lib;
    const result = call.recvmsg(descriptor, this.#header, c.MSG_DONTWAIT);
    if (result < 0) return this.#lib.errno();
    this.length = result;
    this.isTruncated = (view.getInt32(MSGHDR.flags, true) & c.MSG_TRUNC) !== 0;
    return 0;
  }

  /** What the kernel said of the message: when it came (`NaN` is unknown), and its hop limit (-1 is unknown). */
  ancillary(clock: Clock): { at: number; hopLimit: number } {
    const view = this.#view;
    let at = NaN;
    let hopLimit = -1;
    const length = view.getUint32(MSGHDR.controlLength, true);
    const end = this.#controlAt + Math.min(length, CONTROL_BYTES);
    let entry = this.#controlAt;
    while (entry + CMSGHDR.bytes <= end) {
      const bytes = view.getUint32(entry + CMSGHDR.length, true);
      if (bytes < CMSGHDR.bytes || entry + bytes > end) break;
      const level = view.getInt32(entry + CMSGHDR.level, true);
      const type = view.getInt32(entry + CMSGHDR.type, true);
      const data = entry + CMSGHDR.bytes;
      if (level === c.SOL_SOCKET && type === c.SCM_TIMESTAMP) {
        at = clock.toMonotonic(
          Number(view.getBigInt64(data + TIMEVAL.seconds, true)),
          view.getInt32(data + TIMEVAL.microseconds, true),
        );
      } else if (level === c.IPPROTO_IP && type === c.IP_RECVTTL) {
        // One byte, unlike elsewhere (ip_savecontrol in XNU, bsd/netinet/ip_input.c).
        hopLimit = view.getUint8(data);
      } else if (
        level === c.IPPROTO_IPV6 &&
        (type === c.IPV6_3542HOPLIMIT || type === c.IPV6_2292HOPLIMIT)
      ) {
        // Either number, by the RFC that the socket follows (ip6_savecontrol_v4 in XNU, bsd/netinet6/ip6_input.c).
        hopLimit = view.getInt32(data, true);
      }
      entry += (bytes + CMSGHDR.align - 1) & -CMSGHDR.align;
    }
    return { at, hopLimit };
  }
}
