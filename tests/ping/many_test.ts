import { assertRejects } from "@std/assert";
import { pingMany } from "../../lib/ping/many.ts";
import { OptionError } from "../../lib/socket/options.ts";

Deno.test("pingMany() does not take a string for a list of its characters", async () => {
  await assertRejects(
    // @ts-expect-error -- scripts without types can do it
    () => pingMany("127.0.0.1").next(),
    OptionError,
    'Cannot use "127.0.0.1" as targets: put it in an array',
  );
});
