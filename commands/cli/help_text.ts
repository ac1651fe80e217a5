/** Help, made from the same data that parses. */

import type { Command, OptionSpec, OptionSpecs } from "../command.ts";
import { COMMANDS } from "../registry.ts";
import { COMMON_OPTIONS } from "./parse.ts";

/** Help is laid out for terminals of this width. */
const WIDTH = 80;
const INDENT = "  ";
/** Option names longer than this get a line of their own. */
const MAX_NAME_WIDTH = 24;

/** What `netdiag help` prints. */
export function overview(): string {
  const names = Object.keys(COMMANDS);
  const width = Math.max(...names.map((name) => name.length));
  return [
    "Usage: netdiag COMMAND [OPTION...] [ARGUMENT...]",
    "",
    "Commands:",
    ...names.map((name) =>
      `${INDENT}${name.padEnd(width)}${INDENT}${COMMANDS[name]!.summary}`
    ),
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
  const lines = command.usage.map((usage, i) =>
    `${i === 0 ? "Usage:" : "      "} netdiag ${command.name} ${usage}`
  );
  for (const paragraph of command.description) {
    lines.push("", ...wrap(paragraph, WIDTH));
  }
  lines.push("", "Options:", ...optionLines(command.options));
  lines.push(...optionLines(COMMON_OPTIONS));
  if (command.examples.length > 0) lines.push("", "Examples:");
  for (const { line, does } of command.examples) {
    lines.push(`${INDENT}netdiag ${line}`, `${INDENT}${INDENT}${does}`);
  }
  return `${lines.join("\n")}\n`;
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
