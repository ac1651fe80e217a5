/**
 * The C library of macOS: the one table of symbols that netdiag calls.
 *
 * No function with variable arguments is among them: on arm64 those are passed
 * on the stack, where the FFI does not put them. So there is no `fcntl` and no
 * `ioctl`, and what must not block says so with MSG_DONTWAIT.
 */

import { SystemError } from "../errno.ts";
import { LIBSYSTEM_PATH } from "../library.ts";
import { DARWIN_ERRNO } from "./errno.ts";

/** Everything that is called, typed once. `waitFor...` symbols run on a thread of their own. */
const SYMBOLS = {
  // It returns its first argument: with no bytes to copy, the address of a buffer.
  memcpy: { parameters: ["buffer", "u64", "usize"], result: "u64" },
  // errno.h of the SDK: errno is *__error().
  __error: { parameters: [], result: "u64" },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  setsockopt: {
    parameters: ["i32", "i32", "i32", "buffer", "u32"],
    result: "i32",
  },
  sendto: {
    parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"],
    result: "i32",
  },
  recvmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  kqueue: { parameters: [], result: "i32" },
  kevent: {
    parameters: ["i32", "buffer", "i32", "buffer", "i32", "buffer"],
    result: "i32",
  },
  waitForEvents: {
    name: "kevent",
    parameters: ["i32", "buffer", "i32", "buffer", "i32", "buffer"],
    result: "i32",
    nonblocking: true,
  },
  geteuid: { parameters: [], result: "u32" },
  if_nametoindex: { parameters: ["buffer"], result: "u32" },
  waitForAddresses: {
    name: "getaddrinfo",
    parameters: ["buffer", "pointer", "buffer", "buffer"],
    result: "i32",
    nonblocking: true,
  },
  freeaddrinfo: { parameters: ["u64"], result: "void" },
  waitForName: {
    name: "getnameinfo",
    parameters: ["buffer", "u32", "buffer", "u32", "pointer", "u32", "i32"],
    result: "i32",
    nonblocking: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** The C library's functions; a test puts its own in their place. */
export type LibSystemSymbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

const ERRNO_BYTES = 4n;

/** The C library, and the few steps that every call of it needs. */
export class LibSystem {
  readonly call: LibSystemSymbols;
  readonly #errnoBytes = new Uint8Array(new ArrayBuffer(4));
  readonly #errnoView = new Int32Array(this.#errnoBytes.buffer);
  /** It belongs to the thread, and this thread runs all of this program. */
  readonly #errnoAddress: bigint;

  constructor(symbols: LibSystemSymbols) {
    this.call = symbols;
    this.#errnoAddress = symbols.__error();
    // Compiling it may meet errors of the runtime's own: not when it matters, then, but now.
    this.errno();
  }

  /** The number of the error that the last synchronous call met. */
  errno(): number {
    this.call.memcpy(this.#errnoBytes, this.#errnoAddress, ERRNO_BYTES);
    return this.#errnoView[0]!;
  }

  /**
   * Returns the result of a call, unless it is negative.
   *
   * @throws {SystemError} with the call's errno when the result is negative
   */
  check(result: number, operation: string): number {
    if (result < 0) throw systemError(operation, this.errno());
    return result;
  }

  /** The address of a buffer, which must be backed by an ArrayBuffer of its own (small typed arrays move). */
  addressOf(buffer: ArrayBuffer): bigint {
    return this.call.memcpy(new Uint8Array(buffer), 0n, 0n);
  }
}

let loaded: LibSystem | undefined;

/** The C library of this machine, opened once. */
export function libSystem(): LibSystem {
  return loaded ??= new LibSystem(
    Deno.dlopen(LIBSYSTEM_PATH, SYMBOLS).symbols,
  );
}

/** A {@linkcode SystemError} for an error number of this system. */
export function systemError(operation: string, number: number): SystemError {
  const [code, description] = DARWIN_ERRNO[number] ??
    [`E${number}`, `System error ${number}`];
  return new SystemError(operation, number, code, description);
}
