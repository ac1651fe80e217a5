import { assertEquals } from "@std/assert";
import { Progress, progressLine } from "../../commands/cli/progress.ts";

Deno.test("progressLine() shows the share, the counts and the rate", () => {
  assertEquals(
    progressLine(0, 200, "targets", 0),
    "[>                             ] 0/200 targets, 0%, 0/s",
  );
  assertEquals(
    progressLine(100, 200, "targets", 2),
    "[===============>              ] 100/200 targets, 50%, 50/s, 2s left",
  );
  assertEquals(
    progressLine(200, 200, "targets", 4),
    "[==============================] 200/200 targets, 100%, 50/s",
  );
});

Deno.test("Progress draws its line again after it made way for output", () => {
  const writes: string[] = [];
  const progress = new Progress(
    {
      writeSync(bytes) {
        writes.push(new TextDecoder().decode(bytes));
        return bytes.length;
      },
    },
    10,
    "targets",
  );
  progress.update(5);
  progress.update(6); // too soon after the last one
  progress.clear();
  progress.clear();
  progress.update(7);
  assertEquals(
    writes.map((text) => /\d+\/10/.exec(text)?.[0] ?? "cleared"),
    ["5/10", "cleared", "7/10"],
  );
});
