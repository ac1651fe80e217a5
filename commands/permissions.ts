/** `netdiag permissions`: the flags of `deno run` that a command line needs. */

import { UsageError } from "./cli/errors.ts";
import { parseCommandLine } from "./cli/parse.ts";
import { flags, NO_PERMISSIONS } from "./cli/permissions.ts";
import type { Command } from "./command.ts";
import { loadCommand } from "./registry.ts";

/** The `permissions` command. */
export const permissions: Command<Record<never, never>> = {
  name: "permissions",
  usage: ["COMMAND [ARGUMENT...]"],
  description: [
    "Prints the flags that let deno run execute the command line, and nothing more than it. The command itself does not run.",
  ],
  options: {},
  examples: [
    {
      line: "permissions ping example.com",
      does: "the flags to put between deno run and main.ts",
    },
    {
      line: "permissions ping --tcp 443 example.com",
      does: "a TCP probe needs one port of one host, and no FFI",
    },
  ],
  wraps: true,
  async prepare({ operands }) {
    const [name, ...words] = operands.map(({ text }) => text);
    if (name === undefined) {
      throw new UsageError(
        'Command required, as in "netdiag permissions ping example.com"',
      );
    }
    const { command, args } = await loadCommand([name, ...words]);
    const parsed = parseCommandLine(command.options, args, command.wraps);
    const { required, advised = [] } = parsed.options.help
      ? NO_PERMISSIONS
      : (await command.prepare(parsed)).permissions;
    const line = flags([...required, ...advised]).join(" ");
    return {
      permissions: NO_PERMISSIONS,
      run({ output }) {
        output.write(`${line}\n`);
        return Promise.resolve(0);
      },
    };
  },
};
