import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { serve, serveBytes } from "../http/_server.ts";
import { run, start } from "./_program.ts";

const isWindows = Deno.build.os === "windows";

Deno.test({
  name: "netdiag http reads no more of a file than it can use",
  ignore: isWindows,
  fn: async () => {
    const { code, stderr } = await run([
      ...["http", "--cacert", "/dev/zero", "localhost"],
    ]);
    assertEquals(
      stderr,
      'netdiag http: Cannot use "/dev/zero" for "--cacert": more than 16777216 bytes\n',
    );
    assertEquals(code, 2);
  },
});

Deno.test({
  name: "netdiag http does not wait for a pipe after SIGINT",
  ignore: isWindows,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/pipe`;
      const made = await new Deno.Command("mkfifo", { args: [path] }).output();
      assert(made.success);
      await using child = start(["http", "-d", `@${path}`, "localhost"]);
      using _pipe = await Deno.open(path, { write: true }); // when it is read
      child.kill("SIGINT");
      const { code, stderr } = await child.finish();
      assertEquals(
        [code, stderr],
        [
          2,
          `netdiag http: Interrupted while reading "${path}" for "--data"\n`,
        ],
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("netdiag http -o claims and replaces a file only when a body comes", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await using server = serveBytes(
      "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 11\r\n\r\nhello world",
    );
    const [old, none] = [`${folder}/old`, `${folder}/none`];
    await Deno.writeTextFile(old, "longer than what comes");
    for (const path of [old, none]) {
      const args = ["http", "--max-body", "10", "-o", path, server.origin];
      const { code, stdout } = await run(args);
      assertEquals(code, 1);
      assert(!stdout.includes(path), stdout);
    }
    assertEquals(await Deno.readTextFile(old), "longer than what comes");
    await assertRejects(() => Deno.stat(none), Deno.errors.NotFound);

    const kept = await run(["http", "-o", old, server.origin]);
    assert(kept.stdout.includes(`* Body: 11 bytes in ${old}\n`), kept.stdout);
    assertEquals(await Deno.readTextFile(old), "hello world");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("netdiag http -o says of the last body alone that it is in the file", async () => {
  const path = await Deno.makeTempFile();
  try {
    await using server = serve(async (peer) => {
      await peer.request();
      await peer.send(
        "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 5\r\n\r\nmoved",
      );
      await peer.request();
      await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      await peer.closed();
    });
    const { stdout } = await run(["http", "-L", "-o", path, server.origin]);
    assertEquals(stdout.match(/^\* Body: .*$/gm), [
      "* Body: 5 bytes (not kept)",
      `* Body: 2 bytes in ${path}`,
    ]);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("netdiag http sends nothing when it cannot write the file of -o", async () => {
  await using server = serveBytes("HTTP/1.1 204 No Content\r\n\r\n");
  const { code, stdout, stderr } = await run([
    ...["http", "-d", "a=b", "-o", "/nowhere/file", server.origin],
  ]);
  assertMatch(
    stderr,
    /^netdiag http: Cannot write "\/nowhere\/file" for "--output": .*\n$/,
  );
  assertEquals([code, stdout, server.connections], [2, "", 0]);
});

/** A named pipe, in a folder of its own. */
async function makePipe(): Promise<AsyncDisposable & { path: string }> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/pipe`;
  const made = await new Deno.Command("mkfifo", { args: [path] }).output();
  assert(made.success);
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

// Deno 2.6 opens files on the thread that signals come to: there, only SIGKILL ends that wait.
const { stdout: version } = await run(["--version"]);
if (!isWindows && !version.includes("deno 2.6.")) {
  Deno.test("netdiag http -o waits for the reader of a pipe until SIGINT", async () => {
    await using data = await makePipe();
    await using output = await makePipe();
    await using child = start([
      ...["http", "-d", `@${data.path}`, "-o", output.path, "localhost"],
    ]);
    // More than a pipe holds: when it is written, the end is about to be read.
    const pipe = await Deno.open(data.path, { write: true });
    for (let left = 100_000; left > 0;) {
      left -= await pipe.write(new Uint8Array(left));
    }
    pipe.close();
    child.kill("SIGINT");
    const { code, stderr } = await child.finish();
    assertEquals(code, 2);
    assertMatch(
      stderr,
      /^netdiag http: Interrupted while (opening .* for "--output"|reading .* for "--data")\n$/,
    );
  });
}

Deno.test({
  name: "netdiag http -o does not wait for the reader of a pipe after SIGINT",
  ignore: isWindows,
  fn: async () => {
    await using output = await makePipe();
    const body = "x".repeat(1_000_000); // more than a pipe holds
    await using server = serveBytes(
      `HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await using child = start(["http", "-o", output.path, server.origin]);
    using reader = await Deno.open(output.path);
    await reader.read(new Uint8Array(1));
    child.kill("SIGINT");
    const { code, stdout, stderr } = await child.finish();
    assertEquals([code, stderr], [1, "netdiag http: Interrupted\n"]);
    assertMatch(stdout, /, transfer [\d.]+ ms \(failed\), /);
  },
});

Deno.test("netdiag http says what is wrong with a file of authorities", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "-----BEGIN CERTIFICATE-----\nAAAA\n");
    const { code, stderr } = await run(["http", "--cacert", path, "localhost"]);
    assertMatch(
      stderr,
      /^netdiag http: Cannot use ".*" for "--cacert": .*END CERTIFICATE.*missing\n$/,
    );
    assertEquals(code, 2);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("netdiag http counts redirects for the objective of the total", async () => {
  await using server = serve(async (peer) => {
    await peer.request();
    await new Promise((resolve) => setTimeout(resolve, 300)); // a slow server
    await peer.send(
      "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
    );
    await peer.request();
    await peer.send("HTTP/1.1 204 No Content\r\n\r\n");
  });
  const slo = ["--slo", "total=300"];
  const { code, stderr } = await run(["http", "-L", ...slo, server.origin]);
  assertMatch(stderr, /^netdiag http: SLO missed: total took \d+\.\d ms/);
  assertEquals(code, 1);
});

Deno.test("netdiag http counts the whole request, as curl does", async () => {
  await using server = serveBytes("HTTP/1.1 204 No Content\r\n\r\n");
  const { stdout } = await run([
    ...["http", "-d", "a=b", "-w", "%{size_request}", server.origin],
  ]);
  assertEquals(Number(stdout), server.requests[0]!.length);
});

Deno.test("netdiag http calls warm what went over a kept connection only", async () => {
  const response = "HTTP/1.1 204 No Content\r\n\r\n";
  const args = ["http", "--repeat", "3", "-i", "1ms"];
  await using keeping = serveBytes(response);
  const kept = await run([...args, keeping.origin]);
  assertMatch(kept.stdout, /^warm total /m);
  await using closing = serve(async (peer) => {
    await peer.request();
    await peer.send(response);
  });
  const closed = await run([...args, closing.origin]);
  assertMatch(closed.stdout, /^others total /m);
});
