/** What can be completed, from the definitions of the commands. */

import type { Command, OptionSpec, OptionSpecs } from "../../command.ts";
import {
  commandEntries,
  type CommandEntry,
  COMMANDS,
  type Registry,
} from "../../registry.ts";
import { COMMON_OPTIONS } from "../parse.ts";

/** The shells that there is a script for. */
export const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;

/** One of {@linkcode SHELLS}. */
export type Shell = typeof SHELLS[number];

/** What may stand somewhere: names of hosts or files, one of a few words, or what nobody can foresee. */
export type Completed = "hosts" | "files" | "unknown" | readonly string[];

/** An option of a place. */
export interface CompletedOption {
  /** `--count`, and `-c` before it where there is one. */
  readonly names: readonly string[];
  readonly help: string;
  /** What help calls the value; undefined for a flag. */
  readonly placeholder: string | undefined;
  readonly values: Completed;
}

/** A word that leads from one place to another. */
export interface CompletedWord {
  readonly word: string;
  readonly help: string;
  /** The place that it leads to. */
  readonly to: string;
}

/** A place in a command line: what may come next. */
export interface Place {
  /** The words that lead here, such as `echo send`; empty at the start. */
  readonly name: string;
  readonly words: readonly CompletedWord[];
  readonly options: readonly CompletedOption[];
  readonly operands: Completed;
}

/** Options that stand in place of a command. */
const TOP_OPTIONS: readonly CompletedOption[] = [
  flag(["-h", "--help"], "list the commands"),
  flag(["-V", "--version"], "print the version"),
];

function flag(names: readonly string[], help: string): CompletedOption {
  return { names, help, placeholder: undefined, values: "unknown" };
}

/** Every place of the command line, its start first. */
export async function places(registry = COMMANDS): Promise<Place[]> {
  const all: Place[] = [{
    name: "",
    words: wordsOf(registry),
    options: TOP_OPTIONS,
    operands: "unknown",
  }];
  for (const [name, entry] of Object.entries(registry)) {
    if ("subcommands" in entry) {
      const { subcommands } = entry;
      const usual = await subcommands[entry.default]!.load();
      all.push(placeOf(name, usual, registry, wordsOf(subcommands, name)));
      all.push({
        name: `help ${name}`,
        words: wordsOf(subcommands, `help ${name}`),
        options: [],
        operands: "unknown",
      });
    }
  }
  for (const [name, { load }] of commandEntries(registry)) {
    all.push(placeOf(name, await load(), registry));
  }
  return all;
}

function wordsOf(
  entries: Registry | Readonly<Record<string, CommandEntry>>,
  prefix?: string,
): CompletedWord[] {
  return Object.entries(entries).map(([word, entry]) => ({
    word,
    help: "subcommands" in entry
      ? entry.subcommands[entry.default]!.summary
      : entry.summary,
    to: prefix === undefined ? word : `${prefix} ${word}`,
  }));
}

function placeOf(
  name: string,
  command: Command,
  registry: Registry,
  words: readonly CompletedWord[] = [],
): Place {
  const specs: OptionSpecs = { ...command.options, ...COMMON_OPTIONS };
  const takesCommand = /\bCOMMAND\b/.test(command.usage.join());
  return {
    name,
    words: takesCommand
      ? wordsOf(registry, command.wraps ? undefined : name)
      : words,
    options: Object.entries(specs)
      .filter(([, spec]) => !spec.hidden)
      .map(([long, spec]) => completedOption(long, spec)),
    operands: operandsOf(command),
  };
}

function completedOption(long: string, spec: OptionSpec): CompletedOption {
  const names = spec.short === undefined
    ? [`--${long}`]
    : [`-${spec.short}`, `--${long}`];
  const { help } = spec;
  switch (spec.type) {
    case "flag":
      return flag(names, help);
    case "choice":
      return { names, help, placeholder: "WORD", values: spec.choices };
    default: {
      const values = spec.value === "FILE" ? "files" : "unknown";
      return { names, help, placeholder: spec.value, values };
    }
  }
}

/** What the usage calls the operands says what they are. */
function operandsOf({ usage }: Command): Completed {
  const text = usage.join();
  if (/\bHOST\b/.test(text)) return "hosts";
  return /\bSHELL\b/.test(text) ? SHELLS : "unknown";
}

/** A step of the way through a command line: where it starts, and the word. */
export interface Step {
  readonly from: string;
  readonly word: string;
}

/** The steps to each place, by its name. */
export function stepsTo(all: readonly Place[]): ReadonlyMap<string, Step[]> {
  const steps = new Map<string, Step[]>();
  for (const { name: from, words } of all) {
    for (const { word, to } of words) {
      steps.set(to, [...steps.get(to) ?? [], { from, word }]);
    }
  }
  return steps;
}

/** The options whose value may be the next word. */
export function takingValues(all: readonly Place[]): Step[] {
  return all.flatMap(({ name: from, options }) =>
    options.filter(({ placeholder }) => placeholder !== undefined)
      .flatMap(({ names }) => names.map((word) => ({ from, word })))
  );
}
