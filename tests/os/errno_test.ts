import { assertEquals } from "@std/assert";
import {
  asSystemError,
  type SystemError,
  systemWords,
} from "../../lib/os/errno.ts";

/** Texts of Deno's, as on Linux and on Windows. */
const TEXTS = [
  ["Connection refused (os error 111)", "Connection refused"],
  [
    "No connection could be made because the target machine actively refused it. (os error 10061)",
    "No connection could be made because the target machine actively refused it",
  ],
  ["failed to lookup address", "failed to lookup address"],
] as const;

Deno.test("systemWords() takes the system's words from texts of Deno's", () => {
  for (const [text, words] of TEXTS) assertEquals(systemWords(text), words);
});

Deno.test("asSystemError() takes the words and the number from texts of Deno's", () => {
  for (const [text, words] of TEXTS) {
    const error = Object.assign(new Error(text), { code: "ECODE" });
    const { description, errno } = asSystemError(error, "try") as SystemError;
    assertEquals(description, words);
    assertEquals(errno, Number(/\d+/.exec(text) ?? 0));
  }
});
