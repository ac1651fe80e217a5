/**
 * The libraries of Windows as they are documented, over a network that exists
 * only in memory. A request fills its reply buffer with nothing that can be
 * read before IcmpParseReplies or Icmp6ParseReplies has been called.
 */

import { WindowsApi, type WindowsSymbols } from "../../lib/os/windows/api.ts";
import { windowsSystem } from "../../lib/os/windows/system.ts";
import type { System } from "../../lib/os/types.ts";
import { AddressList } from "./_names.ts";
import { OWN, World } from "./_world.ts";

const ERROR_INVALID_PARAMETER = 87;
const ERROR_IO_PENDING = 997;
const IP_REQ_TIMED_OUT = 11010;

/** A request as the program made it. */
export interface Request {
  readonly index: number;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly scopeId: number;
  readonly data: Uint8Array;
  /** 0 where no options were given. */
  readonly ttl: number;
  readonly flags: number;
  readonly timeoutMs: number;
}

/** What becomes of a request. Without an answer it times out. */
export interface Outcome {
  readonly afterMs: number;
  /** IP_STATUS; default success. */
  readonly status?: number;
  /** Default: the destination. */
  readonly from?: Uint8Array;
  /** Default: what was sent. */
  readonly data?: Uint8Array;
  /** The request has no reply, and this is the last error of parsing the buffer. */
  readonly failure?: number;
}

/** How fake libraries are to behave. */
export interface FakeWindowsOptions {
  readonly network?: (request: Request) => Outcome | undefined;
  /** The error that the call for a request meets; 0 is none. */
  readonly admit?: (index: number) => number;
  /** Replies with 32-bit pointers, as the pages say, in place of those of the headers. */
  readonly narrow?: boolean;
  /** The result of a call that is under way: 0, with the error as the last one, or the error itself. */
  readonly pendingAsResult?: boolean;
  /** Without a reply, the status is in the buffer and not the last error. */
  readonly statusInBuffer?: boolean;
  readonly refusal?: number;
}

interface Pending {
  readonly request: Request;
  readonly buffer: Uint8Array<ArrayBuffer>;
  readonly outcome: Outcome;
}

/** Libraries, their world, and what is left open. */
export class FakeWindows {
  readonly world = new World();
  readonly system: System;
  readonly requests: Request[] = [];
  /** The most waits on threads that were under way at one time. */
  mostThreads = 0;
  /** The most requests that were on their way at one time. */
  mostPending = 0;
  /** The addresses that were looked up last. */
  names: AddressList | undefined;
  #winsockIsUp = false;
  readonly #options: FakeWindowsOptions;
  /** Events, and whether each is signalled. */
  readonly #events = new Map<bigint, boolean>();
  readonly #files = new Set<bigint>();
  readonly #sockets = new Map<bigint, 4 | 6>();
  /** Requests that have ended, by their buffer. */
  readonly #ended = new Map<Uint8Array, Pending>();
  #pending = 0;
  #threads = 0;
  #lastError = 0;
  #next = 0x100n;

  constructor(options: FakeWindowsOptions = {}) {
    this.#options = options;
    const api = new WindowsApi(this.#symbols());
    this.system = windowsSystem(() => api);
  }

  /** How many handles are open. */
  get open(): number {
    return this.#events.size + this.#files.size + this.#sockets.size;
  }

  #handle(): bigint {
    return this.#next += 4n;
  }

