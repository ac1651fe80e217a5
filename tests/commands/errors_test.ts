import { assertEquals, assertMatch } from "@std/assert";
import { describeError, UnknownNameError } from "../../commands/cli/errors.ts";
import { parseCommandLine } from "../../commands/cli/parse.ts";
import { editDistance, nearest } from "../../commands/cli/suggest.ts";
import { ping, PING_OPTIONS } from "../../commands/ping.ts";
import { SystemError } from "../../lib/os/errno.ts";
import { UnsupportedError } from "../../lib/os/library.ts";
import { OptionError } from "../../lib/socket/options.ts";
import { IcmpUnavailableError } from "../../lib/socket/icmp.ts";
import { PermissionError } from "../../lib/socket/permission.ts";

Deno.test("editDistance() counts inserted, deleted, replaced and swapped characters", () => {
  const cases: [string, string, number][] = [
    ["", "", 0],
    ["count", "count", 0],
    ["count", "counts", 1],
    ["count", "cout", 1],
    ["count", "mount", 1],
    ["cuont", "count", 1],
    ["kitten", "sitting", 3],
    ["", "abc", 3],
  ];
  for (const [a, b, distance] of cases) {
    assertEquals(editDistance(a, b), distance, `${a} ${b}`);
    assertEquals(editDistance(b, a), distance, `${b} ${a}`);
  }
});

Deno.test("nearest() finds the word that was meant, and none for a far one", () => {
  const words = ["ping", "permissions", "help"];
  assertEquals(nearest("pign", words), "ping");
  assertEquals(nearest("PING", words), "ping");
  assertEquals(nearest("permisions", words), "permissions");
  assertEquals(nearest("traceroute", words), undefined);
});

async function describeLine(...args: string[]): Promise<string> {
  try {
    parseCommandLine(PING_OPTIONS, args);
  } catch (error) {
    return await describeError(error, false);
  }
  throw new Error("Was parsed");
}

Deno.test("describeError() suggests the nearest option", async () => {
  assertEquals(
    await describeLine("--cuont", "3"),
    'Unknown option "--cuont": did you mean "--count"?',
  );
  assertEquals(
    await describeLine("--time-out=3"),
    'Unknown option "--time-out": did you mean "--timeout"?',
  );
  assertEquals(
    await describeLine("--frobnicate"),
    'Unknown option "--frobnicate": --help lists them',
  );
});

Deno.test("describeError() never suggests a hidden option", async () => {
  assertEquals(
    await describeLine("--debgu"),
    'Unknown option "--debgu": --help lists them',
  );
});

Deno.test("describeError() gives the message alone of an error that was meant", async () => {
  const error = new PermissionError("net access", "--allow-net");
  assertEquals(
    await describeError(error, true),
    "Requires net access: run again with --allow-net",
  );
});

Deno.test("describeError() names the options that help", async () => {
  const cases: [Error, string][] = [
    [
      new OptionError("broadcast", "Cannot ping"),
      "Cannot ping; -b allows it",
    ],
    [new OptionError("size", "Cannot ping"), "Cannot ping"],
    [
      new UnsupportedError("Not supported"),
      "Not supported; --tcp PORT works here",
    ],
    [
      new IcmpUnavailableError(
        new SystemError("socket", 13, "EACCES", "Permission denied"),
      ),
      "or use sudo; --tcp PORT and --udp PORT need no privilege",
    ],
  ];
  for (const [error, end] of cases) {
    const line = await describeError(error, false, ping.remedy);
    assertEquals(line.slice(-end.length), end);
  }
});

Deno.test("describeError() asks to report an error that was not meant, in one line", async () => {
  assertEquals(
    await describeError(new TypeError("two\n  lines"), false),
    "Internal error, please report it: TypeError: two lines",
  );
  assertMatch(
    await describeError(new TypeError("bug"), true),
    /^TypeError: bug\n +at /,
  );
  assertEquals(
    await describeError("thrown text", true),
    "Internal error, please report it: thrown text",
  );
});

Deno.test("UnknownNameError gives its hint when nothing is near", async () => {
  const error = new UnknownNameError("command", "zzz", ["ping"], "see help");
  assertEquals(
    await describeError(error, false),
    'Unknown command "zzz": see help',
  );
});
