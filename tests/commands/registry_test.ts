import { assertEquals, assertRejects } from "@std/assert";
import { describeError, UnknownNameError } from "../../commands/cli/errors.ts";
import type { Command } from "../../commands/command.ts";
import {
  commandEntries,
  loadCommand,
  type Registry,
} from "../../commands/registry.ts";

function entry(name: string) {
  const command: Command = {
    name,
    usage: [],
    description: [],
    options: {},
    examples: [],
    prepare: () => {
      throw new Error("Was prepared");
    },
  };
  return { summary: `does ${name}`, load: () => Promise.resolve(command) };
}

const REGISTRY: Registry = {
  ping: entry("ping"),
  echo: {
    default: "serve",
    subcommands: { serve: entry("echo serve"), send: entry("echo send") },
  },
};

async function load(line: string): Promise<string> {
  const [name = "", ...words] = line.split(" ");
  const { command, args } = await loadCommand([name, ...words], REGISTRY);
  return [command.name, ...args].join("|");
}

Deno.test("loadCommand() finds a command by one word or two, or the default of its group", async () => {
  const cases: [string, string][] = [
    ["ping host", "ping|host"],
    ["ping echo", "ping|echo"],
    ["echo", "echo serve"],
    ["echo serve", "echo serve"],
    ["echo serve serve", "echo serve|serve"],
    ["echo send tcp://a:1 hi", "echo send|tcp://a:1|hi"],
    ["echo tcp://a:1", "echo serve|tcp://a:1"],
    ["echo -h send", "echo serve|-h|send"],
    ["echo localhost", "echo serve|localhost"],
    ["echo send:7007", "echo serve|send:7007"],
    ["echo constructor", "echo serve|constructor"],
  ];
  for (const [line, expected] of cases) {
    assertEquals(await load(line), expected, line);
  }
});

Deno.test("loadCommand() suggests the command or subcommand that was meant", async () => {
  const cases: [string, string][] = [
    ["ehco", 'Unknown command "ehco": did you mean "echo"?'],
    ["echo sned x", 'Unknown command "echo sned": did you mean "echo send"?'],
    ["echo sever", 'Unknown command "echo sever": did you mean "echo serve"?'],
    ["toString", 'Unknown command "toString": run "netdiag help" for the list'],
  ];
  for (const [line, message] of cases) {
    const error = await assertRejects(() => load(line), UnknownNameError);
    assertEquals(await describeError(error, false), message);
  }
});

Deno.test("commandEntries() lists subcommands by their full names", () => {
  assertEquals(
    commandEntries(REGISTRY).map(([name, { summary }]) => [name, summary]),
    [
      ["ping", "does ping"],
      ["echo serve", "does echo serve"],
      ["echo send", "does echo send"],
    ],
  );
});