  #fail(error: number): 0 {
    this.#lastError = error;
    return 0;
  }

  #isSignalled(event: bigint): boolean {
    const signalled = this.#events.get(event);
    if (signalled === undefined) throw new Error(`No event ${event}`);
    return signalled;
  }

  #symbols(): WindowsSymbols {
    const openFile = () => {
      if (this.#options.refusal) {
        this.#lastError = this.#options.refusal;
        return 0xffff_ffff_ffff_ffffn;
      }
      const handle = this.#handle();
      this.#files.add(handle);
      return handle;
    };
    return {
      GetLastError: () => this.#lastError,
      CreateEventW: () => {
        const handle = this.#handle();
        this.#events.set(handle, false);
        return handle;
      },
      SetEvent: (event) => this.#set(BigInt(event), true),
      ResetEvent: (event) => this.#set(BigInt(event), false),
      CloseHandle: (handle) => {
        if (!this.#events.delete(BigInt(handle))) {
          throw new Error(`Closed twice: ${handle}`);
        }
        return 1;
      },
      WaitForSingleObject: (event) =>
        this.#isSignalled(BigInt(event)) ? 0 : 258,
      waitForObjects: async (count, handles, all, milliseconds) => {
        if (count > 64 || all !== 0) return 0xffffffff;
        const view = viewOf(handles);
        const events = Array.from(
          { length: count },
          (_, i) => view.getBigUint64(8 * i, true),
        );
        if (new Set(events).size < count) return 0xffffffff;
        this.mostThreads = Math.max(this.mostThreads, ++this.#threads);
        const ready = () =>
          events.findIndex((event) => this.#isSignalled(event));
        await this.world.wait(milliseconds, () => ready() >= 0);
        this.#threads--;
        return ready() < 0 ? 258 : ready();
      },
      QueryPerformanceCounter: (ticks) => {
        const now = Math.round(this.world.now * 1e4);
        viewOf(ticks).setBigInt64(0, BigInt(now), true);
        return 1;
      },
      QueryPerformanceFrequency: (ticks) => {
        viewOf(ticks).setBigInt64(0, 10_000_000n, true);
        return 1;
      },
      GetSystemTimePreciseAsFileTime: (time) => {
        const { wallOffset, now } = this.world;
        const unix = BigInt(wallOffset) * 10_000n +
          BigInt(Math.round(now * 1e4));
        viewOf(time).setBigInt64(0, unix + 116_444_736_000_000_000n, true);
      },
      GetCurrentProcess: () => 0xffff_ffff_ffff_ffffn,
      RtlMoveMemory: (to, from, count) => {
        const pointer = Deno.UnsafePointer.create(BigInt(from))!;
        bytesOf(to).set(
          new Uint8Array(
            Deno.UnsafePointerView.getArrayBuffer(pointer, Number(count)),
          ),
        );
      },
      IcmpCreateFile: openFile,
      Icmp6CreateFile: openFile,
      IcmpCloseHandle: (handle) => {
        if (this.#pending > 0) {
          throw new Error("Closed with requests under way");
        }
        return this.#files.delete(BigInt(handle)) ? 1 : 0;
      },
      IcmpSendEcho2Ex: (file, event, _apc, _context, from, to, ...rest) =>
        this.#send(BigInt(file), BigInt(event), {
          source: ipv4(from),
          destination: ipv4(to),
          scopeId: 0,
        }, rest),
      Icmp6SendEcho2: (file, event, _apc, _context, from, to, ...rest) => {
        const [source, destination] = [viewOf(from), viewOf(to)];
        if (
          [source, destination].some((name) => name.getUint16(0, true) !== 23)
        ) {
          return this.#fail(ERROR_INVALID_PARAMETER);
        }
        return this.#send(BigInt(file), BigInt(event), {
          source: bytesOf(from).slice(8, 24),
          destination: bytesOf(to).slice(8, 24),
          scopeId: destination.getUint32(24, true),
        }, rest);
      },
      IcmpParseReplies: (buffer) => this.#parse(bytesOf(buffer)),
      Icmp6ParseReplies: (buffer) => this.#parse(bytesOf(buffer)),
      if_nametoindex: (name) =>
        new TextDecoder().decode(bytesOf(name)) === "ethernet_0\0" ? 7 : 0,
      WSAStartup: (version) => {
        this.#winsockIsUp = version === 0x0202;
        return this.#winsockIsUp ? 0 : 10092;
      },
      WSAGetLastError: () => 10051,
      socket: (family) => {
        const handle = this.#handle();
        this.#sockets.set(handle, family === 23 ? 6 : 4);
        return handle;
      },
      setsockopt: () => 0,
      bind: () => 0,
      connect: (_socket, name) => {
        // 240.0.0.0/4 is beyond reach.
        const bytes = bytesOf(name);
        return bytes[0] === 2 && bytes[4]! >= 240 ? -1 : 0;
      },
      getsockname: (socket, name) => {
        const family = this.#sockets.get(BigInt(socket))!;
        bytesOf(name)[0] = family === 4 ? 2 : 23;
        bytesOf(name).set(OWN[family], family === 4 ? 4 : 8);
        return 0;
      },
      closesocket: (socket) => this.#sockets.delete(BigInt(socket)) ? 0 : -1,
      waitForAddresses: (name, _service, hints, result) => {
        if (!this.#winsockIsUp) return Promise.resolve(10093);
        const family = viewOf(hints).getInt32(4, true);
        if (wide(name) !== "host\0") return Promise.resolve(11001);
        const all = ["2001:db8:1::7", "198.51.100.7"];
        const wanted = all.filter((text) =>
          family === 0 || (family === 23) === text.includes(":")
        );
        this.names = new AddressList(wanted, {
          address: 32,
          name: (ip) => {
            const bytes = new Uint8Array(ip.length === 4 ? 16 : 28);
            bytes[0] = ip.length === 4 ? 2 : 23;
            bytes.set(ip, ip.length === 4 ? 4 : 8);
            return bytes;
          },
        });
        viewOf(result).setBigUint64(0, this.names.first, true);
        return Promise.resolve(0);
      },
      FreeAddrInfoW: (first) => {
        this.names!.isFreed = first === this.names!.first;
      },
      waitForName: (name, length, host, room) => {
        const bytes = bytesOf(name);
        if (!this.#winsockIsUp || length !== bytes.length || room !== 1025) {
          return Promise.resolve(10022);
        }
        if (bytes[4] !== 198) return Promise.resolve(11001);
        const text = "host.example\0";
        for (let i = 0; i < text.length; i++) {
          viewOf(host).setUint16(2 * i, text.charCodeAt(i), true);
        }
        return Promise.resolve(0);
      },
      OpenProcessToken: (_process, access, token) => {
        if (access !== 8) return this.#fail(ERROR_INVALID_PARAMETER);
        const handle = this.#handle();
        this.#events.set(handle, false);
        viewOf(token).setBigUint64(0, handle, true);
        return 1;
      },
      GetTokenInformation: (_token, kind, value) => {
        if (kind !== 20) return this.#fail(ERROR_INVALID_PARAMETER);
        viewOf(value).setUint32(0, 1, true);
        return 1;
      },
    };
  }

  #set(event: bigint, signalled: boolean): number {
    this.#isSignalled(event);
    this.#events.set(event, signalled);
    return 1;
  }

  #send(
    file: bigint,
    event: bigint,
    addresses: Pick<Request, "source" | "destination" | "scopeId">,
    rest: readonly unknown[],
  ): number {
    const [data, size, options, reply, replySize, timeoutMs] = rest;
    const buffer = bytesOf(reply);
    const isSix = addresses.destination.length === 16;
    const needed = (isSix ? 36 : 40) + Number(size) + 8 + 16;
    if (!this.#files.has(file) || Number(replySize) < needed) {
      return this.#fail(ERROR_INVALID_PARAMETER);
    }
    const given = options === null ? new Uint8Array(16) : bytesOf(options);
    const request: Request = {
      ...addresses,
      index: this.requests.length,
      data: bytesOf(data).slice(0, Number(size)),
      ttl: given[0]!,
      flags: given[2]!,
      timeoutMs: Number(timeoutMs),
    };
    const error = this.#options.admit?.(request.index) ?? 0;
    this.requests.push(request);
    if (error !== 0) return this.#fail(error);
    // The I/O manager resets the event of a request that begins.
    this.#set(event, false);
    const outcome = this.#options.network?.(request);
    const silence = { afterMs: request.timeoutMs, failure: IP_REQ_TIMED_OUT };
    const ended = outcome !== undefined && outcome.afterMs < request.timeoutMs
      ? outcome
      : silence;
    this.mostPending = Math.max(this.mostPending, ++this.#pending);
    this.world.at(this.world.now + ended.afterMs, () => {
      this.#pending--;
      buffer.fill(0xee);
      this.#ended.set(buffer, { request, buffer, outcome: ended });
      this.#set(event, true);
    });
    this.#lastError = ERROR_IO_PENDING;
    return this.#options.pendingAsResult ? ERROR_IO_PENDING : 0;
  }

  #parse(buffer: Uint8Array<ArrayBuffer>): number {
    const ended = this.#ended.get(buffer);
    if (ended === undefined) throw new Error("Parsed what has not ended");
    this.#ended.delete(buffer);
    const { request, outcome } = ended;
    if (outcome.failure !== undefined) {
      if (!this.#options.statusInBuffer) return this.#fail(outcome.failure);
      const at = request.destination.length === 16 ? 28 : 4;
      viewOf(buffer).setUint32(at, outcome.failure, true);
      return this.#fail(0);
    }
    const { status = 0, from = request.destination } = outcome;
    const data = outcome.data ??
      (status === 0 ? request.data : new Uint8Array());
    const view = viewOf(buffer);
    const rtt = Math.floor(outcome.afterMs);
    if (request.destination.length === 16) {
      buffer.set(from, 6);
      view.setUint32(28, status, true);
      view.setUint32(32, rtt, true);
      buffer.set(data, 36);
      return 1;
    }
    const start = this.#options.narrow ? 28 : 40;
    const pointer = Deno.UnsafePointer.value(Deno.UnsafePointer.of(buffer)) +
      BigInt(start);
    buffer.set(from);
    view.setUint32(4, status, true);
    view.setUint32(8, rtt, true);
    view.setUint16(12, data.length, true);
    if (this.#options.narrow) {
      view.setUint32(16, Number(pointer & 0xffff_ffffn), true);
      view.setUint8(20, 57);
    } else {
      view.setBigUint64(16, pointer, true);
      view.setUint8(24, 57);
    }
    buffer.set(data, start);
    return 1;
  }
}

function ipv4(address: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(address).buffer);
}

function wide(text: unknown): string {
  const { buffer, byteOffset, length } = bytesOf(text);
  return String.fromCharCode(
    ...new Uint16Array(buffer, byteOffset, length / 2),
  );
}

function bytesOf(buffer: unknown): Uint8Array<ArrayBuffer> {
  return buffer as Uint8Array<ArrayBuffer>;
}

function viewOf(buffer: unknown): DataView<ArrayBuffer> {
  const bytes = bytesOf(buffer);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
