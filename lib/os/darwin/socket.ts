/** The few calls that every socket needs, whatever its protocol. */

import { type Family, formatAddress } from "../../wire/address.ts";
import { notSupported, SystemError } from "../errno.ts";
import type { IcmpSocketOptions, PacketOptions } from "../types.ts";
import * as c from "./constants.ts";
import type { LibSystem } from "./libsystem.ts";
import { SOCKADDR_BYTES, socketAddress } from "./sockaddr.ts";

/** A socket's descriptor, and the options that it is set up with. */
export class Socket implements Disposable {
  readonly descriptor: number;
  readonly family: Family;
  readonly #lib: LibSystem;

  /** @throws {SystemError} */
  constructor(
    lib: LibSystem,
    family: Family,
    type: number,
    protocol: number,
    what: string,
  ) {
    this.#lib = lib;
    this.family = family;
    const number = family === 4 ? c.AF_INET : c.AF_INET6;
    this.descriptor = lib.check(
      lib.call.socket(number, type, protocol),
      `open ${what}`,
    );
  }

  /** Sets an option that is an `int`; returns whether the system took it. */
  trySet(level: number, option: number, value: number): boolean {
    const bytes = new Uint8Array(Int32Array.of(value).buffer);
    const { descriptor } = this;
    return this.#lib.call.setsockopt(descriptor, level, option, bytes, 4) === 0;
  }

  /** Sets an option that is an `int`. */
  set(level: number, option: number, value: number, what: string): void {
    const bytes = new Uint8Array(Int32Array.of(value).buffer);
    const { descriptor } = this;
    this.#lib.check(
      this.#lib.call.setsockopt(descriptor, level, option, bytes, 4),
      `set ${what} to ${value}`,
    );
  }

  /** Binds to the source that is asked for, and sets the fields of the packets' headers. */
  configurePackets(options: PacketOptions): void {
    const { ttl, tos, sourceAddress, sourceInterface } = options;
    const four = this.family === 4;
    const level = four ? c.IPPROTO_IP : c.IPPROTO_IPV6;
    if (sourceInterface !== undefined) {
      const index = interfaceIndex(this.#lib, sourceInterface);
      if (index === 0) {
        throw new SystemError(
          `use interface "${sourceInterface}"`,
          6,
          "ENXIO",
          "No such interface",
        );
      }
      const option = four ? c.IP_BOUND_IF : c.IPV6_BOUND_IF;
      this.set(level, option, index, "the interface");
    }
    if (sourceAddress !== undefined) {
      const name = socketAddress(this.family, sourceAddress);
      this.#lib.check(
        this.#lib.call.bind(this.descriptor, name, name.length),
        `use source address ${formatAddress(sourceAddress.bytes)}`,
      );
    }
    if (ttl !== undefined) {
      const [unicast, multicast] = four
        ? [c.IP_TTL, c.IP_MULTICAST_TTL]
        : [c.IPV6_UNICAST_HOPS, c.IPV6_MULTICAST_HOPS];
      this.set(level, unicast, ttl, "the time to live");
      this.set(level, multicast, ttl, "the time to live");
    }
    if (tos !== undefined) {
      const option = four ? c.IP_TOS : c.IPV6_TCLASS;
      this.set(level, option, tos, "the type of service");
    }
  }

  /** Sets "don't fragment", or leaves it off, as it is by itself. */
  configurePathMtu(mode: IcmpSocketOptions["pathMtu"]): void {
    if (mode === undefined) return;
    if (mode === "want") {
      throw notSupported(
        'use path MTU discovery "want"',
        'macOS has "do" and "dont" only',
      );
    }
    // IPv6 is not fragmented on its way in any case; for ordinary users' ICMP sockets the option is refused
    // with EPERM (icmp6_dgram_ctloutput in XNU, bsd/netinet6/icmp6.c).
    const [level, option] = this.family === 4
      ? [c.IPPROTO_IP, c.IP_DONTFRAG]
      : [c.IPPROTO_IPV6, c.IPV6_DONTFRAG];
    if (mode === "do") this.set(level, option, 1, '"don\'t fragment"');
  }

  /** Connects a datagram socket, which only looks up the route and fixes both addresses. */
  connect(name: Uint8Array<ArrayBuffer>): void {
    this.#lib.check(
      this.#lib.call.connect(this.descriptor, name, name.length),
      "connect",
    );
  }

  /** The local address. */
  name(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(new ArrayBuffer(SOCKADDR_BYTES));
    const length = new Uint8Array(Uint32Array.of(SOCKADDR_BYTES).buffer);
    this.#lib.check(
      this.#lib.call.getsockname(this.descriptor, bytes, length),
      "read the address of a socket",
    );
    return bytes;
  }

  /** Runs what sets the socket up; closes it where that fails. */
  settingUp<T>(setUp: () => T): T {
    try {
      return setUp();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#lib.call.close(this.descriptor);
  }
}

/** The number of an interface; 0 where there is none of that name. */
export function interfaceIndex(lib: LibSystem, name: string): number {
  return lib.call.if_nametoindex(cString(name));
}

/** Text as the C library takes it. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text + "\0");
}
