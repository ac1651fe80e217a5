import { SystemError } from "../errno.ts";
import type { EventLoop } from "../types.ts";
import type { WindowsApi } from "./api.ts";
import { MAXIMUM_WAIT_OBJECTS, WAIT_FAILED } from "./constants.ts";

/** The longest single wait; a longer one is made of several, so that no thread waits for ever. */
const LONGEST_WAIT_MS = 10_000;
/** Signals and timers of the program get a turn at least this often. */
const TURN_MS = 8;
const HANDLE_BYTES = 8;
/** FILETIME counts units of 100 ns since 1601 (minwinbase.h). */
const FILETIME_A_MICROSECOND = 10n;
const UNIX_EPOCH_MICROSECONDS = 11_644_473_600_000_000n;

/**
 * Events that one thread waits for: a wait takes no more than 64
 * (WaitForMultipleObjects), and the first is the loop's own.
 */
export class WaitGroup {
  /** How many events a group takes, beside the loop's. */
  static readonly CAPACITY: number = MAXIMUM_WAIT_OBJECTS - 1;
  /** How many of its events will be signalled at some time. */
  pending = 0;
  readonly #handles = new BigUint64Array(
    new ArrayBuffer(MAXIMUM_WAIT_OBJECTS * HANDLE_BYTES),
  );
  #count = 0;

  constructor(wakeup: bigint) {
    this.add(wakeup);
  }

  get isFull(): boolean {
    return this.#count === MAXIMUM_WAIT_OBJECTS;
  }

  add(event: bigint): void {
    this.#handles[this.#count++] = event;
  }

  /** Resolves when one of the events is signalled, or after the time. */
  wait(api: WindowsApi, milliseconds: number): Promise<number> {
    const bytes = new Uint8Array(
      this.#handles.buffer,
      0,
      this.#count * HANDLE_BYTES,
    );
    return api.call.waitForObjects(this.#count, bytes, 0, milliseconds);
  }
}

/**
 * Waits for events on threads, one for each group that has something on its
 * way, and reads nothing itself. Waits are told in whole milliseconds, and
 * Windows keeps them as well as its timer does, which is 15.6 ms unless a
 * program asks for better.
 */
export class WindowsEventLoop implements EventLoop {
  /** Signalled to end a wait. */
  readonly wakeup: bigint;
  readonly #api: WindowsApi;
  readonly #groups = new Set<WaitGroup>();
  readonly #alone: WaitGroup;
  readonly #ticks = new BigInt64Array(new ArrayBuffer(8));
  readonly #tickBytes = new Uint8Array(this.#ticks.buffer);
  readonly #ticksAMillisecond: number;
  readonly #origin: bigint;
  /** When Deno's own loop last had a turn. */
  #turnAt: number;
  #woken = false;
  #waiting: Promise<void> | undefined;
  #closed = false;

  constructor(api: WindowsApi) {
    this.#api = api;
    api.call.QueryPerformanceFrequency(this.#tickBytes);
    this.#ticksAMillisecond = Number(this.#ticks[0]!) / 1e3;
    api.call.QueryPerformanceCounter(this.#tickBytes);
    this.#origin = this.#ticks[0]!;
    this.#turnAt = this.now();
    this.wakeup = api.createEvent();
    this.#alone = new WaitGroup(this.wakeup);
  }

  /** Waits for the events of a group too. */
  add(group: WaitGroup): void {
    this.#groups.add(group);
  }

  /** Stops waiting for a group; resolves when no thread uses its events any more, undefined where that is so by now. */
  remove(group: WaitGroup): Promise<void> | undefined {
    this.#groups.delete(group);
    if (this.#waiting !== undefined) this.wake();
    return this.#waiting;
  }

  now(): number {
    this.#api.call.QueryPerformanceCounter(this.#tickBytes);
    return Number(this.#ticks[0]! - this.#origin) / this.#ticksAMillisecond;
  }

  wallTime(): number {
    this.#api.call.GetSystemTimePreciseAsFileTime(this.#tickBytes);
    const microseconds = this.#ticks[0]! / FILETIME_A_MICROSECOND;
    return Number(microseconds - UNIX_EPOCH_MICROSECONDS) / 1e6;
  }

  async wait(until: number): Promise<void> {
    if (!this.#woken) {
      const milliseconds = Math.min(until - this.now(), LONGEST_WAIT_MS);
      if (milliseconds <= 0) return;
      this.#waiting = this.#waitOnThreads(Math.ceil(milliseconds));
      try {
        await this.#waiting;
      } finally {
        this.#waiting = undefined;
        this.#turnAt = this.now();
        if (this.#closed) this.#api.call.CloseHandle(this.wakeup);
      }
    }
    this.#woken = false;
  }

  async #waitOnThreads(milliseconds: number): Promise<void> {
    const { call } = this.#api;
    const groups = [...this.#groups].filter(({ pending }) => pending > 0);
    if (groups.length === 0) groups.push(this.#alone);
    const waits = groups.map((group) => group.wait(this.#api, milliseconds));
    await Promise.race(waits);
    // The others end with the first, so that no thread is left with events that may be closed.
    if (waits.length > 1) call.SetEvent(this.wakeup);
    const results = await Promise.all(waits);
    call.ResetEvent(this.wakeup);
    if (results.includes(WAIT_FAILED)) {
      throw new SystemError(
        "wait for answers",
        WAIT_FAILED,
        "WAIT_FAILED",
        "WaitForMultipleObjects failed",
      );
    }
  }

  yield(): Promise<unknown> | undefined {
    const now = this.now();
    if (now - this.#turnAt < TURN_MS) return undefined;
    this.#turnAt = now;
    return new Promise((resolve) => setTimeout(resolve, 0));
  }

  wake(): void {
    if (this.#woken || this.#closed) return;
    this.#woken = true;
    if (this.#waiting !== undefined) this.#api.call.SetEvent(this.wakeup);
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    // A thread that still waits uses the event: it is woken, and then the event is closed.
    this.wake();
    this.#closed = true;
    if (this.#waiting === undefined) this.#api.call.CloseHandle(this.wakeup);
  }
}
