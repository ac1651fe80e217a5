/**
 * The libraries of Windows: the tables of symbols that netdiag calls.
 *
 * Handles and SOCKETs are as wide as a pointer and are passed as 64-bit
 * numbers. There is one calling convention on x86-64, which the FFI uses.
 */

import { WINSOCK_VERSION } from "./constants.ts";
import { windowsError } from "./errors.ts";
import { WSADATA_BYTES } from "./layouts.ts";

/** `waitFor...` symbols run on a thread of their own and must not be asked for the last error. */
const KERNEL32 = {
  GetLastError: { parameters: [], result: "u32" },
  // Security, manual reset, initial state, name.
  CreateEventW: {
    parameters: ["pointer", "i32", "i32", "pointer"],
    result: "u64",
  },
  SetEvent: { parameters: ["u64"], result: "i32" },
  ResetEvent: { parameters: ["u64"], result: "i32" },
  CloseHandle: { parameters: ["u64"], result: "i32" },
  WaitForSingleObject: { parameters: ["u64", "u32"], result: "u32" },
  waitForObjects: {
    name: "WaitForMultipleObjects",
    parameters: ["u32", "buffer", "i32", "u32"],
    result: "u32",
    nonblocking: true,
  },
  QueryPerformanceCounter: { parameters: ["buffer"], result: "i32" },
  QueryPerformanceFrequency: { parameters: ["buffer"], result: "i32" },
  GetSystemTimePreciseAsFileTime: { parameters: ["buffer"], result: "void" },
  GetCurrentProcess: { parameters: [], result: "u64" },
  RtlMoveMemory: { parameters: ["buffer", "u64", "usize"], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

const IPHLPAPI = {
  IcmpCreateFile: { parameters: [], result: "u64" },
  Icmp6CreateFile: { parameters: [], result: "u64" },
  IcmpCloseHandle: { parameters: ["u64"], result: "i32" },
  // Handle, event, APC routine and context, source, destination, data, its
  // size, options, reply buffer, its size, timeout in milliseconds.
  IcmpSendEcho2Ex: {
    parameters: [
      ...["u64", "u64", "pointer", "pointer", "u32", "u32"] as const,
      ...["buffer", "u16", "buffer", "buffer", "u32", "u32"] as const,
    ],
    result: "u32",
  },
  Icmp6SendEcho2: {
    parameters: [
      ...["u64", "u64", "pointer", "pointer", "buffer", "buffer"] as const,
      ...["buffer", "u16", "buffer", "buffer", "u32", "u32"] as const,
    ],
    result: "u32",
  },
  IcmpParseReplies: { parameters: ["buffer", "u32"], result: "u32" },
  // Wine 10 has none.
  Icmp6ParseReplies: {
    parameters: ["buffer", "u32"],
    result: "u32",
    optional: true,
  },
  if_nametoindex: { parameters: ["buffer"], result: "u32" },
} as const satisfies Deno.ForeignLibraryInterface;

const WS2_32 = {
  WSAStartup: { parameters: ["u16", "buffer"], result: "i32" },
  WSAGetLastError: { parameters: [], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "u64" },
  setsockopt: {
    parameters: ["u64", "i32", "i32", "buffer", "i32"],
    result: "i32",
  },
  bind: { parameters: ["u64", "buffer", "i32"], result: "i32" },
  connect: { parameters: ["u64", "buffer", "i32"], result: "i32" },
  getsockname: { parameters: ["u64", "buffer", "buffer"], result: "i32" },
  closesocket: { parameters: ["u64"], result: "i32" },
  waitForAddresses: {
    name: "GetAddrInfoW",
    parameters: ["buffer", "pointer", "buffer", "buffer"],
    result: "i32",
    nonblocking: true,
  },
  FreeAddrInfoW: { parameters: ["u64"], result: "void" },
  waitForName: {
    name: "GetNameInfoW",
    parameters: ["buffer", "i32", "buffer", "u32", "pointer", "u32", "i32"],
    result: "i32",
    nonblocking: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

const ADVAPI32 = {
  OpenProcessToken: { parameters: ["u64", "u32", "buffer"], result: "i32" },
  GetTokenInformation: {
    parameters: ["u64", "i32", "buffer", "u32", "buffer"],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;

type Symbols<T extends Deno.ForeignLibraryInterface> = Deno.DynamicLibrary<
  T
>["symbols"];

/** The functions of Windows; a test puts its own in their place. */
export type WindowsSymbols =
  & Symbols<typeof KERNEL32>
  & Symbols<typeof IPHLPAPI>
  & Symbols<typeof WS2_32>
  & Symbols<typeof ADVAPI32>;

/** The libraries, and the few steps that calls of them need. */
export class WindowsApi {
  readonly call: WindowsSymbols;
  #winsockIsUp = false;

  constructor(symbols: WindowsSymbols) {
    this.call = symbols;
    // Compiling it may meet errors of the runtime's own: not when it matters, then, but now.
    symbols.GetLastError();
  }

  /** An event that stays signalled until it is reset (CreateEventW). */
  createEvent(): bigint {
    const event = this.call.CreateEventW(null, 1, 0, null);
    if (event === 0n) {
      throw windowsError("create an event", this.call.GetLastError());
    }
    return event;
  }

  /** Makes Winsock usable, once (WSAStartup). */
  startWinsock(): void {
    if (this.#winsockIsUp) return;
    const data = new Uint8Array(new ArrayBuffer(WSADATA_BYTES));
    const error = this.call.WSAStartup(WINSOCK_VERSION, data);
    if (error !== 0) throw windowsError("start Winsock", error);
    this.#winsockIsUp = true;
  }

  /**
   * Returns the result of a call of Winsock, unless it is negative.
   *
   * @throws {SystemError} with the last error when the result is negative
   */
  checkSocket(result: number, operation: string): number {
    if (result < 0) {
      throw windowsError(operation, this.call.WSAGetLastError());
    }
    return result;
  }
}

let loaded: WindowsApi | undefined;

/** The libraries of this machine, opened once. */
export function windowsApi(): WindowsApi {
  return loaded ??= new WindowsApi({
    ...Deno.dlopen("kernel32.dll", KERNEL32).symbols,
    ...Deno.dlopen("iphlpapi.dll", IPHLPAPI).symbols,
    ...Deno.dlopen("ws2_32.dll", WS2_32).symbols,
    ...Deno.dlopen("advapi32.dll", ADVAPI32).symbols,
  });
}
