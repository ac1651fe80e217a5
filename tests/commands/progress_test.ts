import { assertEquals } from "@std/assert";
import { Progress, progressLine } from "../../commands/cli/progress.ts";

Deno.test("progressLine() shows the share, the counts and the rate", () => {
  assertEquals(
    progressLine(0, 200, "targets", 0),
    "[>                             ] 0/200 targets, 0%, 0/s",
  );
  assertEquals(
    progressLine(100, 200, "targets", 2),
    "[===============>              ] 100/200 targets, 50%, 50/s",
  );
  assertEquals(
    progressLine(200, 200, "targets", 4),
    "[==============================] 200/200 targets, 100%, 50/s",
  );
});

Deno.test("Progress shows nothing of work that ends at once", () => {
  const writes: number[] = [];
  const progress = new Progress(
    { writeSync: (bytes) => writes.push(bytes.length) },
    10,
    "targets",
  );
  progress.update(5);
  progress.clear();
  assertEquals(writes, []);
});
