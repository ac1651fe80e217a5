/** What a short wait of Linux' event loop does with the processor, and to the rest of the program. */

import { assert } from "@std/assert";
import { cpuUsage } from "node:process";
import { linux } from "../../lib/os/linux/system.ts";
import type { EventLoop } from "../../lib/os/types.ts";
import { ENGINES } from "../engines.ts";

const WAITS = 100;
const WAIT_MS = 3;

/** Runs something, and returns the milliseconds of processor time that it took. */
async function processorTime(run: () => Promise<void>): Promise<number> {
  const before = cpuUsage();
  await run();
  const { user, system } = cpuUsage(before);
  return (user + system) / 1000;
}

/** Waits a few times, and returns how often a timer of the program ran meanwhile. */
async function wait(loop: EventLoop, busy: boolean): Promise<number> {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  for (let i = 0; i < WAITS; i++) {
    const until = loop.now() + WAIT_MS;
    await loop.wait(until, busy);
    assert(loop.now() >= until, "over too soon");
  }
  clearInterval(timer);
  return ticks;
}

function loopTest(name: string, run: (loop: EventLoop) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !ENGINES.includes("native"),
    // The C library stays loaded.
    sanitizeResources: false,
    async fn() {
      using loop = linux.openEventLoop();
      await run(loop);
    },
  });
}

loopTest("EventLoop.wait() sleeps where it is long", async (loop) => {
  const busy = await processorTime(() => loop.wait(loop.now() + 300, true));
  assert(busy < 150, `${busy} ms of processor time`);
});

loopTest("EventLoop.wait() lets timers run while it is busy", async (loop) => {
  const asleep = await wait(loop, false);
  const busy = await wait(loop, true);
  assert(busy > asleep / 10, `${busy} ticks; ${asleep} asleep`);
});

loopTest("EventLoop.wake() ends a busy wait", async (loop) => {
  let woken = 0;
  const timer = setInterval(() => loop.wake(), 5);
  for (let i = 0; i < WAITS; i++) {
    const until = loop.now() + WAIT_MS;
    await loop.wait(until, true);
    if (loop.now() < until) woken++;
  }
  clearInterval(timer);
  // On a machine with much to do, many waits are over before the timer has its turn.
  assert(woken > 0, "none was woken");
});

loopTest("EventLoop.wait() of almost a second is as long", async (loop) => {
  const { libc } = await import("../../lib/os/linux/libc.ts");
  const symbols = libc();
  const { clock_gettime } = symbols;
  const replace = (value: unknown) =>
    Object.defineProperty(symbols, "clock_gettime", { value });
  // Its clock stands still, so that not a nanosecond is lost on the way.
  const time = new Uint8Array(16);
  clock_gettime(1, time);
  replace((_clock: number, into: Uint8Array) => into.set(time));
  const from = performance.now();
  try {
    await loop.wait(loop.now() + 999.9999999);
  } finally {
    replace(clock_gettime);
  }
  const took = performance.now() - from;
  assert(took >= 999, `${took} ms`);
});
