import { assert, assertEquals } from "@std/assert";
import { commandHelp, overview } from "../../commands/cli/help_text.ts";
import { parseCommandLine } from "../../commands/cli/parse.ts";
import { commandEntries, loadCommand } from "../../commands/registry.ts";

for (
  const [first, ...words] of [["ping"], ["echo", "serve"], [
    "echo",
    "load",
  ]] as const
) {
  const name = [first, ...words];
  Deno.test(`the help of ${name.join(" ")} is the reviewed one`, async () => {
    const snapshot = new URL(`${name.join("_")}_help.txt`, import.meta.url);
    const text = commandHelp((await loadCommand([first, ...words])).command);
    if (Deno.env.get("UPDATE_SNAPSHOTS") === "1") {
      await Deno.writeTextFile(snapshot, text);
    }
    assertEquals(text, await Deno.readTextFile(snapshot));
  });
}

Deno.test("every command has help that fits a terminal, and examples that parse", async () => {
  for (const [name, entry] of commandEntries()) {
    const command = await entry.load();
    assertEquals(command.name, name);
    for (const line of commandHelp(command).split("\n")) {
      assert(line.length <= 80, line);
    }
    for (const { line } of command.examples) {
      const [first = "", ...words] = line.split(" ");
      const loaded = await loadCommand([first, ...words]);
      assertEquals(loaded.command, command);
      parseCommandLine(command.options, loaded.args, command.wraps);
    }
  }
});

Deno.test("overview() lists every command with its summary", () => {
  const text = overview();
  for (const [name, { summary }] of commandEntries()) {
    assert(text.includes(name) && text.includes(summary), name);
  }
});
