/** What a C compiler makes of structures, for the tests of the layouts in lib/os. */

import { assert } from "@std/assert";

/** Sizes and offsets by an expression of C, such as `sizeof(struct x)`. */
export type Numbers = Readonly<Record<string, number>>;

function isInstalled(compiler: string): boolean {
  try {
    const args = ["--version"];
    return new Deno.Command(compiler, { args, stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}

/**
 * A test that needs a compiler. Where that is missing it is reported as
 * ignored, with the reason in its name.
 */
export function compilerTest(
  name: string,
  compiler: string,
  fn: () => Promise<void>,
): void {
  if (isInstalled(compiler)) Deno.test(name, fn);
  else {
    const reason = `needs ${compiler}`;
    Deno.test({ name: `${name} (skipped: ${reason})`, ignore: true, fn });
  }
}

/**
 * Has a compiler compare each expression with a number. Nothing is run, since it may
 * compile for another system.
 */
export async function assertCompiles(
  compiler: string,
  source: string,
  expected: Numbers,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const assertions = Object.entries(expected).map(([expression, value]) =>
      `_Static_assert((${expression}) == ${value}, "is not ${value}");`
    );
    const file = `${folder}/layouts.c`;
    await Deno.writeTextFile(
      file,
      [source, "#include <stddef.h>", ...assertions].join("\n") + "\n",
    );
    const { success, stderr } = await new Deno.Command(compiler, {
      args: ["-std=gnu11", "-fsyntax-only", file],
    }).output();
    assert(success, new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The offset of each member of a structure, and its size, as lib/os has them. */
export function layout(
  type: string,
  members: Readonly<Record<string, string>>,
  ours: Readonly<Record<string, number>>,
): Numbers {
  const numbers: Record<string, number> = { [`sizeof(${type})`]: ours.bytes! };
  for (const [name, member] of Object.entries(members)) {
    numbers[`offsetof(${type}, ${member})`] = ours[name]!;
  }
  return numbers;
}
