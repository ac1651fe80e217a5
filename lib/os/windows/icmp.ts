import type { Family } from "../../wire/address.ts";
import { ICMP4, ICMP6, ICMP_HEADER_BYTES } from "../../wire/icmp.ts";
import {
  IcmpRefusedError,
  MessageTooLongError,
  notSupported,
  SystemError,
} from "../errno.ts";
import type {
  IcmpHandler,
  IcmpSocketOptions,
  IcmpTransport,
  OutgoingSlot,
  SystemAddress,
} from "../types.ts";
import type { WindowsApi } from "./api.ts";
import * as c from "./constants.ts";
import { type EchoReply, EchoRequest } from "./echo_request.ts";
import { windowsError } from "./errors.ts";
import { WaitGroup, type WindowsEventLoop } from "./event_loop.ts";
import { IP_OPTION_INFORMATION } from "./layouts.ts";
import { route } from "./route.ts";
import { socketAddress } from "./sockaddr.ts";
import { icmpReason } from "./status.ts";

/** Requests on their way at one time: 16 threads of Deno's 32 wait for them at the most. */
const MOST_GROUPS = 16;
/** What the requests may take of memory altogether. */
const MEMORY = 64 << 20;
const DEFAULT_TIMEOUT_MS = 10_000;
/** How much longer the system waits for an answer than the program, so that late ones are told as such. */
const LATE_MS = 1000;
/** How much later than told the system may give up. */
const GRACE_MS = 2000;
/** The default time to live of Windows (IP_OPTION_INFORMATION has no "unset"). */
const DEFAULT_TTL = 128;
/** What the routing table says of a destination that no route leads to. */
const NO_ROUTE = ["ENETUNREACH", "EHOSTUNREACH"];
/** What is handed over of a request that an error is about. */
const QUOTED_BYTES = 128;

/** Requests that the system never answered: it may still write to their memory. */
const abandoned: EchoRequest[] = [];

/**
 * ICMP echo through the IP helper library (IcmpSendEcho2Ex, Icmp6SendEcho2),
 * which everyone may use. What distinguishes it from a socket:
 *
 * - The system makes the ICMP header, matches replies to requests, and gives
 *   each request one end: a reply, an error or a timeout. Duplicates are not
 *   seen. The messages that this class hands over have the header of the
 *   request they belong to.
 * - It tells round trips in whole milliseconds, so the times are the
 *   program's own: from the call to the event.
 * - An ICMP error says who sent it and why, not what it quotes, nor an MTU.
 * - Where no route leads, requests fail, late, with IP_GENERAL_FAILURE; the
 *   routing table says better why, before the first request.
 *
 * Each request has an event of its own; see {@linkcode WindowsEventLoop}.
 *
 * @throws {IcmpRefusedError} where the system denies access
 */
export class WindowsIcmpTransport implements IcmpTransport {
  readonly family: Family;
  readonly kind = "datagram";
  readonly identifier: number;
  readonly clock = "user";
  readonly outgoing: readonly OutgoingSlot[];
  congestion: SystemError | undefined;
  readonly #api: WindowsApi;
  readonly #loop: WindowsEventLoop;
  readonly #handle: bigint;
  readonly #dataBytes: number;
  readonly #timeoutMs: number;
  readonly #options: Uint8Array<ArrayBuffer> | null;
  readonly #source: SystemAddress | undefined;
  readonly #capacity: number;
  #isFirst = true;
  readonly #groups: WaitGroup[] = [];
  readonly #free: EchoRequest[] = [];
  /** On their way, the oldest first. */
  readonly #pending = new Set<EchoRequest>();

  constructor(
    api: WindowsApi,
    loop: WindowsEventLoop,
    options: IcmpSocketOptions,
  ) {
    const { family, messageBytes } = options;
    this.#api = api;
    this.#loop = loop;
    this.family = family;
    this.identifier = crypto.getRandomValues(new Uint16Array(1))[0]!;
    this.#options = ipOptions(options);
    this.#source = options.sourceAddress;
    this.#dataBytes = messageBytes - ICMP_HEADER_BYTES;
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#timeoutMs = Math.min(Math.ceil(timeoutMs) + LATE_MS, 2 ** 31 - 1);
    const fitting = Math.floor(MEMORY / (2 * messageBytes));
    this.#capacity = Math.min(fitting, MOST_GROUPS * WaitGroup.CAPACITY);
    this.outgoing = Array.from({ length: options.batch }, () => ({
      packet: new Uint8Array(messageBytes),
      address: new Uint8Array(family === 4 ? 4 : 16),
      scopeId: 0,
      cookie: 0,
    }));
    this.#handle = openIcmp(api, family);
  }

