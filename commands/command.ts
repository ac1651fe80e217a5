/**
 * What a command is: its options, arguments and examples as data, from which
 * parsing, help and suggestions are made, and one function that turns parsed
 * arguments into work and the permissions that the work needs.
 */

import type { Output } from "./cli/output.ts";
import type { Style } from "./cli/style.ts";

/** Fields of every option. Its long name is its key in {@linkcode OptionSpecs}. */
interface OptionBase {
  /** The one-character name, without its dash. */
  readonly short?: string;
  /** One line of help: lower-case, no final period. */
  readonly help: string;
  /** Left out of help and suggestions. */
  readonly hidden?: true;
}

/** An option that is given or not. */
export interface FlagSpec extends OptionBase {
  readonly type: "flag";
}

/** A whole number, decimal or `0x` hexadecimal. */
export interface IntegerSpec extends OptionBase {
  readonly type: "integer";
  /** What help calls the value. */
  readonly value: string;
  readonly min: number;
  readonly max: number;
  /** A word that stands for a number, such as `max`. */
  readonly words?: Readonly<Record<string, number>>;
}

/** A time: `200ms`, `2s`, `1m`, a bare number is seconds. Parsed to milliseconds. */
export interface DurationSpec extends OptionBase {
  readonly type: "duration";
  readonly value: string;
  /** In milliseconds. */
  readonly max: number;
}

/** A number of bytes: `64KiB`, `1k`. */
export interface SizeSpec extends OptionBase {
  readonly type: "size";
  readonly value: string;
  readonly min: number;
  readonly max: number;
}

/** A share: `10%` or `0.1`. Parsed to a number from 0 to 1. */
export interface ShareSpec extends OptionBase {
  readonly type: "share";
  readonly value: string;
}

/** Permissions of a file, in octal: `600`. */
export interface FileModeSpec extends OptionBase {
  readonly type: "file-mode";
  readonly value: string;
}

/** One of a few words. */
export interface ChoiceSpec extends OptionBase {
  readonly type: "choice";
  readonly choices: readonly string[];
}

/** Any text. */
export interface StringSpec extends OptionBase {
  readonly type: "string";
  readonly value: string;
}

/** Any text, as often as it is given. */
export interface StringsSpec extends OptionBase {
  readonly type: "strings";
  readonly value: string;
}

/** One option of a command. */
export type OptionSpec =
  | FlagSpec
  | IntegerSpec
  | DurationSpec
  | SizeSpec
  | ShareSpec
  | FileModeSpec
  | ChoiceSpec
  | StringSpec
  | StringsSpec;

/** The options of a command by their long names, in the order in which help lists them. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

type ValueOf<S extends OptionSpec> = S extends FlagSpec ? boolean
  : S extends ChoiceSpec ? S["choices"][number] | undefined
  : S extends StringSpec ? string | undefined
  : S extends StringsSpec ? readonly string[]
  : number | undefined;

/** What a command line gave for each option: false, undefined or an empty list where it gave nothing. */
export type OptionValues<S extends OptionSpecs> = {
  readonly [Name in keyof S]: ValueOf<S[Name]>;
};

/** An argument that is no option. */
export interface Operand {
  readonly text: string;
  /** The long name of the flag that ended the word before this one, if one did. */
  readonly after: string | undefined;
}

/** A command line after parsing. */
export interface Parsed<S extends OptionSpecs = OptionSpecs> {
  readonly options: OptionValues<S>;
  readonly operands: readonly Operand[];
}

/** One thing that a command may be allowed to do. */
export type Permission =
  | {
    readonly name: "net";
    /** Absent: every host. */
    readonly host?: string;
    /** Absent: every port, and ICMP. */
    readonly port?: number;
  }
  /** The system's own library. */
  | { readonly name: "ffi" }
  | { readonly name: "read" | "write"; readonly path: string };

/** The permissions of one command line. */
export interface Permissions {
  /** Without one of these the command cannot do what it was asked. */
  readonly required: readonly Permission[];
  /**
   * With these, too, the command line works. It also does with others in
   * their place, which only the run shows: so they are asked for, and not checked.
   */
  readonly advised?: readonly Permission[];
  /** Kept where they are granted. */
  readonly optional: readonly Permission[];
}

/** What a running command has of the outside. */
export interface Context {
  /** Results. */
  readonly output: Output;
  /** Prints one line that is no result to standard error. */
  report(message: string): void;
  /** Aborts on Ctrl-C and SIGTERM: print the summary and return. */
  readonly signal: AbortSignal;
  readonly style: Style;
}

/** Work that is ready to start. */
export interface Job {
  readonly permissions: Permissions;
  /** Does it. Everything but {@linkcode Job.permissions} has been dropped by then. Returns the exit status. */
  run(context: Context): Promise<number>;
}

/** A command line from real life. */
export interface Example {
  /** The line, without `netdiag`. */
  readonly line: string;
  /** What it is for: lower-case, no final period. */
  readonly does: string;
}

/** One command of netdiag. */
export interface Command<S extends OptionSpecs = OptionSpecs> {
  /** Every word of it: `ping`, `echo send`. */
  readonly name: string;
  /** Everything that may follow the name, one form a line. */
  readonly usage: readonly string[];
  /** Paragraphs that help shows below the usage. */
  readonly description: readonly string[];
  readonly options: S;
  readonly examples: readonly Example[];
  /** The first operand begins another command line, which is not parsed. */
  readonly wraps?: true;
  /**
   * Checks the arguments and makes them into work.
   *
   * @throws {UsageError} when they cannot be used as given
   */
  prepare(parsed: Parsed<S>): Job | Promise<Job>;
  /** What else to do about an error of an engine's: `; --tcp PORT works here`, or nothing. */
  remedy?(error: Error): string;
}
