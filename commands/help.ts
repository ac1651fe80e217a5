/** `netdiag help`: the list of commands, or one command in full. */

import { commandHelp, overview } from "./cli/help_text.ts";
import { UsageError } from "./cli/errors.ts";
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
    if (operands.length > 1) {
      throw new UsageError(`Unexpected argument "${operands[1]!.text}"`);
    }
    const name = operands[0]?.text;
    const text = name === undefined
      ? overview()
      : commandHelp(await loadCommand(name));
    return {
      permissions: { required: [], optional: [] },
      run({ output }) {
        output.write(text);
        return Promise.resolve(0);
      },
    };
  },
};
