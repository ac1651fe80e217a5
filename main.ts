/** The netdiag program: arguments to a command, its result to an exit status. */

import { describeError } from "./commands/cli/errors.ts";
import { Output, writeAll } from "./commands/cli/output.ts";
import { parseCommandLine } from "./commands/cli/parse.ts";
import { dropOthers, requireAll } from "./commands/cli/permissions.ts";
import { oncePerKey, signalsOf } from "./commands/cli/signals.ts";
import { chooseStyle } from "./commands/cli/style.ts";
import type { Command } from "./commands/command.ts";
import { loadCommand } from "./commands/registry.ts";

/** The command could not run as asked. */
const EXIT_UNUSABLE = 2;
/** What a shell reports for a program that SIGPIPE ended. */
const EXIT_BROKEN_PIPE = 141;

const output = new Output(Deno.stdout, () => Deno.exit(EXIT_BROKEN_PIPE));

function report(message: string): void {
  try {
    writeAll(Deno.stderr, new TextEncoder().encode(`${message}\n`));
  } catch {
    // There is nowhere left to say so.
  }
}

async function fail(
  prefix: string,
  error: unknown,
  command?: Command,
): Promise<never> {
  const debug = Deno.args.includes("--debug");
  const message = await describeError(error, debug, command?.remedy);
  report(`${prefix}: ${message}`);
  Deno.exit(EXIT_UNUSABLE);
}

/**
 * Aborts at the first signal that asks to stop. The second one ends the
 * program there and then, and so does a reader that takes nothing any more.
 */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const [name, status] of signalsOf().stop) {
    Deno.addSignalListener(
      name,
      oncePerKey(() => {
        if (controller.signal.aborted) Deno.exit(status);
        // It lasts until the program ends.
        output.hurry(() => Deno.exit(status));
        controller.abort();
      }),
    );
  }
  return controller.signal;
}

async function runCommand(
  command: Command,
  args: readonly string[],
): Promise<number> {
  const parsed = parseCommandLine(command.options, args, command.wraps);
  if (parsed.options.help) {
    const { commandHelp } = await import("./commands/cli/help_text.ts");
    output.write(commandHelp(command));
    return 0;
  }
  const job = await command.prepare(parsed);
  dropOthers(job.permissions);
  requireAll(job.permissions);
  return await job.run({
    output,
    report,
    signal: abortOnSignals(),
    style: await chooseStyle(parsed.options.color ?? "auto"),
  });
}

/** Runs the command line; what is no command's own concern is answered here. */
async function main(args: readonly string[]): Promise<number> {
  const [first, ...rest] = args;
  switch (first) {
    case undefined: {
      const { overview } = await import("./commands/cli/help_text.ts");
      report(overview().trimEnd());
      return EXIT_UNUSABLE;
    }
    case "--debug":
      return await main(rest);
    case "-h":
    case "--help":
      return await main(["help", ...rest]);
    case "-V":
    case "--version": {
      const { versionLine } = await import("./commands/cli/version.ts");
      output.write(versionLine());
      return 0;
    }
    default: {
      const { command, args: own } = await loadCommand([first, ...rest]);
      return await runCommand(command, own)
        .catch((error) => fail(`netdiag ${command.name}`, error, command));
    }
  }
}

if (import.meta.main) {
  for (const type of ["error", "unhandledrejection"] as const) {
    addEventListener(type, (event) => {
      event.preventDefault();
      fail("netdiag", "reason" in event ? event.reason : event.error);
    });
  }
  const status = await main(Deno.args).catch((error) => fail("netdiag", error));
  // Not the natural end: a thread that still waits for the system would hold it up.
  Deno.exit(status);
}
