import { assert, assertEquals } from "@std/assert";
import { commandHelp, overview } from "../../commands/cli/help_text.ts";
import { parseCommandLine } from "../../commands/cli/parse.ts";
import { commandEntries, loadCommand } from "../../commands/registry.ts";

const SNAPSHOT = new URL("ping_help.txt", import.meta.url);

Deno.test("the help of ping is the reviewed one", async () => {
  const text = commandHelp((await loadCommand(["ping"])).command);
  if (Deno.env.get("UPDATE_SNAPSHOTS") === "1") {
    await Deno.writeTextFile(SNAPSHOT, text);
  }
  assertEquals(text, await Deno.readTextFile(SNAPSHOT));
});

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
