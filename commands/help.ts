/** `netdiag help`: the list of commands, or one command in full. */

import { commandHelp, overview } from "./cli/help_text.ts";
import { UsageError } from "./cli/errors.ts";
import { NO_PERMISSIONS } from "./cli/permissions.ts";
import type { Command } from "./command.ts";
import { loadCommand } from "./registry.ts";

/** The `help` command. */
export const help: Command<Record<never, never>> = {
  name: "help",
  usage: ["[COMMAND]"],
  description: ["Lists the commands, or explains one."],
  options: {},
  examples: [{ line: "help ping", does: "everything about ping" }],
  async prepare({ operands }) {
    const [name, ...words] = operands.map(({ text }) => text);
    const text = name === undefined
      ? overview()
      : await explain([name, ...words]);
    return {
      permissions: NO_PERMISSIONS,
      run({ output }) {
        output.write(text);
        return Promise.resolve(0);
      },
    };
  },
};

async function explain(
  words: readonly [string, ...string[]],
): Promise<string> {
  const { command, args } = await loadCommand(words);
  if (args.length > 0) {
    throw new UsageError(`Unexpected argument ${JSON.stringify(args[0])}`);
  }
  return commandHelp(command);
}
