/**
 * The C library of macOS as it is documented, over a network that exists only
 * in memory. It reads and writes the memory that it is given pointers to, as
 * the kernel does.
 */

import type { LibSystemSymbols } from "../../lib/os/darwin/libsystem.ts";
import { LibSystem } from "../../lib/os/darwin/libsystem.ts";
import { darwinSystem } from "../../lib/os/darwin/system.ts";
import type { System } from "../../lib/os/types.ts";
import {
  isBodySound,
  type Packet,
  readPacket,
  sealBody,
  UDP,
} from "../netlab/internet/packets.ts";
import { buildPacket } from "../netlab/internet/packets.ts";
import { AddressList } from "./_names.ts";
import { type Network, OWN, packetOf, World } from "./_world.ts";

/** Numbers of the system: written down here a second time, from the same headers. */
const EPERM = 1;
const EINVAL = 22;
const EAGAIN = 35;
const EMSGSIZE = 40;
const SOL_SOCKET = 0xffff;
const SO_SNDBUF = 0x1001;
const SO_TIMESTAMP = 0x400;
const AF_INET6 = 30;
const LEVEL = { 4: 0, 6: 41 } as const;
const TTL = 4;
const RECV_TTL = { 4: 24, 6: 37 } as const;
/** What a datagram ICMP socket of an ordinary user may set (XNU, icmp_dgram_ctloutput, icmp6_dgram_ctloutput). */
const ALLOWED: Readonly<Record<string, readonly number[]>> = {
  "4:0": [3, 4, 10, 24, 25, 28],
  "6:41": [4, 10, 36, 37, 125],
  "6:58": [18],
};

interface Arrived {
  readonly from: Uint8Array;
  readonly bytes: Uint8Array;
  readonly hopLimit: number;
  /** Wall-clock milliseconds. */
  readonly stamp: number;
}

interface FakeSocket {
  readonly family: 4 | 6;
  readonly protocol: number;
  readonly options: Map<string, number>;
  readonly queue: Arrived[];
  peer?: { readonly address: Uint8Array; readonly port: number };
  error: number;
}

/** How a fake library is to behave. */
export interface FakeDarwinOptions {
  readonly network?: Network;
  /** The error that the system meets a probe with; 0 is none. */
  readonly admit?: (index: number) => number;
  /** The error that opening a socket meets; 0 is none. */
  readonly refusal?: number;
}

/** A library, its world, and what is left open. */
export class FakeDarwin {
  readonly world = new World();
  readonly system: System;
  /** Every probe that went out, in its packet. */
  readonly sent: Packet[] = [];
  /** The addresses that were looked up last. */
  names: AddressList | undefined;
  canonicalName = "host.example";
  readonly #options: FakeDarwinOptions;
  readonly #sockets = new Map<number, FakeSocket>();
  readonly #queues = new Map<number, Set<number>>();
  readonly #errno = new Int32Array(new ArrayBuffer(4));
  #woken = false;
  #next = 3;
  #offered = 0;

