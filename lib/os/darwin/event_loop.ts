import type { EventLoop } from "../types.ts";
import { Clock } from "./clock.ts";
import {
  EV_ADD,
  EV_CLEAR,
  EV_DELETE,
  EVFILT_READ,
  EVFILT_USER,
  NOTE_TRIGGER,
} from "./constants.ts";
import { KEVENT, TIMESPEC } from "./layouts.ts";
import type { LibSystem } from "./libsystem.ts";

/** The longest single wait; a longer one is made of several, so that no thread waits for ever. */
const LONGEST_WAIT_MS = 10_000;
/** How long a wait may hold up the program while answers come this fast. */
const BRISK_MS = 1;
/** Signals and timers of the program get a turn at least this often. */
const TURN_MS = 8;
/** The one user event: a call of {@linkcode DarwinEventLoop.wake}. */
const WAKEUP = 1;

/**
 * One kqueue (kqueue(2)), which no child process inherits. The wait runs on a
 * thread of its own, so that signals and timers of the program go on
 * meanwhile, and all reading stays with the synchronous callers: that there is
 * something to read is all that the events say.
 */
export class DarwinEventLoop implements EventLoop {
  readonly clock: Clock;
  readonly #lib: LibSystem;
  readonly #queue: number;
  readonly #change = new DataView(new ArrayBuffer(KEVENT.bytes));
  readonly #changeBytes = new Uint8Array(this.#change.buffer);
  readonly #event = new Uint8Array(new ArrayBuffer(KEVENT.bytes));
  readonly #timespec = new DataView(new ArrayBuffer(TIMESPEC.bytes));
  readonly #timespecBytes = new Uint8Array(this.#timespec.buffer);
  readonly #noTime = new Uint8Array(new ArrayBuffer(TIMESPEC.bytes));
  /** The last wait was over so soon that a thread for the next one would cost more than it. */
  #brisk = false;
  /** When Deno's own loop last had a turn. */
  #turnAt: number;
  #woken = false;
  #waiting: Promise<number> | undefined;
  #closed = false;

  constructor(lib: LibSystem) {
    this.#lib = lib;
    this.clock = new Clock(lib);
    this.#turnAt = this.now();
    this.#queue = lib.check(lib.call.kqueue(), "create a kernel event queue");
    this.#control(WAKEUP, EVFILT_USER, EV_ADD | EV_CLEAR, 0);
  }

  /** Waits until there is something to read from a descriptor too; errors count. */
  add(descriptor: number): void {
    this.#control(descriptor, EVFILT_READ, EV_ADD, 0);
  }

  /** Stops waiting for a descriptor. */
  remove(descriptor: number): void {
    this.#control(descriptor, EVFILT_READ, EV_DELETE, 0);
  }

  #control(ident: number, filter: number, flags: number, fflags: number) {
    const change = this.#change;
    change.setBigUint64(KEVENT.ident, BigInt(ident), true);
    change.setInt16(KEVENT.filter, filter, true);
    change.setUint16(KEVENT.flags, flags, true);
    change.setUint32(KEVENT.fflags, fflags, true);
    this.#lib.check(
      this.#lib.call.kevent(
        this.#queue,
        this.#changeBytes,
        1,
        this.#event,
        0,
        this.#noTime,
      ),
      "watch a socket",
    );
  }

  now(): number {
    return this.clock.now();
  }

  wallTime(): number {
    return this.clock.wallTime();
  }

  async wait(until: number): Promise<void> {
    if (!this.#woken) {
      const start = this.now();
      const milliseconds = Math.min(until - start, LONGEST_WAIT_MS);
      if (milliseconds <= 0) return;
      if (this.#brisk && start - this.#turnAt < TURN_MS) {
        this.#setTimeout(Math.min(milliseconds, BRISK_MS));
        const ready = this.#lib.call.kevent(
          this.#queue,
          this.#changeBytes,
          0,
          this.#event,
          1,
          this.#timespecBytes,
        );
        if (ready > 0 || milliseconds <= BRISK_MS) return;
      }
      const ready = await this.#waitOnThread(milliseconds);
      this.#brisk = ready > 0 && this.now() - start < BRISK_MS;
    }
    this.#woken = false;
  }

  async #waitOnThread(milliseconds: number): Promise<number> {
    this.#setTimeout(milliseconds);
    this.#waiting = this.#lib.call.waitForEvents(
      this.#queue,
      this.#changeBytes,
      0,
      this.#event,
      1,
      this.#timespecBytes,
    );
    const ready = await this.#waiting;
    this.#waiting = undefined;
    this.#turnAt = this.now();
    if (this.#closed) this.#lib.call.close(this.#queue);
    return ready;
  }

  #setTimeout(milliseconds: number): void {
    // Rounded before it is divided: a second of nanoseconds would be one too many.
    const nanoseconds = Math.ceil(milliseconds * 1e6);
    const whole = Math.trunc(nanoseconds / 1e9);
    const rest = nanoseconds % 1e9;
    this.#timespec.setBigInt64(TIMESPEC.seconds, BigInt(whole), true);
    this.#timespec.setBigInt64(TIMESPEC.nanoseconds, BigInt(rest), true);
  }

  yield(): Promise<unknown> | undefined {
    if (this.now() - this.#turnAt < TURN_MS) return undefined;
    return this.#waitOnThread(0);
  }

  wake(): void {
    if (this.#woken || this.#closed) return;
    this.#woken = true;
    if (this.#waiting !== undefined) {
      this.#control(WAKEUP, EVFILT_USER, 0, NOTE_TRIGGER);
    }
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    // A thread that still waits uses the queue: it is woken, and closes it.
    this.wake();
    this.#closed = true;
    if (this.#waiting === undefined) this.#lib.call.close(this.#queue);
  }
}
