import {
  type Completed,
  type Place,
  type Step,
  stepsTo,
  takingValues,
} from "./model.ts";

/** For bash 3.2, which macOS has, and later. */
export function bashScript(all: readonly Place[]): string {
  return `# Completion of netdiag for bash; "netdiag completions bash" prints it.

_netdiag() {
  local IFS=$'\\n' at='' i
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]}
  # bash makes "=" a word of its own.
  if [[ $word == '=' ]]; then
    word=''
  elif [[ $before == '=' ]]; then
    before=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()

  # Where in the command line is this?
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at/\${COMP_WORDS[i]}" in
${
    [...stepsTo(all)].map(([to, steps]) =>
      `      ${pattern(steps)}) at='${to}' ;;\n`
    ).join("")
  }      ${pattern(takingValues(all))})
        ((i++)) ;;
    esac
  done

  # The value of an option.
  case "$at/$before" in
${all.map(valueCases).join("")}  esac

  local options='' words='' operands=''
  case $at in
${all.map(placeCase).join("")}  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$word"))
    [[ -z $operands ]] || COMPREPLY+=($(compgen -A "$operands" -- "$word"))
  fi
}

complete -F _netdiag netdiag
`;
}

function pattern(steps: readonly Step[]): string {
  return steps.map(({ from, word }) => `'${from}/${word}'`).join(" | ");
}

function valueCases({ name, options }: Place): string {
  return options.filter(({ placeholder }) => placeholder !== undefined)
    .map(({ names, values }) => {
      const at = names.map((word) => ({ from: name, word }));
      return `    ${pattern(at)}) ${complete(values)}return ;;\n`;
    }).join("");
}

/** The command that completes a value, and what ends it. */
function complete(values: Completed): string {
  switch (values) {
    case "unknown":
      return "";
    case "files":
      return "compopt -o filenames 2>/dev/null; " +
        'COMPREPLY=($(compgen -f -- "$word")); ';
    case "hosts":
      return 'COMPREPLY=($(compgen -A hostname -- "$word")); ';
    default:
      return `COMPREPLY=($(compgen -W ${list(values)} -- "$word")); `;
  }
}

function placeCase({ name, options, words, operands }: Place): string {
  const names = options.flatMap((option) => option.names);
  const known = [
    ...words.map(({ word }) => word),
    ...typeof operands === "string" ? [] : operands,
  ];
  return [
    `    '${name}')`,
    `      options=${list(names)}`,
    ...known.length > 0 ? [`      words=${list(known)}`] : [],
    ...operands === "hosts" ? ["      operands=hostname"] : [],
    "      ;;\n",
  ].join("\n");
}

/** Words as compgen wants them, where IFS is a line feed. */
function list(words: readonly string[]): string {
  return `$'${words.join("\\n")}'`;
}
