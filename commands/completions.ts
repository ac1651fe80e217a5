/** `netdiag completions`: the script that lets a shell complete command lines. */

import { UsageError } from "./cli/errors.ts";
import { completionScript, type Shell, SHELLS } from "./cli/completions.ts";
import { NO_PERMISSIONS } from "./cli/permissions.ts";
import type { Command } from "./command.ts";

/** The `completions` command. */
export const completions: Command<Record<never, never>> = {
  name: "completions",
  usage: ["SHELL"],
  description: [
    "Prints the script that lets a shell complete netdiag's commands, options " +
    "and their values. SHELL is bash, zsh, fish or powershell.",
  ],
  options: {},
  examples: [
    {
      line:
        "completions bash >~/.local/share/bash-completion/completions/netdiag",
      does: "for every bash from now on, with the package bash-completion",
    },
    {
      line: "completions zsh >~/.zfunc/_netdiag",
      does: "for zsh, where ~/.zfunc is in fpath before compinit",
    },
    {
      line: "completions fish >~/.config/fish/completions/netdiag.fish",
      does: "for fish",
    },
    {
      line: "completions powershell >>$PROFILE",
      does: "for PowerShell",
    },
  ],
  async prepare({ operands }) {
    const [name, ...rest] = operands.map(({ text }) => text);
    if (rest.length > 0) {
      throw new UsageError(`Unexpected argument ${JSON.stringify(rest[0])}`);
    }
    const script = await completionScript(shellOf(name));
    return {
      permissions: NO_PERMISSIONS,
      run({ output }) {
        output.write(script);
        return Promise.resolve(0);
      },
    };
  },
};

function shellOf(name: string | undefined): Shell {
  const shell = SHELLS.find((known) => known === name);
  if (shell !== undefined) return shell;
  const problem = name === undefined
    ? "Shell required"
    : `Unknown shell ${JSON.stringify(name)}`;
  throw new UsageError(`${problem}: there are ${SHELLS.join(", ")}`);
}
