/** The commands by name. A new command is one entry here and one module beside this file. */

import { UnknownNameError } from "./cli/errors.ts";
import type { Command } from "./command.ts";

/** A command that is not loaded yet. */
export interface CommandEntry {
  /** What it does, in a few words. */
  readonly summary: string;
  load(): Promise<Command>;
}

/** Every command, in the order in which help lists them. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  ping: {
    summary: "ask hosts whether they answer, and how fast",
    load: async () => (await import("./ping.ts")).ping,
  },
  permissions: {
    summary: "print the deno run flags that a command line needs",
    load: async () => (await import("./permissions.ts")).permissions,
  },
  help: {
    summary: "explain a command",
    load: async () => (await import("./help.ts")).help,
  },
};

/**
 * Loads a command.
 *
 * @throws {UnknownNameError} when there is none of that name
 */
export async function loadCommand(name: string): Promise<Command> {
  if (Object.hasOwn(COMMANDS, name)) return await COMMANDS[name]!.load();
  throw new UnknownNameError(
    "command",
    name,
    Object.keys(COMMANDS),
    'run "netdiag help" for the list',
  );
}
