import { assertEquals } from "@std/assert";
import { TextQueue } from "../../commands/cli/text_queue.ts";

/** Takes each text when it is told to. */
class SlowReader {
  readonly texts: string[] = [];
  #taken = Promise.withResolvers<void>();
  #came = Promise.withResolvers<void>();

  readonly write = async (text: string): Promise<void> => {
    this.texts.push(text);
    this.#came.resolve();
    await this.#taken.promise;
  };

  /** Resolves when a text is there. */
  async next(): Promise<void> {
    await this.#came.promise;
    this.#came = Promise.withResolvers();
  }

  take(): void {
    this.#taken.resolve();
    this.#taken = Promise.withResolvers();
  }
}

const lost = (lines: number) => `(${lines} lost)\n`;

Deno.test("TextQueue.push() writes what one turn has to tell at once", async () => {
  const texts: string[] = [];
  const queue = new TextQueue(async (text) => {
    texts.push(text);
    await undefined;
  }, lost);
  queue.push("a\n");
  queue.push("b\n");
  assertEquals(texts, []);
  await queue.drained();
  assertEquals(texts, ["a\nb\n"]);
  queue.push("c\n");
  await queue.drained();
  assertEquals(texts, ["a\nb\n", "c\n"]);
});

Deno.test("TextQueue.push() collects while a text is being taken", async () => {
  const reader = new SlowReader();
  const queue = new TextQueue(reader.write, lost);
  queue.push("a\n");
  await reader.next();
  queue.push("b\n");
  queue.push("c\n");
  assertEquals(reader.texts, ["a\n"]);
  reader.take();
  await reader.next();
  assertEquals(reader.texts, ["a\n", "b\nc\n"]);
  reader.take();
  await queue.drained();
});

Deno.test("TextQueue.push() drops what does not fit, counts it where it is missing, and keeps what is vital", async () => {
  const reader = new SlowReader();
  const queue = new TextQueue(reader.write, lost, 6);
  queue.push("a\n");
  await reader.next();
  for (const line of ["b\n", "c\n", "d\n", "e\n", "f\n"]) queue.push(line);
  queue.push("summary\n", true);
  reader.take();
  await reader.next();
  queue.push("g\n");
  reader.take();
  await reader.next();
  reader.take();
  await queue.drained();
  assertEquals(reader.texts, [
    "a\n",
    "b\nc\nd\nsummary\n(2 lost)\n",
    "g\n",
  ]);
});
