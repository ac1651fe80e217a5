import type { EventLoop } from "../types.ts";
import { monotonicNow, wallTime } from "./clock.ts";
import {
  EFD_CLOEXEC,
  EFD_NONBLOCK,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLIN,
  POLLIN,
} from "./constants.ts";
import { check, expectManyCalls, type Libc, libc } from "./libc.ts";
import { closing } from "./socket.ts";

/** The longest single wait; a longer one is made of several, so that no thread waits for ever. */
const LONGEST_WAIT_MS = 10_000;
/** How long a wait may hold up the program while answers come this fast. */
const BRISK_MS = 1;
/**
 * The longest busy wait; ping of iputils has them up to 10 ms. A processor
 * that slept for 2 ms takes twice as long for a round trip on loopback.
 */
const BUSY_MS = 4;
/** Signals and timers of the program get a turn at least this often. */
const TURN_MS = 8;
/** And this often where the time has nothing better to be spent on. */
const BUSY_TURN_MS = 2;
/** What one call of epoll_wait reports. */
const MAX_EVENTS = 1024;
/** struct epoll_event { uint32_t events; uint64_t data; } (linux/eventpoll.h) is packed on x86-64 only. */
const EVENT_BYTES = Deno.build.arch === "x86_64" ? 12 : 16;
const EVENT_DATA = EVENT_BYTES - 8;

/** What is told that its descriptor is ready, by {@linkcode LinuxEventLoop.dispatch}. */
export interface Ready {
  /** `events` are EPOLLIN, EPOLLOUT, EPOLLERR and EPOLLHUP; now and then one that is not waited for any more. */
  ready(events: number): void;
}

/**
 * One epoll instance, which watches from the first wait on: when the answer is
 * there before, there is nothing to wait for. The wait runs on a thread of its
 * own, so that signals and timers of the program go on meanwhile, and all
 * reading stays with the synchronous callers.
 */