  constructor(options: FakeDarwinOptions = {}) {
    this.#options = options;
    const lib = new LibSystem(this.#symbols());
    this.system = darwinSystem(() => lib);
  }

  /** How many descriptors are open. */
  get open(): number {
    return this.#sockets.size + this.#queues.size;
  }

  /** The options that the sockets have, by "level:option". */
  get options(): readonly ReadonlyMap<string, number>[] {
    return [...this.#sockets.values()].map(({ options }) => options);
  }

  #fail(errno: number): number {
    this.#errno[0] = errno;
    return -1;
  }

  #symbols(): LibSystemSymbols {
    return {
      memcpy: (to, from, count) => {
        const target = to as Uint8Array<ArrayBuffer>;
        if (count !== 0n) {
          const bytes = memory(BigInt(from), Number(count));
          target.set(bytes);
        }
        return address(target);
      },
      __error: () => address(new Uint8Array(this.#errno.buffer)),
      clock_gettime: (clock, timespec) => {
        const { now, wallOffset } = this.world;
        const milliseconds = clock === 0 ? now + wallOffset : now;
        const view = viewOf(timespec);
        const seconds = Math.floor(milliseconds / 1e3);
        const rest = Math.round((milliseconds - seconds * 1e3) * 1e3) * 1e3;
        view.setBigInt64(0, BigInt(seconds), true);
        view.setBigInt64(8, BigInt(rest), true);
        return 0;
      },
      socket: (family, type, protocol) => {
        if (type !== 2) return this.#fail(EPERM);
        if (this.#options.refusal) return this.#fail(this.#options.refusal);
        this.#sockets.set(this.#next, {
          family: family === AF_INET6 ? 6 : 4,
          protocol,
          options: new Map(),
          queue: [],
          error: 0,
        });
        return this.#next++;
      },
      close: (descriptor) => {
        const isOpen = this.#sockets.delete(descriptor) ||
          this.#queues.delete(descriptor);
        if (!isOpen) throw new Error("Closed twice");
        for (const watched of this.#queues.values()) watched.delete(descriptor);
        return 0;
      },
      bind: () => 0,
      connect: (descriptor, name) => {
        const socket = this.#sockets.get(descriptor)!;
        socket.peer = readName(socket, viewOf(name));
        return 0;
      },
      getsockname: (descriptor, name, length) => {
        const { family } = this.#sockets.get(descriptor)!;
        const bytes = nameOf(family, OWN[family], 49152);
        bytesOf(name).set(bytes);
        viewOf(length).setUint32(0, bytes.length, true);
        return 0;
      },
      setsockopt: (descriptor, level, option, value, length) => {
        const socket = this.#sockets.get(descriptor)!;
        if (socket.protocol !== UDP && level !== SOL_SOCKET) {
          const allowed = ALLOWED[`${socket.family}:${level}`];
          if (!allowed?.includes(option)) {
            return this.#fail(allowed ? EPERM : EINVAL);
          }
        }
        if (length === 4) {
          const number = viewOf(value).getInt32(0, true);
          socket.options.set(`${level}:${option}`, number);
        }
        return 0;
      },
      sendto: (descriptor, data, length, _flags, name) =>
        this.#send(
          this.#sockets.get(descriptor)!,
          bytesOf(data).slice(0, Number(length)),
          name === null ? undefined : viewOf(name),
        ),
      recvmsg: (descriptor, header) =>
        this.#receive(this.#sockets.get(descriptor)!, viewOf(header)),
      kqueue: () => {
        this.#queues.set(this.#next, new Set());
        return this.#next++;
      },
      kevent: (queue, changes, count) => {
        if (count === 1) this.#change(queue, viewOf(changes));
        return this.#isReady(queue) ? 1 : 0;
      },
      waitForEvents: async (queue, _changes, _count, _events, _room, time) => {
        const view = viewOf(time);
        if (view.getBigInt64(8, true) >= 1_000_000_000n) {
          return this.#fail(EINVAL);
        }
        const milliseconds = Number(view.getBigInt64(0, true)) * 1e3 +
          Number(view.getBigInt64(8, true)) / 1e6;
        const isReady = await this.world.wait(
          milliseconds,
          () => this.#woken || this.#isReady(queue),
        );
        this.#woken = false;
        return isReady ? 1 : 0;
      },
      geteuid: () => 501,
      if_nametoindex: (name) =>
        new TextDecoder().decode(bytesOf(name)) === "en0\0" ? 4 : 0,
      waitForAddresses: (name, _service, hints, result) => {
        const host = new TextDecoder().decode(bytesOf(name));
        const family = viewOf(hints).getInt32(4, true);
        if (host !== "host\0") return Promise.resolve(8);
        const all = ["2001:db8:1::7", "198.51.100.7"];
        const wanted = all.filter((text) =>
          family === 0 || (family === AF_INET6) === text.includes(":")
        );
        this.names = new AddressList(wanted, {
          address: 32,
          canonicalName: 24,
          name: (ip) => nameOf(ip.length === 4 ? 4 : 6, ip, 0),
        }, this.canonicalName);
        viewOf(result).setBigUint64(0, this.names.first, true);
        return Promise.resolve(0);
      },
      freeaddrinfo: (first) => {
        this.names!.isFreed = first === this.names!.first;
      },
      waitForName: (name, length, host) => {
        if (bytesOf(name)[0] !== length) return Promise.resolve(4);
        if (bytesOf(name)[4] !== 198) return Promise.resolve(8);
        bytesOf(host).set(new TextEncoder().encode("host.example\0"));
        return Promise.resolve(0);
      },
    };
  }

  #isReady(queue: number): boolean {
    return [...this.#queues.get(queue)!].some((descriptor) => {
      const { queue, error } = this.#sockets.get(descriptor)!;
      return queue.length > 0 || error !== 0;
    });
  }

  #change(queue: number, event: DataView): void {
    const ident = Number(event.getBigUint64(0, true));
    const filter = event.getInt16(8, true);
    const flags = event.getUint16(10, true);
    if (filter === -10) {
      if (event.getUint32(12, true) === 0x01000000) this.#woken = true;
    } else if (flags === 2) this.#queues.get(queue)!.delete(ident);
    else this.#queues.get(queue)!.add(ident);
  }

  #send(socket: FakeSocket, message: Uint8Array, name?: DataView): number {
    const { family, options, protocol } = socket;
    const buffer = options.get(`${SOL_SOCKET}:${SO_SNDBUF}`) ?? 8192;
    if (message.length > buffer || message.length > 65_507 + 8) {
      return this.#fail(EMSGSIZE);
    }
    const isEcho = message[0] === (family === 4 ? 8 : 128) && message[1] === 0;
    if (protocol !== UDP && !isEcho) return this.#fail(EINVAL);
    const index = this.#offered++;
    const error = this.#options.admit?.(index) ?? 0;
    if (error !== 0) return this.#fail(error);
    const { address: to, port } = name ? readName(socket, name) : socket.peer!;
    const ttl = options.get(`${LEVEL[family]}:${TTL}`) ?? 64;
    const probe = protocol === UDP
      ? udpPacket(to, port, message, ttl)
      : packetOf(to, message, ttl);
    this.sent.push(probe);
    // What has a wrong checksum is dropped by whoever receives it.
    if (!isBodySound(probe)) return message.length;
    const deliveries = this.#options.network?.(probe, index) ?? [];
    for (const { afterMs, packet } of deliveries) {
      this.world.at(
        this.world.now + afterMs,
        () => this.arrive(packet, socket),
      );
    }
    return message.length;
  }

  /** Has a packet arrive: every ICMP socket gets every ICMP message, a UDP socket what is for it. */
  arrive(packet: Packet, origin?: FakeSocket): void {
    const { now, wallOffset } = this.world;
    for (const socket of this.#sockets.values()) {
      if (socket.family !== packet.family) continue;
      if (socket.protocol === UDP) {
        if (socket !== origin) continue;
        if (packet.protocol !== UDP) {
          socket.error = packet.body[1] === (packet.family === 4 ? 3 : 4)
            ? 61
            : 65;
          continue;
        }
      }
      socket.queue.push({
        from: packet.source.slice(),
        bytes: delivered(socket, packet),
        hopLimit: packet.hopLimit,
        stamp: now + wallOffset,
      });
    }
  }

  #receive(socket: FakeSocket, header: DataView): number {
    if (socket.error !== 0) {
      const { error } = socket;
      socket.error = 0;
      return this.#fail(error);
    }
    const arrived = socket.queue.shift();
    if (arrived === undefined) return this.#fail(EAGAIN);
    const { family, options } = socket;
    const name = nameOf(family, arrived.from, 7);
    const nameRoom = header.getUint32(8, true);
    memory(header.getBigUint64(0, true), nameRoom).set(name);
    const iov = viewOf(memory(header.getBigUint64(16, true), 16));
    const room = Number(iov.getBigUint64(8, true));
    const taken = arrived.bytes.subarray(0, room);
    memory(iov.getBigUint64(0, true), room).set(taken);
    header.setInt32(44, arrived.bytes.length > room ? 0x10 : 0, true);
    const entries: Uint8Array[] = [];
    if (options.get(`${SOL_SOCKET}:${SO_TIMESTAMP}`)) {
      const time = new DataView(new ArrayBuffer(16));
      const seconds = Math.floor(arrived.stamp / 1e3);
      const rest = Math.round((arrived.stamp - seconds * 1e3) * 1e3);
      time.setBigInt64(0, BigInt(seconds), true);
      time.setInt32(8, rest, true);
      entries.push(control(SOL_SOCKET, 2, new Uint8Array(time.buffer)));
    }
    if (options.get(`${LEVEL[family]}:${RECV_TTL[family]}`)) {
      const limit = family === 4
        ? Uint8Array.of(arrived.hopLimit)
        : new Uint8Array(Int32Array.of(arrived.hopLimit).buffer);
      entries.push(control(LEVEL[family], family === 4 ? 24 : 47, limit));
    }
    const all = Uint8Array.from(entries.flatMap((entry) => [...entry]));
    memory(header.getBigUint64(32, true), header.getUint32(40, true)).set(all);
    header.setUint32(40, all.length, true);
    return taken.length;
  }
}

