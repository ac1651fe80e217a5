import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../commands/cli/errors.ts";
import { LogFile } from "../../../commands/echo/log_file.ts";

/** A folder for one test. */
class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync();
  readonly log = `${this.path}/log`;

  /** What is in each file, by its name. */
  files(): Record<string, string> {
    const names = [...Deno.readDirSync(this.path)].map(({ name }) => name);
    return Object.fromEntries(
      names.sort().map((name) => [
        name,
        Deno.readTextFileSync(`${this.path}/${name}`),
      ]),
    );
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

const unexpected = (message: string) => {
  throw new Error(message);
};

Deno.test("LogFile.write() appends to what is there", () => {
  using folder = new Folder();
  Deno.writeTextFileSync(folder.log, "old\n");
  using file = new LogFile(folder.log, 100, 1, unexpected);
  file.write("a\nb\n");
  file.write("c\n");
  assertEquals(folder.files(), { log: "old\na\nb\nc\n" });
});

Deno.test("LogFile.write() turns the file over between lines, and keeps so many", () => {
  using folder = new Folder();
  using file = new LogFile(folder.log, 8, 2, unexpected);
  file.write("1 a\n2 b\n3 c\n4 d\n5 e\n");
  assertEquals(folder.files(), {
    log: "5 e\n",
    "log.1": "3 c\n4 d\n",
    "log.2": "1 a\n2 b\n",
  });
  file.write("6 f\n");
  file.write("7 g\n");
  assertEquals(folder.files(), {
    log: "7 g\n",
    "log.1": "5 e\n6 f\n",
    "log.2": "3 c\n4 d\n",
  });
});

Deno.test("LogFile.write() counts what was in the file before", () => {
  using folder = new Folder();
  Deno.writeTextFileSync(folder.log, "1234567\n");
  using file = new LogFile(folder.log, 10, 1, unexpected);
  file.write("new\n");
  assertEquals(folder.files(), { log: "new\n", "log.1": "1234567\n" });
});

Deno.test("LogFile.write() gives a line that is too long a file of its own", () => {
  using folder = new Folder();
  using file = new LogFile(folder.log, 4, 3, unexpected);
  file.write("a\nlong line\nb\n");
  assertEquals(folder.files(), {
    log: "b\n",
    "log.1": "long line\n",
    "log.2": "a\n",
  });
});

Deno.test("LogFile.write() begins the only file again where none is kept", () => {
  using folder = new Folder();
  using file = new LogFile(folder.log, 4, 0, unexpected);
  file.write("a\nb\nc\n");
  assertEquals(folder.files(), { log: "c\n" });
});

Deno.test("LogFile.write() says once that it cannot write, and writes again when it can", () => {
  using folder = new Folder();
  const reports: string[] = [];
  using file = new LogFile(folder.log, 4, 1, (text) => reports.push(text));
  file.write("a\nb\n");
  // No file can take the place of a folder that is not empty.
  Deno.mkdirSync(`${folder.log}.1/x`, { recursive: true });
  file.write("c\n");
  file.write("d\n");
  assertEquals(reports, [
    `Cannot write log "${folder.log}": Is a directory; lines are missing there`,
  ]);
  Deno.removeSync(`${folder.log}.1`, { recursive: true });
  file.write("e\n");
  assertEquals(folder.files(), { log: "e\n", "log.1": "a\nb\n" });
  assertEquals(reports.length, 1);
});

Deno.test("LogFile leaves no half line on a full disk", {
  ignore: Deno.build.os !== "linux",
}, () => {
  const reports: string[] = [];
  using file = new LogFile("/dev/full", 1000, 1, (text) => reports.push(text));
  file.write("a\n");
  file.write("b\n");
  assertEquals(reports, [
    'Cannot write log "/dev/full": No space left on device; lines are missing there',
  ]);
});

Deno.test("LogFile refuses at once a file that cannot be opened", () => {
  assertThrows(
    () => new LogFile("/nonexistent/log", 100, 1, unexpected),
    UsageError,
    'Cannot write log "/nonexistent/log": No such file or directory',
  );
});

Deno.test("LogFile.paths() are the names that it uses", () => {
  assertEquals(LogFile.paths("a", 0), ["a"]);
  assertEquals(LogFile.paths("a", 2), ["a", "a.1", "a.2"]);
});
