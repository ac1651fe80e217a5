/**
 * What every operating system offers to the layers above, without a word of
 * any one of them. Each system has one folder beside this file that provides
 * it; {@linkcode loadSystem} in `system.ts` picks the one that runs.
 */

import type { Family } from "../wire/address.ts";
import type { SystemError } from "./errno.ts";
import type { Network } from "./network.ts";
import type { ProbePlaces } from "./probe_places.ts";

/** An address as the system wants it: 4 or 16 bytes in network order, and the IPv6 zone (0 is none). */
export interface SystemAddress {
  readonly bytes: Uint8Array;
  readonly scopeId: number;
}

/** Which clocks a time came from: the kernel's at both ends, at the receiving end only, or the program's own. */
export type ClockSource = "kernel" | "kernel-receive" | "user";

/** One loop a run: it owns the wait on every socket that was opened on it. */
export interface EventLoop extends Disposable {
  /** Monotonic time in milliseconds, unaffected by changes of the wall clock. */
  now(): number;
  /** The wall clock: Unix time in seconds, with microseconds or better. */
  wallTime(): number;
  /**
   * Resolves when a socket of this loop has something to read, when
   * {@linkcode wake} is called, or when `now()` reaches `until`
   * (`Infinity` is allowed). May resolve early; never late by design.
   * `busy` allows a wait of a few milliseconds to keep the processor busy,
   * so that what is measured next does not include its waking up.
   */
  wait(until: number, busy?: boolean): Promise<void>;
  /**
   * For callers that are too busy to wait: lets signals and timers of the
   * program run, where the last time is some milliseconds ago; undefined
   * where that is not due yet.
   */
  yield(): Promise<unknown> | undefined;
  /** Ends a wait that is under way, or the next one at once. */
  wake(): void;
}

/** One message to send; the transport owns the memory and the engine writes into it. */
export interface OutgoingSlot {
  /** The whole ICMP message, of the size that the transport was opened with. */
  readonly packet: Uint8Array;
  /** The destination: 4 or 16 bytes in network order. */
  readonly address: Uint8Array;
  /** The IPv6 zone of the destination; 0 is none. */
  scopeId: number;
  /** Handed back with the time at which the system sent this message. */
  cookie: number;
}

/** An ICMP error or redirect that came back for a message. Arrays are valid during the call only. */
export interface IcmpErrorReport {
  /** Who reported it: 4 or 16 bytes. */
  readonly from: Uint8Array;
  /** ICMP type and code as on the wire. */
  readonly type: number;
  readonly code: number;
  /** The MTU that "fragmentation needed" or "packet too big" announced; 0 is none. */
  readonly mtu: number;
  /** Which byte of the packet a "parameter problem" is about. */
  readonly pointer?: number;
  /** The better first hop that a redirect names. */
  readonly gateway?: Uint8Array;
  /** Where the message was going: 4 or 16 bytes. */
  readonly destination: Uint8Array;
  /** What came back of the message, from its ICMP header on. May be empty or cut short. */
  readonly quoted: Uint8Array;
}

/**
 * Receives what a transport has read. Arrays are valid during the call only.
 * Times are on the loop's monotonic clock, in milliseconds; `NaN` where the
 * kernel gave none.
 */
export interface IcmpHandler {
  /**
   * An echo reply that arrived, from its ICMP header on. What is longer than
   * the receive buffer is cut; `bytes` is what there was, where the system
   * tells (Linux does not for datagram sockets). `hopLimit` is -1
   * where unknown. `readAt` is when the program read it, for want of a better
   * time.
   */
  message(
    packet: Uint8Array,
    bytes: number,
    from: Uint8Array,
    hopLimit: number,
    at: number,
    readAt: number,
  ): void;
  /** An ICMP error or redirect. */
  error(report: IcmpErrorReport): void;
  /** The kernel handed the message with this cookie to the network at this time. */
  sent(cookie: number, at: number): void;
  /** The system took the message with this cookie, and could not send it after all. */
  failed?(cookie: number, error: SystemError): void;
}

/** What sockets of every kind can be told about the packets they send. */
export interface PacketOptions {
  readonly family: Family;
  /** Time to live or hop limit, 1 to 255. */
  readonly ttl?: number | undefined;
  /** Type of service or traffic class, 0 to 255. */
  readonly tos?: number | undefined;
  readonly sourceAddress?: SystemAddress | undefined;
  /** Source interface, by name. */
  readonly sourceInterface?: string | undefined;
}

/** How an ICMP socket is to be set up. */
export interface IcmpSocketOptions extends PacketOptions {
  /** Bytes of one outgoing message, its 8-byte ICMP header included. */
  readonly messageBytes: number;
  /** How many messages go out in one call, at the most. */
  readonly batch: number;
  /** Path MTU discovery: set "don't fragment" and obey it, fragment locally, or never set it. */
  readonly pathMtu?: "do" | "want" | "dont" | undefined;
  /** Allow broadcast destinations. */
  readonly broadcast?: boolean | undefined;
  /** Receive buffer to ask for, in bytes. */
  readonly receiveBuffer?: number | undefined;
  /** Whether to ask when messages were sent; the kernel tells by one more message for each. Default true. */
  readonly sendTimestamps?: boolean | undefined;
  /** How long answers are waited for, in milliseconds, where it is the system that waits. */
  readonly timeoutMs?: number | undefined;
}