export class LinuxEventLoop implements EventLoop {
  readonly #libc: Libc;
  #epoll = -1;
  #wakeup = -1;
  #isWatching = false;
  /** What to wait for, by descriptor. */
  readonly #interests = new Map<number, number>();
  /** Whom {@linkcode dispatch} tells, by descriptor. */
  readonly #ready: (Ready | undefined)[] = [];
  /** Which batch of events was the last one when a descriptor was added. */
  readonly #addedIn: number[] = [];
  /** Batches that were told, the present one included. */
  #batch = 0;
  readonly #events = new Int32Array(
    new ArrayBuffer(MAX_EVENTS * EVENT_BYTES),
  );
  readonly #eventBytes = new Uint8Array(this.#events.buffer);
  readonly #interest = new DataView(new ArrayBuffer(EVENT_BYTES));
  readonly #interestBytes = new Uint8Array(this.#interest.buffer);
  readonly #counter = new Uint8Array(8);
  readonly #pollfdBytes = new Uint8Array(new ArrayBuffer(8));
  readonly #timespec = new BigInt64Array(new ArrayBuffer(16));
  readonly #timespecBytes = new Uint8Array(this.#timespec.buffer);
  /** The last wait was over so soon that a thread for the next one would cost more than it. */
  #brisk = false;
  /** When Deno's own loop last had a turn. */
  #turnAt: number;
  #woken = false;
  #waiting: Promise<number> | undefined;
  #closed = false;

  /** @param brief whether few calls are to come */
  constructor(brief = false) {
    if (!brief) expectManyCalls();
    this.#libc = libc();
    this.#turnAt = monotonicNow();
  }

  /** Waits for `events` (EPOLLIN, EPOLLOUT) of a descriptor too; errors always count. */
  add(descriptor: number, events: number, ready?: Ready): void {
    this.#interests.set(descriptor, events);
    this.#addedIn[descriptor] = this.#batch;
    if (ready !== undefined) this.#ready[descriptor] = ready;
    if (this.#isWatching) this.#control(EPOLL_CTL_ADD, descriptor, events);
  }

  /** Waits for other events of a descriptor that was added. */
  change(descriptor: number, events: number): void {
    this.#interests.set(descriptor, events);
    if (this.#isWatching) this.#control(EPOLL_CTL_MOD, descriptor, events);
  }

  /** Stops waiting for a descriptor. */
  remove(descriptor: number): void {
    this.#interests.delete(descriptor);
    this.#ready[descriptor] = undefined;
    if (this.#isWatching) this.#control(EPOLL_CTL_DEL, descriptor, 0);
  }

  /** Stops waiting for a descriptor that is closed right after, which takes it out of epoll by itself. */
  forget(descriptor: number): void {
    this.#interests.delete(descriptor);
    this.#ready[descriptor] = undefined;
  }

  /** Opens the descriptors that a wait takes, for who is about to use up all that there are. */
  reserve(): void {
    if (this.#epoll >= 0) return;
    const epoll = check(
      this.#libc.epoll_create1(EPOLL_CLOEXEC),
      "create an epoll instance",
    );
    this.#wakeup = closing(epoll, () =>
      check(
        this.#libc.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
        "create an event descriptor",
      ));
    this.#epoll = epoll;
    this.#control(EPOLL_CTL_ADD, this.#wakeup, EPOLLIN);
    // struct pollfd { int fd; short events; short revents; }
    new Int32Array(this.#pollfdBytes.buffer).set([this.#epoll, POLLIN]);
  }

  /** Has epoll watch what was added, and from now on what is. */
  #watch(): void {
    this.reserve();
    this.#isWatching = true;
    for (const [descriptor, events] of this.#interests) {
      this.#control(EPOLL_CTL_ADD, descriptor, events);
    }
  }

  #control(operation: number, descriptor: number, events: number): void {
    this.#interest.setUint32(0, events, true);
    this.#interest.setInt32(EVENT_DATA, descriptor, true);
    check(
      this.#libc.epoll_ctl(
        this.#epoll,
        operation,
        descriptor,
        this.#interestBytes,
      ),
      "watch a socket",
    );
  }

  now(): number {
    return monotonicNow();
  }

  wallTime(): number {
    return wallTime();
  }

  async wait(until: number, busy = false): Promise<void> {
    if (!this.#woken) {
      const milliseconds = Math.min(until - this.now(), LONGEST_WAIT_MS);
      if (milliseconds <= 0) return;
      if (!this.#isWatching) this.#watch();
      if (busy && milliseconds <= BUSY_MS) {
        await this.#waitBusily(until);
      } else await this.#waitAsleep(milliseconds);
    }
    if (this.#woken && !this.#closed) this.#settle();
  }

  async #waitBusily(until: number): Promise<void> {
    if (this.now() - this.#turnAt >= BUSY_TURN_MS) await this.#turn();
    this.#setTimeout(0);
    while (!this.#woken && this.now() < until) {
      if (this.#pollHere() > 0) return;
      this.#libc.sched_yield();
    }
  }

  async #waitAsleep(milliseconds: number): Promise<void> {
    const start = this.now();
    if (this.#brisk && start - this.#turnAt < TURN_MS) {
      this.#setTimeout(Math.min(milliseconds, BRISK_MS));
      if (this.#pollHere() > 0 || milliseconds <= BRISK_MS) return;
    }
    const ready = await this.#pollOnThread(milliseconds);
    this.#brisk = ready > 0 && this.now() - start < BRISK_MS;
  }

  /**
   * Waits as {@linkcode wait} does, and tells every descriptor that is ready
   * so. While there is work it never leaves this thread, but for the turns of
   * Deno's own loop.
   */
  async dispatch(until: number): Promise<void> {
    if (!this.#isWatching) this.#watch();
    const start = this.now();
    const milliseconds = Math.max(0, Math.min(until - start, LONGEST_WAIT_MS));
    if (start - this.#turnAt < TURN_MS) {
      const patience = this.#brisk || milliseconds <= BRISK_MS
        ? Math.min(milliseconds, BRISK_MS)
        : 0;
      if (this.#tell(patience) || milliseconds <= patience) return;
    }
    // What a thread's wait may be late by is waited for here, the next time.
    const ready = await this.#pollOnThread(
      Math.max(0, milliseconds - BRISK_MS),
    );
    this.#brisk = ready > 0 && this.now() - start < BRISK_MS;
    if (!this.#closed) this.#tell(0);
  }

  /** Something was sent out of turn, and may be answered at once. */
  expectAnswer(): void {
    this.#brisk = true;
  }

  /** Tells what is ready within some time, {@linkcode BRISK_MS} at the most; returns whether anything was. */
  #tell(milliseconds: number): boolean {
    if (milliseconds > 0 && milliseconds < BRISK_MS) {
      // epoll_wait counts whole milliseconds.
      this.#setTimeout(milliseconds);
      this.#pollHere();
      milliseconds = 0;
    }
    const count = this.#libc.epoll_wait(
      this.#epoll,
      this.#eventBytes,
      MAX_EVENTS,
      milliseconds,
    );
    const words = this.#events;
    const batch = ++this.#batch;
    for (let i = 0; i < count; i++) {
      const at = i * EVENT_BYTES >> 2;
      const descriptor = words[at + (EVENT_DATA >> 2)]!;
      if (descriptor === this.#wakeup) this.#settle();
      // What was added by one of these events has none among them: this one is of a closed socket with the same number.
      else if (this.#addedIn[descriptor] !== batch) {
        this.#ready[descriptor]?.ready(words[at]!);
      }
    }
    return count > 0;
  }

  /** Ends the state of being woken. */
  #settle(): void {
    this.#woken = false;
    if (this.#wakeup >= 0) this.#libc.read(this.#wakeup, this.#counter, 8n);
  }

  async #pollOnThread(
    milliseconds: number,
    descriptors = 1n,
  ): Promise<number> {
    this.#setTimeout(milliseconds);
    this.#waiting = this.#libc.waitForPoll(
      this.#pollfdBytes,
      descriptors,
      this.#timespecBytes,
      null,
    );
    const ready = await this.#waiting;
    this.#waiting = undefined;
    this.#turnAt = this.now();
    if (this.#closed) this.#release();
    return ready;
  }

  #pollHere(): number {
    return this.#libc.ppoll(
      this.#pollfdBytes,
      1n,
      this.#timespecBytes,
      null,
    );
  }

  #setTimeout(milliseconds: number): void {
    // Rounded before it is divided: a second of nanoseconds would be one too many.
    const nanoseconds = Math.ceil(milliseconds * 1e6);
    this.#timespec[0] = BigInt(Math.trunc(nanoseconds / 1e9));
    this.#timespec[1] = BigInt(nanoseconds % 1e9);
  }

  yield(): Promise<unknown> | undefined {
    return this.now() - this.#turnAt < TURN_MS ? undefined : this.#turn();
  }

  /** Gives Deno's own loop a turn. */
  #turn(): Promise<unknown> {
    // A poll that is over at once does it in a tenth of the time that a timer takes.
    // It looks at nothing, since packets cost the kernel more once epoll watches their socket.
    return this.#pollOnThread(0, 0n);
  }

  /** Whether a wait is under way on a thread, which only {@linkcode wake} shortens. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  wake(): void {
    if (this.#woken || this.#closed) return;
    this.#woken = true;
    if (this.#wakeup < 0) return;
    this.#counter.fill(0);
    this.#counter[0] = 1;
    this.#libc.write(this.#wakeup, this.#counter, 8n);
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    // A thread that still waits uses both descriptors: it is woken, and releases them.
    this.wake();
    this.#closed = true;
    if (this.#waiting === undefined) this.#release();
  }

  #release(): void {
    if (this.#epoll < 0) return;
    this.#libc.close(this.#wakeup);
    // An event of it may be told still.
    this.#wakeup = -1;
    this.#libc.close(this.#epoll);
  }
}
