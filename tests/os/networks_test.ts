/** What the tests of networks wait with. */

import { assertRejects } from "@std/assert";
import { Watch } from "./_networks.ts";

Deno.test("Watch.until() gives up what never holds, and names it", async () => {
  const watch = new Watch(1);
  const holds = () => false;
  // That something else happens makes it no later.
  const timer = setInterval(() => watch.notify());
  await assertRejects(
    () => watch.until(holds),
    Error,
    `1 ms without ${holds}`,
  );
  clearInterval(timer);
});

Deno.test("Watch.until() waits for what holds in the end", async () => {
  const watch = new Watch();
  let answers = 0;
  const waiting = watch.until(() => answers === 1);
  watch.notify();
  answers++;
  watch.notify();
  await waiting;
});
