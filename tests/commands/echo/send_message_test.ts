import { assertEquals, assertRejects } from "@std/assert";
import { openEncoding } from "../../../commands/echo/encodings.ts";
import { type Input, outgoing } from "../../../commands/echo/send_message.ts";
import { SEND_OPTIONS } from "../../../commands/echo/send_options.ts";
import { UsageError } from "../../../commands/cli/errors.ts";
import { parseCommandLine } from "../../../commands/cli/parse.ts";
import { parseEndpoint } from "../../../lib/socket/endpoint.ts";

/** An input that is read in these lengths. */
function inputOf(...lengths: readonly number[]): Input {
  let next = 0;
  return {
    read(buffer) {
      const length = lengths[next++];
      if (length === undefined) return Promise.resolve(null);
      buffer.fill(next, 0, length);
      return Promise.resolve(length);
    },
  };
}

async function find(
  text: string | undefined,
  input: Input,
  args: readonly string[] = [],
  { endpoint = "tcp://a:1", signal = new AbortController().signal } = {},
) {
  return await outgoing(
    text,
    await openEncoding("utf-8"),
    parseEndpoint(endpoint),
    parseCommandLine(SEND_OPTIONS, args).options,
    input,
    signal,
  );
}

Deno.test("outgoing() leaves standard input alone unless it is asked for", async () => {
  const untouched: Input = {
    read: () => Promise.reject(new Error("was read")),
  };
  assertEquals(await find(undefined, untouched), {});
  assertEquals(await find("hi", untouched), {
    message: new TextEncoder().encode("hi"),
  });
});

Deno.test("outgoing() takes up to 64 KiB of standard input for one message, whatever its options", async () => {
  const found = await find("-", inputOf(1, 65_534, 1), ["-c", "3"]);
  assertEquals(found?.message?.length, 65_536);
  assertEquals([found?.message?.[0], found?.message?.[65_535]], [1, 3]);
  assertEquals((await find("-", inputOf()))?.message?.length, 0);
});

Deno.test("outgoing() streams more of standard input, none of it lost or twice", async () => {
  const found = await find("-", inputOf(60_000, 10_000, 5));
  assertEquals(found?.message, undefined);
  const bytes = await new Response(found!.input!).bytes();
  assertEquals(bytes.length, 70_005);
  assertEquals(
    [0, 59_999, 60_000, 70_000].map((at) => bytes[at]),
    [1, 1, 2, 3],
  );
  assertEquals(found?.bytesRead?.(), 70_005);
});

Deno.test("outgoing() says what standard input is too long for", async () => {
  await assertRejects(
    () => find("-", inputOf(65_537), [], { endpoint: "udp://a:1" }),
    UsageError,
    "Standard input has more than the 65536 bytes that one datagram may have",
  );
  await assertRejects(
    () => find("-", inputOf(65_537), ["--split", "9"]),
    UsageError,
    'Option "--split" is for messages',
  );
});

Deno.test("outgoing() says why standard input cannot be read", async () => {
  const directory: Input = {
    read: () => Promise.reject(new Error("Is a directory (os error 21)")),
  };
  await assertRejects(
    () => find("-", directory),
    UsageError,
    "Cannot read standard input: Is a directory",
  );
});

Deno.test("outgoing() waits for standard input no longer than it is to run", async () => {
  const silent: Input = { read: () => new Promise(() => {}) };
  const signal = AbortSignal.timeout(1);
  assertEquals(await find("-", silent, [], { signal }), undefined);
});