/** A packet as a socket gets it: IPv4 of ICMP behind its header, whose numbers the kernel has turned around. */
function delivered({ protocol }: FakeSocket, packet: Packet): Uint8Array {
  if (protocol === UDP) return packet.body.slice(8);
  if (packet.family === 6) return packet.body.slice();
  const bytes = packet.bytes.slice();
  const view = new DataView(bytes.buffer);
  // ip_input() takes the header off the length, and icmp_input() turns that of a quoted packet (XNU).
  view.setUint16(2, packet.body.length, true);
  const type = bytes[20]!;
  if ([3, 4, 11, 12].includes(type) && bytes.length >= 32) {
    view.setUint16(30, view.getUint16(30), true);
  }
  return bytes;
}

/** A UDP datagram in its packet. */
export function udpPacket(
  to: Uint8Array,
  port: number,
  data: Uint8Array,
  ttl: number,
  from: Uint8Array = OWN[to.length === 4 ? 4 : 6],
): Packet {
  const body = new Uint8Array(8 + data.length);
  const view = new DataView(body.buffer);
  view.setUint16(0, 49152);
  view.setUint16(2, port);
  view.setUint16(4, body.length);
  body.set(data, 8);
  const packet = readPacket(buildPacket(from, to, UDP, ttl, body).bytes)!;
  sealBody(packet);
  return packet;
}

