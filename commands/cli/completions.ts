/** Completion scripts for shells, made from the same data that parses. */

import { places, type Shell } from "./completions/model.ts";

export { type Shell, SHELLS } from "./completions/model.ts";

/** The script that teaches a shell to complete netdiag's command lines. */
export async function completionScript(shell: Shell): Promise<string> {
  const all = await places();
  switch (shell) {
    case "bash":
      return (await import("./completions/bash.ts")).bashScript(all);
    case "zsh":
      return (await import("./completions/zsh.ts")).zshScript(all);
    case "fish":
      return (await import("./completions/fish.ts")).fishScript(all);
    case "powershell":
      return (await import("./completions/powershell.ts")).powershellScript(
        all,
      );
  }
}
