/** The commands by name. A new command is one entry here and one module beside this file. */

import { UnknownNameError } from "./cli/errors.ts";
import type { Command } from "./command.ts";

/** A command that is not loaded yet. */
export interface CommandEntry {
  /** What it does, in a few words. */
  readonly summary: string;
  load(): Promise<Command>;
}

/** A word that several commands share, told apart by the word after it. */
export interface CommandGroup {
  /** The one that is meant when no name of one follows. */
  readonly default: string;
  readonly subcommands: Readonly<Record<string, CommandEntry>>;
}

/** Commands and groups by their first word. */
export type Registry = Readonly<Record<string, CommandEntry | CommandGroup>>;

/** Every command, in the order in which help lists them. */
export const COMMANDS: Registry = {
  ping: {
    summary: "ask hosts whether they answer, and how fast",
    load: async () => (await import("./ping.ts")).ping,
  },
  echo: {
    default: "serve",
    subcommands: {
      serve: {
        summary: "answer over TCP, UDP, TLS and Unix sockets",
        load: async () => (await import("./echo/serve.ts")).serve,
      },
      send: {
        summary: "send messages to an echo server, and compare the answers",
        load: async () => (await import("./echo/send.ts")).send,
      },
      load: {
        summary: "load an echo server, and measure how it answers",
        load: async () => (await import("./echo/load.ts")).load,
      },
    },
  },
  http: {
    summary: "ask a web server, and see every byte and every millisecond",
    load: async () => (await import("./http.ts")).http,
  },
  permissions: {
    summary: "print the deno run flags that a command line needs",
    load: async () => (await import("./permissions.ts")).permissions,
  },
  completions: {
    summary: "print the script that completes command lines in a shell",
    load: async () => (await import("./completions.ts")).completions,
  },
  help: {
    summary: "explain a command",
    load: async () => (await import("./help.ts")).help,
  },
};

/** A command, and what follows its name. */
export interface LoadedCommand {
  readonly command: Command;
  readonly args: readonly string[];
}

/**
 * Loads the command that a command line begins with.
 *
 * @throws {UnknownNameError} when there is none of that name
 */
export async function loadCommand(
  [name, ...args]: readonly [string, ...string[]],
  registry = COMMANDS,
): Promise<LoadedCommand> {
  if (!Object.hasOwn(registry, name)) {
    throw new UnknownNameError(
      "command",
      name,
      Object.keys(registry),
      'run "netdiag help" for the list',
    );
  }
  const entry = registry[name]!;
  if (!("subcommands" in entry)) return { command: await entry.load(), args };
  const { subcommands } = entry;
  const [word, ...rest] = args;
  if (word !== undefined && Object.hasOwn(subcommands, word)) {
    return { command: await subcommands[word]!.load(), args: rest };
  }
  if (word !== undefined && /^\w+$/.test(word)) {
    await requireUnlike(`${name} ${word}`, name, Object.keys(subcommands));
  }
  return { command: await subcommands[entry.default]!.load(), args };
}

/** What is nearly the name of a subcommand has no argument in it: it is mistyped. */
async function requireUnlike(
  words: string,
  group: string,
  subcommands: readonly string[],
): Promise<void> {
  const { nearest } = await import("./cli/suggest.ts");
  const names = subcommands.map((word) => `${group} ${word}`);
  if (nearest(words, names) === undefined) return;
  throw new UnknownNameError(
    "command",
    words,
    names,
    `run "netdiag help ${group}"`,
  );
}

/** Every command by its full name, such as `ping` and `echo send`, in the order in which help lists them. */
export function commandEntries(
  registry = COMMANDS,
): readonly (readonly [name: string, entry: CommandEntry])[] {
  return Object.entries(registry).flatMap(([name, entry]) =>
    "subcommands" in entry
      ? Object.entries(entry.subcommands)
        .map(([word, subcommand]) => [`${name} ${word}`, subcommand] as const)
      : [[name, entry] as const]
  );
}