function control(level: number, type: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + ((data.length + 3) & ~3));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 12 + data.length, true);
  view.setInt32(4, level, true);
  view.setInt32(8, type, true);
  bytes.set(data, 12);
  return bytes;
}

function nameOf(family: 4 | 6, ip: Uint8Array, port: number): Uint8Array {
  const bytes = new Uint8Array(family === 4 ? 16 : 28);
  bytes[0] = bytes.length;
  bytes[1] = family === 4 ? 2 : AF_INET6;
  new DataView(bytes.buffer).setUint16(2, port);
  bytes.set(ip, family === 4 ? 4 : 8);
  return bytes;
}

function readName({ family }: FakeSocket, name: DataView) {
  const length = family === 4 ? 16 : 28;
  if (name.getUint8(0) !== length || name.byteLength !== length) {
    throw new Error(`A socket address of ${name.byteLength} bytes`);
  }
  if (name.getUint8(1) !== (family === 4 ? 2 : AF_INET6)) {
    throw new Error("A socket address of another family");
  }
  const start = name.byteOffset + (family === 4 ? 4 : 8);
  const address = new Uint8Array(name.buffer, start, family === 4 ? 4 : 16);
  return { address: address.slice(), port: name.getUint16(2) };
}

function bytesOf(buffer: unknown): Uint8Array<ArrayBuffer> {
  return buffer as Uint8Array<ArrayBuffer>;
}

function viewOf(buffer: unknown): DataView<ArrayBuffer> {
  const bytes = bytesOf(buffer);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function address(bytes: Uint8Array<ArrayBuffer>): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
}

/** The memory at an address. */
function memory(at: bigint, length: number): Uint8Array<ArrayBuffer> {
  const pointer = Deno.UnsafePointer.create(at)!;
  return new Uint8Array(
    Deno.UnsafePointerView.getArrayBuffer(pointer, length),
  );
}
