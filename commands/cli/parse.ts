/** Command lines by option specs: getopt's syntax in, typed values out. */

import { parseArgs } from "@std/cli/parse-args";
import type { Operand, OptionSpecs, OptionValues, Parsed } from "../command.ts";
import { UnknownNameError, UsageError } from "./errors.ts";
import { parseValue } from "./values.ts";

/** Options that every command takes. */
export const COMMON_OPTIONS = {
  color: {
    type: "choice",
    choices: ["auto", "always", "never"],
    help: "colour the output; auto is on a terminal; never with NO_COLOR set",
  },
  help: { type: "flag", short: "h", help: "show this help" },
  debug: {
    type: "flag",
    hidden: true,
    help: "print the stack of an unexpected error",
  },
} as const satisfies OptionSpecs;

type Common = typeof COMMON_OPTIONS;

/**
 * Parses what follows a command's name, by its options and the common ones.
 * Options and operands mix freely; `--` ends the options; of an option that is
 * given twice the last one counts, unless it takes a list. Flags cluster (`-qv`), a value may follow
 * in the same word (`-c3`, `-qc3`, `-c=3`, `--count=3`) or as the next one,
 * whatever it begins with.
 *
 * @param wraps the first operand begins another command line: take what follows as it is
 * @throws {UsageError} for an unknown option, a missing value, or one that is no value of its type
 */
export function parseCommandLine<S extends OptionSpecs>(
  options: S,
  args: readonly string[],
  wraps = false,
): Parsed<S & Common> {
  const specs: OptionSpecs = { ...options, ...COMMON_OPTIONS };
  const { words, operands } = new Normaliser(specs, args, wraps);
  const names = Object.keys(specs);
  const keys = (isWanted: (type: string) => boolean) =>
    names.filter((name) => isWanted(specs[name]!.type)).map(keyOf);
  const texts = parseArgs(words, {
    boolean: keys((type) => type === "flag"),
    string: keys((type) => type !== "flag"),
    collect: keys((type) => type === "strings"),
  });
  const values: Record<string, unknown> = {};
  for (const name of names) {
    const text = texts[keyOf(name)];
    values[name] = typeof text === "string"
      ? parseValue(specs[name]!, `--${name}`, text)
      : text;
  }
  return { options: values as OptionValues<S & Common>, operands };
}

/** A name as parseArgs() takes it: to it, a dot stands for a nested object. */
function keyOf(name: string): string {
  return name.replaceAll(".", "_");
}

/**
 * Rewrites getopt's many spellings to the one that has no second reading:
 * each option in a word of its own, by its long name, apart from the operands.
 */
class Normaliser {
  readonly words: string[] = [];
  readonly operands: Operand[] = [];
  readonly #specs: OptionSpecs;
  readonly #longNames: ReadonlyMap<string | undefined, string>;
  readonly #rest: string[];
  /** The flag that ended the last word. */
  #flag: string | undefined;

  constructor(specs: OptionSpecs, args: readonly string[], wraps: boolean) {
    this.#specs = specs;
    this.#longNames = new Map(
      Object.entries(specs).map(([name, { short }]) => [short, name]),
    );
    this.#rest = [...args];
    while (this.#rest.length > 0) {
      const word = this.#rest.shift()!;
      const after = this.#flag;
      this.#flag = undefined;
      if (word === "--") this.#operandsOnly();
      else if (word.startsWith("--")) this.#long(word);
      else if (word.startsWith("-") && word !== "-") this.#cluster(word);
      else this.operands.push({ text: word, after });
      if (wraps && this.operands.length > 0) this.#operandsOnly();
    }
  }

  #operandsOnly(): void {
    for (const text of this.#rest.splice(0)) {
      this.operands.push({ text, after: undefined });
    }
  }

  #long(word: string): void {
    const equals = word.indexOf("=");
    const option = equals < 0 ? word : word.slice(0, equals);
    const name = option.slice(2);
    if (!Object.hasOwn(this.#specs, name)) throw this.#unknown(option);
    if (!this.#isFlag(name)) {
      this.#value(
        name,
        equals < 0 ? this.#next(option) : word.slice(equals + 1),
      );
    } else if (equals < 0) {
      this.#give(name);
    } else {
      throw new UsageError(`Option "${option}" takes no value`);
    }
  }

  #cluster(word: string): void {
    for (let i = 1; i < word.length; i++) {
      const option = `-${word[i]}`;
      const name = this.#longNames.get(word[i]);
      if (name === undefined) throw this.#unknown(option);
      if (!this.#isFlag(name)) {
        const rest = word.slice(i + 1);
        this.#value(
          name,
          rest === "" ? this.#next(option) : rest.replace(/^=/, ""),
        );
        return;
      }
      this.#give(name);
    }
  }

  #isFlag(name: string): boolean {
    return this.#specs[name]!.type === "flag";
  }

  #give(flag: string): void {
    this.words.push(`--${keyOf(flag)}`);
    this.#flag = flag;
  }

  #value(name: string, text: string): void {
    this.words.push(`--${keyOf(name)}=${text}`);
    this.#flag = undefined;
  }

  #next(option: string): string {
    const value = this.#rest.shift();
    if (value !== undefined) return value;
    throw new UsageError(`Option "${option}" needs a value`);
  }

  #unknown(option: string): UsageError {
    const known = Object.entries(this.#specs)
      .filter(([, spec]) => !spec.hidden)
      .map(([name]) => `--${name}`);
    return new UnknownNameError("option", option, known, "--help lists them");
  }
}
