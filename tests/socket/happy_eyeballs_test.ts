import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  AbandonedError,
  ConnectError,
  interleave,
  race,
} from "../../lib/socket/happy_eyeballs.ts";

/** Connections that end when the test says so. */
function fakeNetwork() {
  const attempts = new Map<string, PromiseWithResolvers<string>>();
  const begun: string[] = [];
  const aborted: string[] = [];
  const closed: string[] = [];
  const changed = { next: Promise.withResolvers<void>() };
  return {
    begun,
    aborted,
    closed,
    options: {
      connect(address: string, signal: AbortSignal) {
        begun.push(address);
        const attempt = Promise.withResolvers<string>();
        attempts.set(address, attempt);
        signal.addEventListener("abort", () => aborted.push(address));
        changed.next.resolve();
        changed.next = Promise.withResolvers();
        return attempt.promise;
      },
      close: (address: string) => void closed.push(address),
      signal: new AbortController().signal,
      now: () => performance.now(),
    },
    async begins(address: string) {
      while (!begun.includes(address)) await changed.next.promise;
    },
    succeed: (address: string) => attempts.get(address)!.resolve(address),
    fail: (address: string) =>
      attempts.get(address)!.reject(
        new Error("Connection refused (os error 111)"),
      ),
  };
}

Deno.test("interleave() takes the families in turns, the first one first", () => {
  const of = (text: string) =>
    text.split(" ").map((name) => ({ name, family: Number(name[0]) }));
  const order = (text: string) =>
    interleave(of(text)).map(({ name }) => name).join(" ");
  assertEquals(order("6a 6b 6c 4a 4b"), "6a 4a 6b 4b 6c");
  assertEquals(order("4a 6a 6b"), "4a 6a 6b");
  assertEquals(interleave([]), []);
});

Deno.test("race() begins the next attempt as soon as one fails", async () => {
  const network = fakeNetwork();
  const result = race(["a", "b"], network.options);
  await network.begins("a");
  const failedAt = performance.now();
  network.fail("a");
  await network.begins("b");
  assert(performance.now() - failedAt < 200, "it waited");
  network.succeed("b");
  const { winner, attempts } = await result;
  assertEquals(winner, "b");
  assertEquals(
    attempts.map(({ address, outcome, reason }) => [address, outcome, reason]),
    [["a", "failed", "Connection refused"], ["b", "connected", undefined]],
  );
});

Deno.test("race() begins the next attempt after 250 ms of silence, and gives up the slower one", async () => {
  const network = fakeNetwork();
  const startedAt = performance.now();
  const result = race(["a", "b", "c"], network.options);
  await network.begins("b");
  assert(performance.now() - startedAt >= 245, "it did not wait");
  network.succeed("b");
  const { winner, attempts } = await result;
  assertEquals(winner, "b");
  assertEquals(attempts.map(({ outcome }) => outcome), [
    "abandoned",
    "connected",
  ]);
  assert(attempts[1]!.startMs >= 245);
  assert(network.aborted.includes("a"));
  assertEquals(network.begun, ["a", "b"]);
  network.succeed("a"); // too late
  await Promise.resolve();
  await Promise.resolve();
  assertEquals(network.closed, ["a"]);
});

Deno.test("race() tells every failure when nobody answers", async () => {
  const network = fakeNetwork();
  const result = race(["a", "b"], network.options);
  await network.begins("a");
  network.fail("a");
  await network.begins("b");
  network.fail("b");
  const error = await assertRejects(() => result, ConnectError);
  assertEquals(error.message, "a: Connection refused; b: Connection refused");
  assertEquals(error.attempts.length, 2);
});

Deno.test("race() gives everything up when its signal aborts", async () => {
  const network = fakeNetwork();
  const controller = new AbortController();
  const { signal } = controller;
  const result = race(["a", "b"], { ...network.options, signal });
  await network.begins("a");
  const reason = new Error("enough");
  controller.abort(reason);
  const error = await assertRejects(() => result, AbandonedError);
  assertEquals(error.cause, reason);
  assertEquals(
    error.attempts.map(({ address, outcome }) => [address, outcome]),
    [["a", "abandoned"]],
  );
  assertEquals(network.aborted, ["a"]);
});
