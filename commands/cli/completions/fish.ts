import {
  type Completed,
  type CompletedOption,
  type Place,
  type Step,
  stepsTo,
  takingValues,
} from "./model.ts";

/** For fish 3 and later. */
export function fishScript(all: readonly Place[]): string {
  return `# Completion of netdiag for fish; "netdiag completions fish" prints it.

# Where in the command line is this?
function __netdiag_at
    set -l at ''
    set -l is_value no
    for word in (commandline -opc)[2..]
        if test $is_value = yes
            set is_value no
            continue
        end
        switch "$at/$word"
${
    [...stepsTo(all)].map(([to, steps]) =>
      `            case ${patterns(steps)}\n                set at '${to}'\n`
    ).join("")
  }            case ${patterns(takingValues(all))}
                set is_value yes
        end
    end
    test "$at" = "$argv"
end

complete -c netdiag -f
${all.map(placeLines).join("")}`;
}

function patterns(steps: readonly Step[]): string {
  return steps.map(({ from, word }) => `'${from}/${word}'`).join(" ");
}

function placeLines({ name, words, options, operands }: Place): string {
  const begin = `complete -c netdiag -n '__netdiag_at ${name}'`;
  return [
    ...words.map(({ word, help }) => `${begin} -a ${word} -d ${quoted(help)}`),
    ...operands === "unknown" ? [] : [`${begin} -a ${candidates(operands)}`],
    ...options.map((option) => `${begin} ${optionFlags(option)}`),
    "",
  ].join("\n");
}

function optionFlags(
  { names, help, placeholder, values }: CompletedOption,
): string {
  const spelled = names.map((name) =>
    name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`
  );
  return [
    ...spelled,
    ...placeholder === undefined ? [] : [valueFlags(values)],
    `-d ${quoted(help)}`,
  ].join(" ");
}

function valueFlags(values: Completed): string {
  if (values === "unknown") return "-x";
  return values === "files" ? "-r -F" : `-x -a ${candidates(values)}`;
}

function candidates(values: Completed): string {
  return values === "hosts"
    ? "'(__fish_print_hostnames)'"
    : quoted((values as readonly string[]).join(" "));
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}