/** A socket for ICMP echo of one family. */
export interface IcmpTransport extends Disposable {
  readonly family: Family;
  /** `datagram`: the system allows ICMP echo to everyone. `raw`: a privileged raw socket. */
  readonly kind: "datagram" | "raw";
  /** The identifier that this socket's echo requests must carry (on some systems the kernel chooses). */
  readonly identifier: number;
  /** The best clock this transport can have. */
  readonly clock: ClockSource;
  /** Messages to send: write the first n, then call `send(0, n)`. */
  readonly outgoing: readonly OutgoingSlot[];
  /**
   * Sends `count` outgoing messages from index `from` on, and returns how
   * many the system took; 0 means that it can take none now, and
   * {@linkcode congestion} says why.
   *
   * @throws {SystemError} when the message at `from` was refused, a {@linkcode MessageTooLongError} when for its length
   */
  send(from: number, count: number): number;
  /** Why the system took no message the last time that it did not. */
  readonly congestion?: SystemError | undefined;
  /** Reads what has arrived, without waiting, a batch at a time; returns how many items were handed over. */
  receive(handler: IcmpHandler): number;
}

/** How probes of a TCP or UDP port are to be sent. */
export interface PortProbeOptions extends PacketOptions {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
  /** Where the open probes of the run are counted. */
  readonly places: ProbePlaces;
}

/** An answer from a port. */
export interface PortAnswer {
  /** Nobody listens there, and the host said so. */
  readonly refused: boolean;
  /** When the answer came: monotonic, in milliseconds; `NaN` where the kernel gave no time. */
  readonly at: number;
  /** When the program read it. */
  readonly readAt: number;
  /** The round-trip time in milliseconds, where the transport took it itself, and with which clock. */
  readonly roundTrip?: { readonly ms: number; readonly clock: ClockSource };
  /** -1 where unknown. */
  readonly hopLimit: number;
  /** What came back; valid during the call only. Empty for TCP. */
  readonly data: Uint8Array;
}

/** Receives what becomes of probes of a port; a probe is named by its cookie. */
export interface PortHandler {
  answered(cookie: number, answer: PortAnswer): void;
  /** A router or host reported an error. */
  error(cookie: number, report: IcmpErrorReport): void;
  /** The connection failed, and the system tells no more than this. */
  failed(cookie: number, error: Error): void;
  /** The kernel handed the probe to the network at this time. */
  sent(cookie: number, at: number): void;
}

/** Probes of one TCP or UDP port, each on a socket of its own. */
export interface PortTransport extends Disposable {
  /**
   * Sends a probe: a TCP handshake, or one datagram. Returns false when as
   * many are open as may be; a `done` one then makes room. Returns false as
   * well when the system can take none now, and {@linkcode congestion} says
   * why.
   *
   * @throws {SystemError} when the system refuses it
   */
  send(
    cookie: number,
    destination: SystemAddress,
    payload: Uint8Array<ArrayBuffer>,
  ): boolean;
  /** Why the system did not take the last probe; undefined where it was not asked to, or did. */
  readonly congestion?: SystemError | undefined;
  /** No first answer to this probe is waited for any more; a late one is still reported while there is room. */
  done(cookie: number): void;
  /** Reads what has come, without waiting; returns how many items were handed over. */
  receive(handler: PortHandler): number;
}

/** What a name stands for, or why it stands for nothing. */
export type LookupResult =
  | {
    readonly addresses: readonly (SystemAddress & { family: Family })[];
    /** What the name stands for in turn, where the system says so. */
    readonly canonicalName?: string;
  }
  | { readonly code: string; readonly description: string };

/** How a route to a destination begins. */
export interface Route {
  /** The address that packets to the destination will carry as their source. */
  readonly source: Uint8Array;
}

/** What decides on a route. */
export interface RouteOptions extends PacketOptions {
  readonly destination: SystemAddress;
  readonly broadcast?: boolean | undefined;
}

/** What one operating system provides. */
export interface System {
  /** @param brief a few probes and no more: what pays only for many is left out */
  openEventLoop(brief?: boolean): EventLoop;
  /** @throws {SystemError} EPERM or EACCES where ICMP is not allowed at all */
  openIcmp(loop: EventLoop, options: IcmpSocketOptions): IcmpTransport;
  /** TCP, UDP and Unix sockets; absent where Deno's own are the best there is. */
  openNetwork?(): Promise<Network>;
  openPort(loop: EventLoop, options: PortProbeOptions): Promise<PortTransport>;
  /** Addresses of a name, in order of preference. May wait as long as the system's resolver does. */
  lookup(host: string, family?: Family): Promise<LookupResult>;
  /** The name of an address; undefined where there is none. */
  reverseLookup(
    family: Family,
    address: SystemAddress,
  ): Promise<string | undefined>;
  /**
   * Asks the routing table, without sending anything.
   *
   * @throws {SystemError} such as ENETUNREACH; EACCES for a broadcast address
   */
  route(options: RouteOptions): Promise<Route>;
  /** The number of an interface; 0 where there is none of that name. */
  interfaceIndex(name: string): number;
  /** Whether this process may do what is kept from ordinary users. */
  isPrivileged(): boolean;
  /** Whether a pipe or terminal has room for something to write; absent where nobody can tell. */
  hasRoom?(descriptor: number): boolean;
}
