import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../lib/os/errno.ts";
import { ProbePlaces } from "../../lib/os/probe_places.ts";

/** Takes a place for each cookie; returns the cookies of those that are closed, as they are. */
function taking(places: ProbePlaces, ...cookies: number[]): number[] {
  const closed: number[] = [];
  for (const cookie of cookies) {
    places.take(cookie, () => {
      closed.push(cookie);
      places.leave(cookie);
    });
  }
  return closed;
}

function failure(code: string): SystemError {
  return new SystemError("send", 0, code, code);
}

Deno.test("ProbePlaces makes room by closing what was done first, and only where it must", () => {
  const places = new ProbePlaces(3);
  const closed = taking(places, 1, 2, 3);
  assertEquals(places.makeRoom(), false);
  places.done(3);
  places.done(1);
  assertEquals([places.makeRoom(), closed, places.taken], [true, [3], 2]);
  assertEquals([places.makeRoom(), closed], [true, [3]]);
  places.take(4, () => places.leave(4));
  assertEquals([places.makeRoom(), closed], [true, [3, 1]]);
});

Deno.test("ProbePlaces forgets what has left", () => {
  const places = new ProbePlaces(1);
  const closed = taking(places, 1);
  places.leave(1);
  places.done(1);
  taking(places, 2);
  assertEquals([places.makeRoom(), closed], [false, []]);
});

Deno.test("ProbePlaces.postpone() makes do with the descriptors that there are", () => {
  for (const code of ["EMFILE", "ENFILE"]) {
    const places = new ProbePlaces(512);
    assertThrows(() => places.postpone(failure(code)), SystemError);
    taking(places, 1, 2);
    assertEquals(places.postpone(failure(code)), undefined);
    assertEquals(places.makeRoom(), false);
    places.done(2);
    assertEquals([places.makeRoom(), places.taken], [true, 1]);
  }
});

Deno.test("ProbePlaces.postpone() gives back what passes, and throws what does not", () => {
  const places = new ProbePlaces(1);
  const full = failure("ENOBUFS");
  assertEquals(places.postpone(full), full);
  const other = failure("ENETUNREACH");
  assertThrows(() => places.postpone(other), SystemError);
  assertEquals(places.postpone(other, (error) => error === other), other);
  assertThrows(() => places.postpone(new RangeError("no")), RangeError);
});
