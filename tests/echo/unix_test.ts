import { assertEquals, assertRejects } from "@std/assert";
import { serveEcho } from "../../lib/echo/server.ts";
import { echoLoad } from "../../lib/echo/load.ts";
import { SystemError } from "../../lib/os/errno.ts";
import { engineTest } from "../engines.ts";
import {
  decode,
  encode,
  ENGINES,
  forEachEngine,
  readToEnd,
  Serving,
  writeAll,
} from "./_serving.ts";

/** A folder for sockets, which is removed with all that is in it. */
class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync();

  names(): string[] {
    return [...Deno.readDirSync(this.path)].map(({ name }) => name);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

async function askUnix(path: string, text: string): Promise<string> {
  using conn = await Deno.connect({ transport: "unix", path });
  await writeAll(conn, encode(text));
  await conn.closeWrite();
  return decode(await readToEnd(conn));
}

/** Leaves the file of a socket that nobody listens on. */
async function leaveSocketFile(path: string): Promise<void> {
  const script = "import socket, sys; " +
    "socket.socket(socket.AF_UNIX).bind(sys.argv[1])";
  const { success } = await new Deno.Command("python3", {
    args: ["-c", script, path],
  }).output();
  assertEquals(success, true);
}

forEachEngine(
  "serveEcho() serves a Unix socket, and removes its file at the end",
  async (engine) => {
    using folder = new Folder();
    const path = `${folder.path}/echo.sock`;
    const serving = await Serving.start([`unix:${path}`], {
      engine,
      socketMode: 0o640,
    });
    assertEquals(serving.server.endpoints, [`unix:${path}`]);
    assertEquals(Deno.lstatSync(path).mode! & 0o777, 0o640);
    assertEquals(await askUnix(path, "over a path"), "over a path");
    assertEquals((await serving.event("opened")).peer, "(unnamed)");
    await serving.server.stop();
    assertEquals(folder.names(), []);
  },
);

forEachEngine(
  "serveEcho() throws the reason of its signal, and leaves no file, where that aborts before everything is open",
  async (engine) => {
    using folder = new Folder();
    const controller = new AbortController();
    const error = await assertRejects(() =>
      serveEcho(["one", "two"].map((name) => `unix:${folder.path}/${name}`), {
        engine,
        signal: controller.signal,
        onEvent({ type }) {
          if (type === "listening") controller.abort();
        },
      })
    );
    assertEquals(error, controller.signal.reason);
    assertEquals(folder.names(), []);
  },
);

forEachEngine(
  "serveEcho() serves an abstract Unix socket, which has no file",
  async (engine) => {
    const name = `netdiag-test-${engine}-${Deno.pid}`;
    await using serving = await Serving.start([`unix:@${name}`], { engine });
    assertEquals(serving.server.endpoints, [`unix:@${name}`]);
    assertEquals(await askUnix(`\0${name}`, "abstract"), "abstract");
  },
);

forEachEngine(
  "serveEcho() takes the place of a socket that nobody listens on",
  async (engine) => {
    using folder = new Folder();
    const path = `${folder.path}/stale.sock`;
    await leaveSocketFile(path);
    await using _serving = await Serving.start([`unix:${path}`], { engine });
    assertEquals(await askUnix(path, "new"), "new");
  },
);

forEachEngine(
  "serveEcho() leaves alone a socket that somebody listens on, and a file that is no socket",
  async (engine) => {
    using folder = new Folder();
    const path = `${folder.path}/live.sock`;
    await using _serving = await Serving.start([`unix:${path}`], { engine });
    const live = await assertRejects(
      () => serveEcho([`unix:${path}`], { engine }),
      SystemError,
    );
    assertEquals(live.code, "EADDRINUSE");
    assertEquals(await askUnix(path, "still here"), "still here");
    const file = `${folder.path}/precious.txt`;
    Deno.writeTextFileSync(file, "words");
    const other = await assertRejects(
      () => serveEcho([`unix:${file}`], { engine }),
      SystemError,
    );
    assertEquals(other.code, "EADDRINUSE");
    assertEquals(Deno.readTextFileSync(file), "words");
  },
);

// Deno removes whatever is at the path.
engineTest(
  "native",
  "serveEcho() removes no file that has taken the place of its own",
  async (engine) => {
    using folder = new Folder();
    const path = `${folder.path}/echo.sock`;
    const serving = await Serving.start([`unix:${path}`], { engine });
    Deno.renameSync(path, `${folder.path}/moved`);
    Deno.writeTextFileSync(path, "somebody else's");
    await serving.server.stop();
    assertEquals(Deno.readTextFileSync(path), "somebody else's");
  },
);

Deno.test({
  name: "serveEcho() answers Unix datagrams, and removes the file at the end",
  ignore: !ENGINES.includes("native"),
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    using folder = new Folder();
    const path = `${folder.path}/dgram.sock`;
    const serving = await Serving.start([`unixgram:${path}`], {});
    for await (
      const event of echoLoad(`unixgram:${path}`, {
        connections: 4,
        durationMs: 100,
        warmupMs: 0,
      })
    ) {
      if (event.type !== "summary") continue;
      assertEquals(event.errors, {});
      assertEquals(event.answered, event.sent);
      assertEquals(event.sent > 100, true, `${event.sent} sent`);
    }
    await serving.server.stop();
    assertEquals(folder.names(), []);
  },
});
