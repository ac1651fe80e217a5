/**
 * The C library of Linux: the one table of symbols that netdiag calls, and
 * the few steps that every call needs.
 */

import { SystemError } from "../errno.ts";
import { LINUX_ERRNO } from "./errno.ts";
import { libcCandidates } from "./library.ts";

/*
 * Everything that is called, typed once. Sizes that fit 32 bits are declared
 * so, since 64-bit numbers cross the FFI as bigint. `waitFor...` symbols run
 * on a thread of their own and must not be asked for their errno.
 *
 * Binding a symbol takes 50 us, as long as a thousand calls of it, so there
 * are two groups: what every run calls, and what is bound at its first use.
 */
const CORE = {
  // It returns its first argument: with no bytes to copy, the address of a buffer.
  // UnsafePointer.of() would need an unscoped --allow-ffi.
  memcpy: { parameters: ["buffer", "u64", "usize"], result: "u64" },
  __errno_location: { parameters: [], result: "u64" },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  setsockopt: {
    parameters: ["i32", "i32", "i32", "buffer", "u32"],
    result: "i32",
  },
  sendmmsg: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  recvmmsg: {
    parameters: ["i32", "buffer", "u32", "i32", "pointer"],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;

const ON_DEMAND = {
  geteuid: { parameters: [], result: "u32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  waitForPoll: {
    name: "ppoll",
    parameters: ["buffer", "u64", "buffer", "pointer"],
    result: "i32",
    nonblocking: true,
  },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  getsockopt: {
    parameters: ["i32", "i32", "i32", "buffer", "buffer"],
    result: "i32",
  },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  accept4: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  ppoll: {
    parameters: ["buffer", "u64", "buffer", "pointer"],
    result: "i32",
  },
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

type Core = Deno.DynamicLibrary<typeof CORE>["symbols"];

/** The C library's functions. */
export type Libc = Core & Deno.DynamicLibrary<typeof ON_DEMAND>["symbols"];

let symbols: Libc | undefined;
/** Where they are from. */
let libraryPath = "";

/**
 * The C library, opened once.
 *
 * @throws {Error} where none of the places that the FFI permission allows has one
 */
export function libc(): Libc {
  if (symbols === undefined) {
    symbols = open();
    // Compiling it may meet errors of the runtime's own: not when it matters, then, but now.
    errno();
  }
  return symbols;
}

function open(): Libc {
  const candidates = libcCandidates();
  let failure: unknown;
  for (const path of candidates) {
    try {
      const core = bindPlainly(path);
      errnoAddress = core.__errno_location();
      libraryPath = path;
      return withOnDemand(core, path);
    } catch (error) {
      failure = error;
    }
  }
  throw new Error(
    `Cannot load the C library from ${candidates.join(", ")}`,
    { cause: failure },
  );
}

/**
 * Deno compiles a trampoline for each function, unless it takes a structure.
 * This one goes into a register that the function does not read (System V ABI
 * for x86-64, section 3.2.3; AAPCS64, section 6.8.2).
 */
const NO_TRAMPOLINE = { struct: ["u8"] } as const;
const IGNORED = new Uint8Array(1);

/**
 * The core without trampolines. Compiling those takes 3 % of the whole time
 * of a single ping, which calls each function a few times.
 */
function bindPlainly(path: string): Core {
  const definitions: Record<string, Deno.ForeignFunction> = {};
  for (const [name, { parameters, result }] of Object.entries(CORE)) {
    definitions[name] = { parameters: [...parameters, NO_TRAMPOLINE], result };
  }
  const plain = Object.entries(Deno.dlopen(path, definitions).symbols)
    .map(([name, call]) => [
      name,
      (...args: (number | bigint | Uint8Array<ArrayBuffer> | null)[]) =>
        call(...args, IGNORED),
    ]);
  return Object.fromEntries(plain);
}

let isFast = false;

/** Gives the core its trampolines. Not between a call and its {@linkcode errno}, which this may change. */
export function expectManyCalls(): void {
  if (isFast) return;
  isFast = true;
  Object.assign(libc(), Deno.dlopen(libraryPath, CORE).symbols);
}

/** Adds the functions that are bound when they are first asked for. */
function withOnDemand(core: object, path: string): Libc {
  const bound = { ...core };
  for (const [name, definition] of Object.entries(ON_DEMAND)) {
    Object.defineProperty(bound, name, {
      configurable: true,
      get() {
        const library = Deno.dlopen(path, { [name]: definition });
        const value = library.symbols[name];
        Object.defineProperty(bound, name, { value });
        return value;
      },
    });
  }
  return bound as Libc;
}

const errnoBytes = new Uint8Array(4);
const errnoView = new Int32Array(errnoBytes.buffer);
const ERRNO_SIZE = 4n;
/** It belongs to the thread, and this thread runs all of this program. */
let errnoAddress: bigint | undefined;

/**
 * The number of the error that the last synchronous call met. One call with
 * nothing to allocate reads it, since whatever the runtime does between the
 * failure and the reading may meet an error of its own.
 */
export function errno(): number {
  symbols!.memcpy(errnoBytes, errnoAddress!, ERRNO_SIZE);
  return errnoView[0]!;
}

/** A {@linkcode SystemError} for an error number of this system. */
export function systemError(operation: string, number: number): SystemError {
  const [code, description] = LINUX_ERRNO[number] ??
    [`E${number}`, `System error ${number}`];
  return new SystemError(operation, number, code, description);
}

/**
 * Returns the result of a call, unless it is negative.
 *
 * @throws {SystemError} with the call's errno when the result is negative
 */
export function check(result: number, operation: string): number {
  if (result < 0) throw systemError(operation, errno());
  return result;
}

/** The address of a buffer, which must be backed by an ArrayBuffer of its own (small typed arrays move). */
export function addressOf(buffer: ArrayBuffer): bigint {
  return libc().memcpy(new Uint8Array(buffer), 0n, 0n);
}

/** Text as the C library takes it. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text + "\0");
}
