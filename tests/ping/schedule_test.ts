import { assertEquals } from "@std/assert";
import { SingleSchedule } from "../../lib/ping/schedule.ts";
import { Targets } from "../../lib/ping/targets.ts";

const PLAN = {
  count: 6,
  intervalMs: 1000,
  pace: "interval",
  preload: 1,
  minIntervalMs: 0,
  untilAnswered: false,
} as const;

/** When each probe is due, if each is sent as soon as it is. */
function times(schedule: SingleSchedule): number[] {
  const times: number[] = [];
  for (let now = 0; !schedule.isFinished;) {
    now = Math.max(now, schedule.next(now).at);
    times.push(now);
    schedule.taken(now);
  }
  return times;
}

Deno.test("SingleSchedule sends one probe an interval", () => {
  assertEquals(
    times(new SingleSchedule(PLAN, new Targets(1))),
    [0, 1000, 2000, 3000, 4000, 5000],
  );
});

Deno.test("SingleSchedule goes on one interval after what was preloaded, as ping does", () => {
  assertEquals(
    times(new SingleSchedule({ ...PLAN, preload: 3 }, new Targets(1))),
    [0, 0, 0, 1000, 2000, 3000],
  );
});

Deno.test("SingleSchedule keeps the beat when a probe goes out late, and begins anew when a whole one was missed", () => {
  const schedule = new SingleSchedule(PLAN, new Targets(1));
  schedule.taken(0);
  schedule.taken(1300);
  assertEquals(schedule.next(1300).at, 2000);
  schedule.taken(3500);
  assertEquals(schedule.next(3500).at, 4500);
});