  send(from: number, count: number): number {
    if (this.#isFirst) {
      this.#isFirst = false;
      const { address, scopeId } = this.outgoing[from]!;
      const error = this.#noRoute({ bytes: address, scopeId });
      if (error !== undefined) throw error;
    }
    for (let taken = 0; taken < count; taken++) {
      const request = this.#free.pop() ?? this.#newRequest();
      if (request === undefined) {
        this.congestion = this.#overdue();
        return taken;
      }
      const error = this.#start(request, this.outgoing[from + taken]!);
      if (error === c.ERROR_IO_PENDING) {
        request.overdueAt = this.#loop.now() + this.#timeoutMs + GRACE_MS;
        request.group.pending++;
        this.#pending.add(request);
        continue;
      }
      this.#free.push(request);
      // What was taken before is said first, and the refusal with the next call.
      if (taken > 0) return taken;
      const failure = windowsError("send", error);
      if (error === c.IP_PACKET_TOO_BIG) {
        throw new MessageTooLongError(failure, 0);
      }
      const isFull = error === c.ERROR_NOT_ENOUGH_MEMORY ||
        error === c.IP_NO_RESOURCES;
      if (!isFull) throw failure;
      this.congestion = failure;
      return 0;
    }
    return count;
  }

  /** One more request, as long as there may be more. */
  #newRequest(): EchoRequest | undefined {
    if (this.#free.length + this.#pending.size >= this.#capacity) {
      return undefined;
    }
    let group = this.#groups.at(-1);
    if (group === undefined || group.isFull) {
      group = new WaitGroup(this.#loop.wakeup);
      this.#groups.push(group);
      this.#loop.add(group);
    }
    return new EchoRequest(this.#api, this.family, this.#dataBytes, group);
  }

  /** Why it is no use to wait for a place: the oldest request should long be over. */
  #overdue(): SystemError | undefined {
    const [oldest] = this.#pending;
    return oldest !== undefined && oldest.overdueAt < this.#loop.now()
      ? windowsError("send", c.IP_NO_RESOURCES)
      : undefined;
  }

  /** That there is no route to a destination. What else may be wrong, a request tells. */
  #noRoute(destination: SystemAddress): SystemError | undefined {
    const { family } = this;
    const sourceAddress = this.#source;
    try {
      route(this.#api, { family, destination, sourceAddress, broadcast: true });
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (NO_ROUTE.includes(error.code)) return error;
    }
    return undefined;
  }

  /** Returns ERROR_IO_PENDING when the request is on its way, else the error. */
  #start(request: EchoRequest, slot: OutgoingSlot): number {
    request.load(slot);
    const { call } = this.#api;
    const { data, buffer, event } = request;
    const rest = [
      data,
      data.length,
      this.#options,
      buffer,
      buffer.length,
      this.#timeoutMs,
    ] as const;
    const result = this.family === 4
      ? call.IcmpSendEcho2Ex(
        this.#handle,
        event,
        null,
        null,
        ipAddr(this.#source?.bytes),
        ipAddr(slot.address),
        ...rest,
      )
      : call.Icmp6SendEcho2(
        this.#handle,
        event,
        null,
        null,
        socketAddress(6, this.#source),
        socketAddress(6, request.destination),
        ...rest,
      );
    // The page has it as the result; the libraries return 0 and leave it in the last error.
    return result === 0 ? call.GetLastError() : c.ERROR_IO_PENDING;
  }

  receive(handler: IcmpHandler): number {
    let count = 0;
    for (const request of this.#pending) {
      if (!request.isDone()) continue;
      const readAt = this.#loop.now();
      count++;
      this.#api.call.ResetEvent(request.event);
      request.group.pending--;
      this.#pending.delete(request);
      this.#deliver(request, readAt, handler);
      this.#free.push(request);
    }
    return count;
  }

  #deliver(request: EchoRequest, readAt: number, handler: IcmpHandler): void {
    const replies = request.replies();
    if (typeof replies === "number") {
      if (replies === c.IP_REQ_TIMED_OUT) return;
      const error = replies === c.IP_GENERAL_FAILURE
        ? this.#noRoute(request.destination)
        : undefined;
      handler.failed?.(request.cookie, error ?? windowsError("send", replies));
      return;
    }
    for (const reply of replies) {
      if (reply.status === c.IP_SUCCESS) {
        const packet = this.#message(request, reply);
        const { from, hopLimit } = reply;
        handler.message(packet, packet.length, from, hopLimit, NaN, readAt);
      } else if (reply.status !== c.IP_REQ_TIMED_OUT) {
        this.#fail(request, reply, handler);
      }
    }
  }

