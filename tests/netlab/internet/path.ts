/** The way to a host: routers one after the other, and balancers that choose between branches. */

import { type Family, parseAddress } from "../../../lib/wire/address.ts";
import {
  copyPacket,
  get16,
  ICMP,
  ICMP6,
  type Packet,
  put16,
  sealBody,
} from "./packets.ts";
import type { Random } from "./random.ts";
import type { Balancer, Hop, Router } from "./scenario.ts";
import { Selector } from "./selector.ts";

/** Reads an address of a scenario, which must be one. */
export function address(text: string): Uint8Array {
  const bytes = parseAddress(text);
  if (bytes === undefined) throw new Error(`Not an address: "${text}"`);
  return bytes;
}

/** A router with what it remembers. */
export class RouterState {
  readonly spec: Router;
  readonly #addresses: Partial<Record<Family, Uint8Array>> = {};
  readonly #random: Random;
  readonly #drop: Selector | undefined;
  #tokens: number;
  #refilledAt = -Infinity;

  constructor(spec: Router, random: Random) {
    this.spec = spec;
    this.#random = random;
    for (const text of [spec.address, spec.address6]) {
      if (text === undefined) continue;
      const bytes = address(text);
      this.#addresses[bytes.length === 4 ? 4 : 6] = bytes;
    }
    this.#drop = spec.drop && new Selector(spec.drop, random);
    this.#tokens = spec.rateLimit?.burst ?? 0;
  }

  /** Its address in a family. */
  address(family: Family): Uint8Array {
    const bytes = this.#addresses[family];
    if (bytes === undefined) {
      throw new Error(
        `Router ${this.spec.address} has no IPv${family} address`,
      );
    }
    return bytes;
  }

  /** The time over the link ahead of it, once. */
  crossing(): number {
    const { delayMs = 0, jitterMs = 0 } = this.spec;
    return delayMs + (jitterMs === 0 ? 0 : jitterMs * this.#random.next());
  }

  /** Whether it loses the next packet. */
  drops(): boolean {
    return this.#drop !== undefined && this.#drop.next();
  }

  /** Whether it may say something at this time; if so, that counts against its rate. */
  mayComplain(now: number): boolean {
    if (this.spec.silent) return false;
    const limit = this.spec.rateLimit;
    if (limit === undefined) return true;
    const gained = (now - this.#refilledAt) * limit.perSecond / 1000;
    this.#tokens = Math.min(limit.burst, this.#tokens + gained);
    this.#refilledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** The packet as it leaves this router, if that translates addresses. */
  translated(packet: Packet): Packet {
    const { nat } = this.spec;
    if (nat === undefined || nat.translatesErrors !== false) return packet;
    const copy = copyPacket(packet, { source: address(nat.address) });
    const isIcmp = packet.protocol === ICMP || packet.protocol === ICMP6;
    const at = isIcmp ? 4 : 0; // identifier or source port
    put16(copy.body, at, get16(copy.body, at) + nat.shift);
    sealBody(copy);
    return copy;
  }
}

/**
 * The flow that a packet belongs to, as routers tell flows apart: addresses,
 * protocol, the first four bytes behind the IP header (ports; for ICMP type,
 * code and checksum) and the IPv6 flow label. FNV-1a.
 */
export function flowHash(packet: Packet): number {
  let hash = 0x811c9dc5;
  const mix = (byte: number) => {
    hash = Math.imul(hash ^ byte, 0x01000193);
  };
  packet.source.forEach(mix);
  packet.destination.forEach(mix);
  mix(packet.protocol);
  for (let i = 0; i < 4; i++) mix(packet.body[i] ?? 0);
  if (packet.family === 6) {
    for (let i = 1; i < 4; i++) {
      mix(packet.bytes[i]!);
    }
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Parallel branches and whose turn it is. */
class BalancerState {
  readonly #kind: Balancer["balance"];
  readonly #branches: readonly Path[];
  #turn = 0;

  constructor(spec: Balancer, nextRandom: () => Random) {
    this.#kind = spec.balance;
    this.#branches = spec.branches.map((hops) => new Path(hops, nextRandom));
  }

  choose(packet: Packet): Path {
    const number = this.#kind === "flow" ? flowHash(packet) : this.#turn++;
    return this.#branches[number % this.#branches.length]!;
  }
}

/** A path with the state of its routers. */
export class Path {
  readonly #elements: readonly (RouterState | BalancerState)[];
  readonly #fixed: readonly RouterState[] | undefined;

  constructor(hops: readonly Hop[], nextRandom: () => Random) {
    this.#elements = hops.map((hop) =>
      "balance" in hop
        ? new BalancerState(hop, nextRandom)
        : new RouterState(hop, nextRandom())
    );
    const routers = this.#elements.filter((element) =>
      element instanceof RouterState
    );
    if (routers.length === hops.length) this.#fixed = routers;
  }

  /** The routers that a packet meets. */
  routers(packet: Packet): readonly RouterState[] {
    if (this.#fixed !== undefined) return this.#fixed;
    return this.#elements.flatMap((element) =>
      element instanceof RouterState
        ? [element]
        : element.choose(packet).routers(packet)
    );
  }
}
