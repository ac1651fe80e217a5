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
 * Binding a symbol for many calls takes 50 us, so there are two groups: what
 * every run calls, and what is bound at its first use.
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
  sched_yield: { parameters: [], result: "i32" },
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

/** The C library's functions. */
export type Libc = Deno.DynamicLibrary<
  typeof CORE & typeof ON_DEMAND
>["symbols"];

let symbols: Libc | undefined;
let areManyCallsExpected = false;

/**
 * Has {@linkcode libc} give functions that are fast when called often. Not
 * between a call and its {@linkcode errno}, which this may change.
 */
export function expectManyCalls(): void {
  if (areManyCallsExpected) return;
  areManyCallsExpected = true;
  symbols = undefined;
  libc();
}

/**
 * The C library, opened once for few calls and once for many.
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
      const core = bind(path, CORE);
      errnoAddress = core.__errno_location();
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
 * Keeps Deno from compiling a trampoline for a function, which takes as long
 * as some hundred calls, and 3 % of the whole time of a single ping.
 * The structure goes into the register after those of the other parameters,
 * which the function does not read (System V ABI for x86-64, section 3.2.3;
 * AAPCS64, section 6.8.2).
 */
const NO_TRAMPOLINE = { struct: ["u8"] } as const;
const IGNORED = new Uint8Array(1);

function bind<Definitions extends Deno.ForeignLibraryInterface>(
  path: string,
  definitions: Definitions,
): Deno.DynamicLibrary<Definitions>["symbols"] {
  if (areManyCallsExpected) return Deno.dlopen(path, definitions).symbols;
  // There are functions only.
  const functions = definitions as Readonly<
    Record<string, Deno.ForeignFunction>
  >;
  const plain: Record<string, Deno.ForeignFunction> = {};
  for (const [name, definition] of Object.entries(functions)) {
    // What runs on a thread has no trampoline anyway.
    plain[name] = definition.nonblocking ? definition : {
      ...definition,
      parameters: [...definition.parameters, NO_TRAMPOLINE],
    };
  }
  const bound: Record<string, unknown> = {};
  for (const [name, call] of Object.entries(Deno.dlopen(path, plain).symbols)) {
    bound[name] = plain[name]!.nonblocking
      ? call
      : (...args: Parameters<typeof call>) => call(...args, IGNORED);
  }
  return bound as Deno.DynamicLibrary<Definitions>["symbols"];
}

/** Adds the functions that are bound when they are first asked for. */
function withOnDemand(core: object, path: string): Libc {
  const bound = { ...core };
  for (const [name, definition] of Object.entries(ON_DEMAND)) {
    Object.defineProperty(bound, name, {
      configurable: true,
      get() {
        const { [name]: value } = bind(path, { [name]: definition });
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
 * next to nothing to allocate reads it, since whatever the runtime does between
 * the failure and the reading may meet an error of its own.
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