  /** The echo reply as it was on the wire, but for what the system keeps to itself. */
  #message({ header }: EchoRequest, { data }: EchoReply): Uint8Array {
    const packet = new Uint8Array(ICMP_HEADER_BYTES + data.length);
    packet.set(header);
    packet[0] = this.family === 4 ? ICMP4.ECHO_REPLY : ICMP6.ECHO_REPLY;
    packet.set(data, ICMP_HEADER_BYTES);
    return packet;
  }

  #fail(request: EchoRequest, reply: EchoReply, handler: IcmpHandler): void {
    const reason = icmpReason(this.family, reply.status);
    const { cookie, header, data, destination } = request;
    if (reason === undefined) {
      handler.failed?.(cookie, windowsError("send", reply.status));
      return;
    }
    const [type, code] = reason;
    const quoted = new Uint8Array([
      ...header,
      ...data.subarray(0, QUOTED_BYTES - ICMP_HEADER_BYTES),
    ]);
    const { from } = reply;
    const { bytes } = destination;
    handler.error({ from, type, code, mtu: 0, destination: bytes, quoted });
  }

  [Symbol.dispose](): void {
    const waits = this.#groups.map((group) => this.#loop.remove(group));
    const isQuiet = this.#pending.size === 0 &&
      waits.every((wait) => wait === undefined);
    if (isQuiet) this.#close();
    else this.#drain(waits);
  }

  /** The system writes to the memory of a request until its end, so that end is waited for. */
  async #drain(waits: readonly (Promise<void> | undefined)[]): Promise<void> {
    await Promise.allSettled(waits);
    for (const request of this.#pending) {
      const event = new Uint8Array(BigUint64Array.of(request.event).buffer);
      const milliseconds = Math.max(0, request.overdueAt - this.#loop.now());
      const { waitForObjects } = this.#api.call;
      await waitForObjects(1, event, 0, Math.ceil(milliseconds));
      if (!request.isDone()) abandoned.push(request);
    }
    this.#close();
  }

  #close(): void {
    const { call } = this.#api;
    call.IcmpCloseHandle(this.#handle);
    for (const { event } of [...this.#free, ...this.#pending]) {
      call.CloseHandle(event);
    }
  }
}

/** An IPAddr (ipexport.h): the four bytes as they are in memory; none is any. */
function ipAddr(bytes?: Uint8Array): number {
  if (bytes === undefined) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

/** IP_OPTION_INFORMATION for what was asked for; null where that is nothing. */
function ipOptions(
  options: IcmpSocketOptions,
): Uint8Array<ArrayBuffer> | null {
  const { family, ttl, tos, sourceInterface, pathMtu } = options;
  if (tos !== undefined) {
    throw notSupported("set the type of service", "Windows ignores it");
  }
  if (sourceInterface !== undefined) {
    throw notSupported(
      `use interface "${sourceInterface}"`,
      "Windows takes an address as the source",
    );
  }
  if (pathMtu === "want" || (pathMtu === "do" && family === 6)) {
    throw notSupported(
      `use path MTU discovery "${pathMtu}"`,
      `Windows has not that for IPv${family}`,
    );
  }
  if (ttl === undefined && pathMtu !== "do") return null;
  const bytes = new Uint8Array(new ArrayBuffer(IP_OPTION_INFORMATION.bytes));
  bytes[IP_OPTION_INFORMATION.ttl] = ttl ?? DEFAULT_TTL;
  bytes[IP_OPTION_INFORMATION.flags] = pathMtu === "do" ? c.IP_FLAG_DF : 0;
  return bytes;
}

function openIcmp(api: WindowsApi, family: Family): bigint {
  const { call } = api;
  if (family === 6 && call.Icmp6ParseReplies === null) {
    throw notSupported("ping over IPv6", "the system has no Icmp6ParseReplies");
  }
  const handle = family === 4 ? call.IcmpCreateFile() : call.Icmp6CreateFile();
  if (handle !== c.INVALID_HANDLE) return handle;
  const number = call.GetLastError();
  const error = windowsError("open ICMP", number);
  throw number === c.ERROR_ACCESS_DENIED ? new IcmpRefusedError(error) : error;
}
