/** Help, made from the same data that parses. */

import type { Command, OptionSpec, OptionSpecs } from "../command.ts";
import { commandEntries, type CommandGroup, COMMANDS } from "../registry.ts";
import { COMMON_OPTIONS } from "./parse.ts";

/** Help is laid out for terminals of this width. */
const WIDTH = 80;
const INDENT = "  ";
/** Option names longer than this get a line of their own. */
const MAX_NAME_WIDTH = 24;

/** What `netdiag help` prints. */
export function overview(): string {
  return [
    "Usage: netdiag COMMAND [OPTION...] [ARGUMENT...]",
    "",
    "Commands:",
    ...entryLines(),
    "",
    'Run "netdiag help COMMAND" for its options and examples,',
    '"netdiag --version" for the version.',
    "",
    "Exit status: 0 done or answered, 1 not answered, 2 could not run as asked.",
    "",
  ].join("\n");
}

/** What `netdiag help COMMAND` prints. */
export function commandHelp(command: Command): string {
  const [first = "", word] = command.name.split(" ");
  const isDefault = word !== undefined && groupOf(first)?.default === word;
  const name = isDefault ? `${first} [${word}]` : command.name;
  const lines = command.usage.map((usage, i) =>
    `${i === 0 ? "Usage:" : "      "} netdiag ${name} ${usage}`
  );
  for (const paragraph of command.description) {
    lines.push("", ...wrap(paragraph, WIDTH));
  }
  if (isDefault) lines.push("", "Commands:", ...entryLines(`${first} `));
  lines.push("", "Options:", ...optionLines(command.options));
  lines.push(...optionLines(COMMON_OPTIONS));
  if (command.examples.length > 0) lines.push("", "Examples:");
  for (const { line, does } of command.examples) {
    lines.push(`${INDENT}netdiag ${line}`, `${INDENT}${INDENT}${does}`);
  }
  return `${lines.join("\n")}\n`;
}

/** A line for each command whose name begins with `prefix`. */
function entryLines(prefix = ""): string[] {
  const entries = commandEntries()
    .filter(([name]) => name.startsWith(prefix));
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, { summary }]) =>
    `${INDENT}${name.padEnd(width)}${INDENT}${summary}`
  );
}

function groupOf(name: string): CommandGroup | undefined {
  const entry = COMMANDS[name];
  return entry !== undefined && "subcommands" in entry ? entry : undefined;
}

function optionLines(options: OptionSpecs): string[] {
  return Object.entries(options)
    .filter(([, spec]) => !spec.hidden)
    .flatMap(([name, spec]) => {
      const head = INDENT + optionNames(name, spec);
      const width = MAX_NAME_WIDTH + INDENT.length;
      const [first = "", ...rest] = wrap(spec.help, WIDTH - width - 2);
      const pad = " ".repeat(width + 2);
      return [
        ...(head.length > width
          ? [head, pad + first]
          : [head.padEnd(width + 2) + first]),
        ...rest.map((line) => pad + line),
      ];
    });
}

/** `-c, --count N`. */
function optionNames(name: string, spec: OptionSpec): string {
  const short = spec.short === undefined ? "    " : `-${spec.short}, `;
  const value = placeholder(spec);
  return `${short}--${name}${value === "" ? "" : ` ${value}`}`;
}

/** What help calls the value of an option; empty for a flag. */
function placeholder(spec: OptionSpec): string {
  switch (spec.type) {
    case "flag":
      return "";
    case "choice":
      return spec.choices.join("|");
    default:
      return spec.value;
  }
}

/** Breaks text between words so that no line is longer than `width`, unless a word is. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line];
}
