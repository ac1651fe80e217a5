import {
  type Completed,
  type CompletedOption,
  type Place,
  type Step,
  stepsTo,
  takingValues,
} from "./model.ts";

/** For zsh 5 and later. */
export function zshScript(all: readonly Place[]): string {
  return `#compdef netdiag
# Completion of netdiag for zsh; "netdiag completions zsh" prints it.

_netdiag() {
  local at='' i last=1
  # Where in the command line is this?
  for ((i = 2; i < CURRENT; i++)); do
    case "$at/\${words[i]}" in
${
    [...stepsTo(all)].map(([to, steps]) =>
      `      ${pattern(steps)}) at='${to}'; last=$i ;;\n`
    ).join("")
  }      ${pattern(takingValues(all))}) ((i++)) ;;
    esac
  done
  words=("\${(@)words[last,-1]}")
  ((CURRENT -= last - 1))

  local -a known
  case $at in
${all.map(placeCase).join("")}  esac
}

_netdiag_words() {
  ((\${#known})) && _describe -t commands command known
}

_netdiag "$@"
`;
}

function pattern(steps: readonly Step[]): string {
  return steps.map(({ from, word }) => quoted(`${from}/${word}`)).join(" | ");
}

function placeCase({ name, options, words, operands }: Place): string {
  const known = [
    ...words,
    ...typeof operands === "string"
      ? []
      : operands.map((word) => ({ word, help: "" })),
  ];
  const specs = [
    ...options.map(optionSpec),
    // Without candidates nothing is said: a message would keep options from being completed.
    ...known.length > 0
      ? [quoted("*:argument:_netdiag_words")]
      : operands === "hosts"
      ? [quoted("*:host:_hosts")]
      : [],
  ];
  return [
    `    ${quoted(name)})`,
    ...known.length === 0 ? [] : [
      "      known=(",
      ...known.map(({ word, help }) =>
        `        ${quoted(help === "" ? word : `${word}:${help}`)}`
      ),
      "      )",
    ],
    "      _arguments -s \\",
    specs.map((spec) => `        ${spec}`).join(" \\\n"),
    "      ;;\n",
  ].join("\n");
}

/** `'(-c --count)'{-c+,--count=}'[help]:N: '`. */
function optionSpec(
  { names, help, placeholder, values }: CompletedOption,
): string {
  const suffix = (name: string) =>
    placeholder === undefined ? "" : name.startsWith("--") ? "=" : "+";
  const spelled = names.map((name) => name + suffix(name));
  const text = `[${help.replaceAll(/[[\]:\\]/g, "\\$&")}]` +
    (placeholder === undefined ? "" : `:${placeholder}:${action(values)}`);
  return names.length === 1
    ? quoted(spelled[0]! + text)
    : `${quoted(`(${names.join(" ")})`)}{${spelled.join(",")}}${quoted(text)}`;
}

function action(values: Completed): string {
  switch (values) {
    case "unknown":
      return " ";
    case "files":
      return "_files";
    case "hosts":
      return "_hosts";
    default:
      return `(${values.join(" ")})`;
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
