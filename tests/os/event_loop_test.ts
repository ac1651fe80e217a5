/** What a short wait of Linux' event loop does with the processor, and to the rest of the program. */

import { assert, assertEquals } from "@std/assert";
import { cpuUsage } from "node:process";
import { linux } from "../../lib/os/linux/system.ts";
import type { EventLoop } from "../../lib/os/types.ts";
import { ENGINES } from "../engines.ts";

const WAITS = 100;
const WAIT_MS = 3;

/** Waits a few times, and returns the milliseconds of processor time of that. */
async function wait(loop: EventLoop, awake: boolean): Promise<number> {
  const before = cpuUsage();
  for (let i = 0; i < WAITS; i++) {
    const until = loop.now() + WAIT_MS;
    await loop.wait(until, awake);
    assert(loop.now() >= until, "over too soon");
  }
  const { user, system } = cpuUsage(before);
  return (user + system) / 1000;
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

loopTest("EventLoop.wait() sleeps, unless it may stay awake", async (loop) => {
  const asleep = await wait(loop, false);
  const awake = await wait(loop, true);
  assert(awake > 3 * asleep, `${awake} ms awake, ${asleep} ms asleep`);
});

loopTest("EventLoop.wait() sleeps where it is long", async (loop) => {
  const before = cpuUsage();
  await loop.wait(loop.now() + 300, true);
  const { user, system } = cpuUsage(before);
  assert(user + system < 150_000, `${user + system} us of processor time`);
});

loopTest("EventLoop.wait() lets timers run while awake", async (loop) => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  await wait(loop, true);
  clearInterval(timer);
  assert(ticks >= WAITS / 2, `${ticks} ticks`);
});

loopTest("EventLoop.wake() ends a wait that is awake", async (loop) => {
  await loop.wait(loop.now() + WAIT_MS, true);
  setTimeout(() => loop.wake(), 0);
  const rounds = [];
  for (let i = 0; i < WAITS; i++) {
    const until = loop.now() + WAIT_MS;
    await loop.wait(until, true);
    rounds.push(loop.now() >= until);
  }
  assertEquals(rounds.filter((whole) => !whole).length, 1, "woken waits");
});
