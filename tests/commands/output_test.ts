import { assert, assertEquals } from "@std/assert";
import {
  type AsyncSink,
  Output,
  type Sink,
} from "../../commands/cli/output.ts";

/** Takes at most `limit` bytes at a time, and remembers each write. */
class FakeSink implements Sink, AsyncSink {
  readonly writes: string[] = [];
  fail: (() => Error | undefined) | undefined;
  readonly #limit: number;
  readonly #decoder = new TextDecoder();

  constructor(limit = Infinity) {
    this.#limit = limit;
  }

  get text(): string {
    return this.writes.join("");
  }

  writeSync(bytes: Uint8Array): number {
    const error = this.fail?.();
    if (error !== undefined) throw error;
    const taken = bytes.subarray(0, this.#limit);
    this.writes.push(this.#decoder.decode(taken, { stream: true }));
    return taken.length;
  }

  write(bytes: Uint8Array): Promise<number> {
    return Promise.try(() => this.writeSync(bytes));
  }
}

const unexpected = () => {
  throw new Error("Closed");
};

Deno.test("Output.write() writes at once", () => {
  const sink = new FakeSink();
  const output = new Output(sink, unexpected);
  output.write("a\n");
  output.write("b\n");
  assertEquals(sink.writes, ["a\n", "b\n"]);
});

Deno.test("Output.write() writes everything to a sink that takes little at a time", () => {
  const sink = new FakeSink(3);
  new Output(sink, unexpected).write("0123456789");
  assertEquals(sink.writes, ["012", "345", "678", "9"]);
});

Deno.test("Output.write() writes texts longer than its buffer, and characters across its end", () => {
  const sink = new FakeSink();
  const text = "a" + "\u20ac".repeat(100_000);
  new Output(sink, unexpected).write(text);
  assert(sink.text === text);
});

Deno.test("Output.write() tries again when the sink is full", () => {
  const sink = new FakeSink();
  let failures = 2;
  sink.fail = () =>
    failures-- > 0 ? new Deno.errors.WouldBlock("full") : undefined;
  new Output(sink, unexpected).write("a\n");
  assertEquals(sink.writes, ["a\n"]);
});

Deno.test("Output.write() reports that the reader is gone", () => {
  const sink = new FakeSink();
  sink.fail = () => new Deno.errors.BrokenPipe("gone");
  let closed = 0;
  const output = new Output(sink, () => closed++);
  output.write("a\n");
  assertEquals(closed, 1);
});

Deno.test("Output.print() writes at once what a sink has room for", () => {
  const sink = new FakeSink();
  const output = new Output(sink, unexpected);
  output.hasRoom = () => true;
  assertEquals(output.print("a\n"), undefined);
  assertEquals(sink.writes, ["a\n"]);
});

/** Takes nothing aside until it is told to. */
class StallingSink extends FakeSink {
  #gate = Promise.withResolvers<void>();

  /** Lets what waits, and nothing else, through. */
  letThrough(): void {
    this.#gate.resolve();
    this.#gate = Promise.withResolvers();
  }

  override async write(bytes: Uint8Array): Promise<number> {
    await this.#gate.promise;
    return await super.write(bytes);
  }
}

Deno.test("Output.print() writes aside each piece that the sink may have no room for", async () => {
  const sink = new StallingSink();
  const output = new Output(sink, unexpected);
  let looks = 0;
  // There is none when the third piece comes.
  output.hasRoom = () => ++looks !== 3;
  const text = "\u20ac".repeat(4000);
  const printed = output.print(text);
  assertEquals(sink.writes.length, 2);
  sink.letThrough();
  await printed;
  assert(sink.text === text);
});

Deno.test("Output.hurry() gives up a sink that takes nothing, not one that is slow", async () => {
  const sink = new StallingSink();
  const output = new Output(sink, unexpected);
  output.hasRoom = () => false;
  const gaveUp = Promise.withResolvers<"gave up">();
  using _hurry = output.hurry(() => gaveUp.resolve("gave up"));
  // Longer than its patience, but something goes on.
  for (let i = 0; i < 2; i++) {
    const timer = setTimeout(() => sink.letThrough(), 700);
    assertEquals(
      await Promise.race([output.print("a"), gaveUp.promise]),
      undefined,
    );
    clearTimeout(timer);
  }
  const printed = output.print("b");
  assertEquals(await gaveUp.promise, "gave up");
  sink.letThrough();
  await printed;
  assertEquals(sink.text, "aab");
});
