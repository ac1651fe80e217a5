import { assert, assertEquals, assertMatch } from "@std/assert";
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
