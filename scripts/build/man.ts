/** Manual pages, made from the same data that parses (man(7), man-pages(7)). */

import { COMMON_OPTIONS } from "../../commands/cli/parse.ts";
import type { Command, OptionSpec } from "../../commands/command.ts";
import { commandEntries } from "../../commands/registry.ts";
import type { Source } from "./source.ts";

/** One page. */
export interface ManualPage {
  /** The file's name, such as `netdiag-ping.1`. */
  readonly name: string;
  /** Its text, for troff. */
  readonly text: string;
}

/** A page for the program, and one for each command. */
export async function manualPages(source: Source): Promise<ManualPage[]> {
  const commands = await Promise.all(
    commandEntries().map(async ([, { summary, load }]) => ({
      summary,
      command: await load(),
    })),
  );
  return [
    programPage(commands, source),
    ...commands.map(({ summary, command }) =>
      commandPage(summary, command, source)
    ),
  ];
}

interface Summarised {
  readonly summary: string;
  readonly command: Command;
}

function programPage(
  commands: readonly Summarised[],
  source: Source,
): ManualPage {
  return page("netdiag", "network diagnostics", source, [
    ".SH SYNOPSIS",
    ".B netdiag",
    ".I COMMAND",
    "[\\fIOPTION\\fR...] [\\fIARGUMENT\\fR...]",
    ".SH COMMANDS",
    ...commands.flatMap(({ summary, command }) => [
      ".TP",
      `.BR ${pageName(command).replaceAll("-", "\\-")} (1)`,
      text(summary),
    ]),
    ".SH OPTIONS",
    ...[[`\\fB\\-h\\fR, \\fB\\-\\-help\\fR`, "list the commands"], [
      `\\fB\\-V\\fR, \\fB\\-\\-version\\fR`,
      "print the version",
    ]].flatMap(([names, does]) => [".TP", names!, does!]),
    ".SH EXIT STATUS",
    "0 done or answered, 1 not answered, 2 could not run as asked.",
    ".SH ENVIRONMENT",
    ".TP",
    ".B NO_COLOR",
    "Where it is set, nothing is coloured.",
  ]);
}

function commandPage(
  summary: string,
  command: Command,
  source: Source,
): ManualPage {
  const options = Object.entries({ ...command.options, ...COMMON_OPTIONS });
  return page(pageName(command), summary, source, [
    ".SH SYNOPSIS",
    ...command.usage.flatMap((usage, index) => [
      ...index === 0 ? [] : [".br"],
      `.B netdiag ${text(command.name)}`,
      text(usage),
    ]),
    ".SH DESCRIPTION",
    ...command.description.flatMap((paragraph) => [".PP", text(paragraph)]),
    ".SH OPTIONS",
    ...options.filter(([, spec]) => !("hidden" in spec))
      .flatMap(([name, spec]) => [
        ".TP",
        optionNames(name, spec),
        text(spec.help),
      ]),
    ...command.examples.length === 0 ? [] : [".SH EXAMPLES"],
    ...command.examples.flatMap(({ line, does }) => [
      ".TP",
      `.B netdiag ${text(line)}`,
      text(does),
    ]),
    ".SH SEE ALSO",
    ".BR netdiag (1)",
  ]);
}

function pageName(command: Command): string {
  return `netdiag-${command.name.replaceAll(" ", "-")}`;
}

function page(
  name: string,
  summary: string,
  { version, date }: Source,
  body: readonly string[],
): ManualPage {
  const day = date.toISOString().slice(0, 10);
  const lines = [
    `.TH ${text(name.toUpperCase())} 1 ${day} "netdiag ${version}"`,
    ".SH NAME",
    `${text(name)} \\- ${text(summary)}`,
    ...body,
    "",
  ];
  return { name: `${name}.1`, text: lines.join("\n") };
}

/** `-c, --count N`, with the names in bold and the value in italics. */
function optionNames(name: string, spec: OptionSpec): string {
  const names = [
    ...spec.short === undefined ? [] : [`-${spec.short}`],
    `--${name}`,
  ].map((one) => `\\fB${text(one)}\\fR`).join(", ");
  switch (spec.type) {
    case "flag":
      return names;
    case "choice":
      return `${names} \\fB${text(spec.choices.join("|"))}\\fR`;
    default:
      return `${names} \\fI${text(spec.value)}\\fR`;
  }
}

/** Text that troff prints as it is: "\\" begins an escape, "-" is a hyphen, and "." or "'" at the start of a line a request. */
function text(plain: string): string {
  return plain.replaceAll("\\", "\\e").replaceAll("-", "\\-")
    .replaceAll("~", "\\(ti").replaceAll("^", "\\(ha")
    .replaceAll("'", "\\(aq").replaceAll("`", "\\(ga")
    .replace(/^\./, "\\&.");
}
