/** Asks the shells themselves what they complete; a shell that is not installed is skipped by name. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { completionScript, SHELLS } from "../../commands/cli/completions.ts";
import { places } from "../../commands/cli/completions/model.ts";
import { run } from "./_program.ts";

/** Command lines up to the cursor, and what may stand there. */
const CASES: readonly [line: string, candidates: readonly string[]][] = [
  ["netdiag pi", ["ping"]],
  ["netdiag --ver", ["--version"]],
  ["netdiag ping --cou", ["--count"]],
  ["netdiag ping --color n", ["never"]],
  ["netdiag ping -c 3 --preloa", ["--preload"]],
  ["netdiag ping -M wan", ["want"]],
  ["netdiag ping --file LICEN", ["LICENSE"]],
  ["netdiag echo s", ["send", "serve"]],
  ["netdiag echo --work", ["--workers"]],
  ["netdiag echo send --cac", ["--cacert"]],
  ["netdiag help ech", ["echo"]],
  ["netdiag help echo l", ["load"]],
  ["netdiag permissions ping -M wan", ["want"]],
  ["netdiag permissions echo sen", ["send"]],
  ["netdiag completions po", ["powershell"]],
];

/** Runs a program in the repository's root with the script of a shell in a file beside it. */
async function ask(
  shell: "bash" | "zsh" | "fish",
  command: (script: string) => readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const script = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(script, await completionScript(shell));
    const [program, ...args] = command(script);
    const { success, stdout, stderr } = await new Deno.Command(program!, {
      args,
      env,
      stdin: "null",
      cwd: new URL("../../", import.meta.url),
    }).output();
    const decoder = new TextDecoder();
    assert(success, decoder.decode(stderr));
    assertEquals(decoder.decode(stderr), "");
    return decoder.decode(stdout);
  } finally {
    await Deno.remove(script);
  }
}

/** What all the words begin with. */
function commonPrefix([first = "", ...others]: readonly string[]): string {
  let length = first.length;
  while (!others.every((word) => word.startsWith(first.slice(0, length)))) {
    length--;
  }
  return first.slice(0, length);
}

function isInstalled(program: string): boolean {
  try {
    return new Deno.Command(program, {
      args: ["--version"],
      stdout: "null",
      stderr: "null",
    }).outputSync().success;
  } catch {
    return false;
  }
}

function shellTest(programs: readonly string[], fn: () => Promise<void>): void {
  const shell = programs[0]!;
  const missing = programs.find((program) => !isInstalled(program));
  const name = `${shell} completes commands, options and values`;
  if (missing === undefined) Deno.test(name, fn);
  else {Deno.test({
      name: `${name} (skipped: needs ${missing})`,
      ignore: true,
      fn,
    });}
}

shellTest(["bash"], async () => {
  const answers = await ask("bash", (script) => [
    ...["bash", "--norc", "-c"],
    `. "$0"; for line; do
      COMP_WORDS=() COMPREPLY=()
      read -ra COMP_WORDS <<<"$line"
      COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
      _netdiag; echo "\${COMPREPLY[*]}"
    done`,
    script,
    ...CASES.map(([line]) => line),
    "netdiag ping --color = al",
  ]);
  assertEquals(
    answers.trimEnd().split("\n").map((line) => line.split(" ").sort()),
    [...CASES.map(([, candidates]) => [...candidates]), ["always"]],
  );
});

shellTest(["fish"], async () => {
  const home = await Deno.makeTempDir();
  try {
    const answers = await ask("fish", (script) => [
      ...["fish", "--no-config", "-c"],
      `source $argv[1]; for line in $argv[2..]
        complete -C $line | string replace -r '\\t.*' '' | sort | string join ' '
      end; true`,
      script,
      ...CASES.map(([line]) => line),
    ], { HOME: home });
    assertEquals(
      answers.trimEnd().split("\n"),
      CASES.map(([, candidates]) => candidates.join(" ")),
    );
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

shellTest(["zsh", "script"], async () => {
  const folder = await Deno.makeTempDir();
  try {
    // The first prompt completes all the lines, and ends the shell.
    await Deno.writeTextFile(
      `${folder}/.zshrc`,
      `autoload -U compinit && compinit -u -D
      source $SCRIPT 2>/dev/null
      compdef _netdiag netdiag
      zle-line-init() {
        local line
        for line in "\${(@f)LINES_TO_COMPLETE}"; do
          BUFFER=$line CURSOR=$#line
          zle expand-or-complete
          print -r -- "$BUFFER" >>${folder}/answers
        done
        exit
      }
      zle -N zle-line-init`,
    );
    await ask("zsh", (script) => {
      const zsh = `SCRIPT=${script} zsh -i`;
      return ["script", "-qec", zsh, "/dev/null"];
    }, {
      ZDOTDIR: folder,
      LINES_TO_COMPLETE: CASES.map(([line]) => line).join("\n"),
    });
    const answers = await Deno.readTextFile(`${folder}/answers`);
    const completed = CASES.map(([line, candidates]) =>
      line.slice(0, line.lastIndexOf(" ") + 1) + commonPrefix(candidates)
    );
    assertEquals(
      answers.trimEnd().split("\n").map((line) => line.replace(/=?\s*$/, "")),
      completed,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the script for each shell names every command and option", async () => {
  const all = await places();
  assert(all.length >= 8);
  for (const shell of SHELLS) {
    const script = await completionScript(shell);
    for (const { words, options } of all) {
      for (const { word } of words) assertStringIncludes(script, word);
      for (const { names } of options) {
        const long = names.at(-1)!;
        assertStringIncludes(script, shell === "fish" ? long.slice(2) : long);
      }
    }
  }
});

Deno.test("places() knows where each word leads", async () => {
  const names = new Set((await places()).map(({ name }) => name));
  for (const { name, words } of await places()) {
    for (const { to } of words) {
      assert(names.has(to) || name.startsWith("help"), `${name}: ${to}`);
    }
  }
});

Deno.test("netdiag completions prints a script, and wants a shell that it knows", async () => {
  const bash = await run(["completions", "bash"], []);
  assertEquals(bash, {
    code: 0,
    stdout: await completionScript("bash"),
    stderr: "",
  });
  for (
    const [args, message] of [
      [[], "Shell required"],
      [["tcsh"], 'Unknown shell "tcsh"'],
    ] as const
  ) {
    assertEquals(await run(["completions", ...args], []), {
      code: 2,
      stdout: "",
      stderr:
        `netdiag completions: ${message}: there are bash, zsh, fish, powershell\n`,
    });
  }
});
