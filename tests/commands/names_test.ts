import { assertEquals } from "@std/assert";
import { Names } from "../../commands/ping/names.ts";

const NEVER = new AbortController().signal;

Deno.test("Names looks each address up once, also those without a name", async () => {
  const asked: string[] = [];
  const names = new Names((address) => {
    asked.push(address);
    return Promise.resolve(address === "::1" ? "localhost" : undefined);
  }, NEVER);
  assertEquals(names.isKnown("::1"), false);
  for (const address of ["::1", "10.0.0.1"]) {
    await names.find(address);
    assertEquals(names.isKnown(address), true);
  }
  assertEquals(names.nameOf("::1"), "localhost");
  assertEquals(names.nameOf("10.0.0.1"), undefined);
  assertEquals(asked, ["::1", "10.0.0.1"]);
});

Deno.test("Names takes a failed lookup for no name", async () => {
  const names = new Names(() => Promise.reject(new Error("no")), NEVER);
  await names.find("::1");
  assertEquals(names.isKnown("::1"), true);
});

Deno.test("Names ends a lookup when the program is interrupted", async () => {
  const controller = new AbortController();
  const names = new Names(
    (_, signal) =>
      new Promise((resolve) =>
        signal.addEventListener("abort", () => resolve(undefined))
      ),
    controller.signal,
  );
  const found = names.find("10.0.0.1");
  controller.abort();
  await found;
  assertEquals(names.nameOf("10.0.0.1"), undefined);
});

Deno.test("Names remembers a bounded number of addresses", async () => {
  const names = new Names((address) => Promise.resolve(`n${address}`), NEVER);
  for (let i = 0; i < 1001; i++) await names.find(String(i));
  assertEquals(names.isKnown("0"), false);
  assertEquals(names.nameOf("1"), "n1");
  assertEquals(names.nameOf("1000"), "n1000");
});
