import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect } from "node:tls";
import { serve } from "../../../commands/echo/serve.ts";
import { parseCommandLine } from "../../../commands/cli/parse.ts";
import { command, EVERYTHING, IS_BINARY, run, start } from "../_program.ts";
import { LabProcess } from "../../netlab/process.ts";
import { exchange, ServerProcess } from "./_server.ts";

const LINUX = { ignore: Deno.build.os !== "linux" };
const TCP = "tcp://127.0.0.1:0";

/** A folder that is gone after the test. */
class Folder implements AsyncDisposable {
  readonly path = Deno.makeTempDirSync();

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

Deno.test("netdiag echo serves, says what happens, and sums up on Ctrl-C", async () => {
  for (const engine of ["native", "deno"]) {
    await using server = await ServerProcess.start(["--engine", engine, TCP]);
    const port = server.port();
    assertEquals(await exchange({ port }, "hello"), "hello");
    await server.line((line) => line.includes(" closed "));
    const { code, stdout, stderr } = await server.stop();
    assertEquals([code, stderr], [0, ""]);
    const lines = stdout.split("\n").map((line) => line.replace(/^2\S+Z /, ""));
    assertEquals(lines[0], `listening on tcp://127.0.0.1:${port} (${engine})`);
    assertEquals(
      lines[1],
      `Try it: netdiag echo send tcp://127.0.0.1:${port} hello`,
    );
    assertMatch(
      lines[2]!,
      new RegExp(`^#1 opened: 127.0.0.1:\\d+ to tcp://127.0.0.1:${port}$`),
    );
    assertMatch(lines[3]!, /^#1 closed \(end\): 5 bytes in, 5 out, \d/);
    assertEquals(lines.slice(4, 8), [
      "",
      "--- echo statistics ---",
      "1 connection, at most 1 at one time, 0 refused; 1 end",
      "0 datagrams received, 0 sent, 0 ignored, 0 failed",
    ]);
    assertMatch(lines[8]!, /^5 bytes received, 5 sent, time \d/);
  }
});

Deno.test("the line that tries a server out works", LINUX, async () => {
  for (const endpoint of [TCP, "udp://127.0.0.1:0", "unix:@netdiag-try"]) {
    await using server = await ServerProcess.start([endpoint]);
    const line = await server.line((line) => line.startsWith("Try it: "));
    const [program, ...args] = line.replace("Try it: ", "").split(" ");
    assertEquals(program, "netdiag");
    const { code, stderr } = await run(args);
    assertEquals([code, stderr], [0, ""], line);
    assertEquals((await server.stop()).code, 0);
  }
});

Deno.test("netdiag echo serves TCP and UDP on port 7007 of this machine where nothing else is said", async () => {
  const { permissions } = await serve.prepare(
    parseCommandLine(serve.options, []),
  );
  const net = { name: "net", host: "127.0.0.1", port: 7007 } as const;
  assertEquals(permissions, {
    required: [net, net],
    advised: [Deno.build.os === "linux" ? { name: "ffi" } : { name: "net" }],
    optional: [{ name: "ffi" }],
  });
});

Deno.test("netdiag echo --json has an object a line, the summary last", async () => {
  await using server = start(["echo", "--json", TCP]);
  const { endpoint } = JSON.parse(await server.line(() => true));
  const port = Number(endpoint.split(":").at(-1));
  assertEquals(await exchange({ port }, "hi"), "hi");
  await server.line((line) => line.includes('"closed"'));
  server.kill("SIGTERM");
  const { code, stdout } = await server.finish();
  assertEquals(code, 0);
  const events = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(
    events.map(({ type }) => type),
    ["listening", "opened", "closed", "summary"],
  );
  assertEquals(events[2].bytesReceived, 2);
  assertEquals(events[3].connections.accepted, 1);
});

Deno.test("netdiag echo --frame line shows reads against lines", async () => {
  await using server = await ServerProcess.start(["--frame", "line", TCP]);
  using connection = await Deno.connect({ port: server.port() });
  const send = async (text: string) => {
    await connection.write(new TextEncoder().encode(text));
    return await server.line((line) =>
      line.includes(`read ${text.length} byte`)
    );
  };
  assertMatch(
    await send("one\ntwo\nthr"),
    /#1 read 11 bytes: completes 2 lines, 3 bytes of the next so far$/,
  );
  assertMatch(await send("ee\n"), /#1 read 3 bytes: completes 1 line$/);
});

Deno.test("netdiag echo --mode hexdump shows every byte, and no terminal sees one of them", async () => {
  await using server = await ServerProcess.start(["-m", "hexdump", TCP]);
  assertEquals(await exchange({ port: server.port() }, "\x1b[2J"), "\x1b[2J");
  const line = await server.line((line) => line.startsWith("0000"));
  assertEquals(line.slice(0, 22), "00000000  1b 5b 32 4a ");
  const { stdout } = await server.stop();
  assertEquals(stdout.includes("\x1b"), false);
});

Deno.test("netdiag echo -q tells no connection, -v every read", async () => {
  for (
    const [level, types] of [
      ["-q", []],
      ["-v", ["opened", "read", "closed"]],
    ] as const
  ) {
    await using server = await ServerProcess.start([level, TCP]);
    await exchange({ port: server.port() }, "hello");
    const { stdout } = await server.stop();
    assertEquals(
      [...stdout.matchAll(/Z #1 (\w+)/g)].map((match) => match[1]),
      [...types],
      stdout,
    );
    assertMatch(stdout, /\n1 connection, /);
  }
});

Deno.test("netdiag echo --log writes the log to files of that size, and so many", async () => {
  await using folder = new Folder();
  const file = `${folder.path}/echo.log`;
  await using server = await ServerProcess.start(
    [...["--log", file], ...["--log-max-size", "1KiB", "--log-keep", "2"], TCP],
  );
  const port = server.port();
  for (let i = 0; i < 40; i++) await exchange({ port }, "x");
  const { code, stdout } = await server.stop();
  assertEquals(code, 0);
  assertEquals(stdout.includes("opened"), false, stdout);
  assertMatch(stdout, /\n40 connections, /);
  const sizes = [...Deno.readDirSync(folder.path)].map(({ name }) => name);
  assertEquals(sizes.sort(), ["echo.log", "echo.log.1", "echo.log.2"]);
  for (const name of sizes) {
    const text = await Deno.readTextFile(`${folder.path}/${name}`);
    assert(text.length <= 1024, name);
    assertMatch(text, /^(2026|\d{4}-|\n--- echo)/, name);
  }
  assertMatch(
    await Deno.readTextFile(file),
    /\n40 connections, [^]*time .*\n$/,
  );
});

Deno.test("netdiag echo ends at the second signal, whatever is still to be sent", async () => {
  await using server = await ServerProcess.start(
    ["-m", "chargen", "--grace", "1h", TCP],
  );
  using client = await Deno.connect({ port: server.port() });
  await client.read(new Uint8Array(1)); // and nothing more: the rest stays queued
  server.kill("SIGINT");
  server.kill("SIGTERM");
  const { code } = await server.finish();
  assert(code === 130 || code === 143, String(code));
});

Deno.test("netdiag echo says in one line what it cannot listen on, and exits with 2", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  await using folder = new Folder();
  const file = `${folder.path}/file`;
  await Deno.writeTextFile(file, "");
  const cases: [string[], string][] = [
    [
      [`tcp://127.0.0.1:${port}`],
      `Cannot listen on tcp://127.0.0.1:${port}: Address already in use (EADDRINUSE); choose another port, or 0 for any that is free`,
    ],
    [
      [TCP, `tcp://127.0.0.1:${port}`],
      `Cannot listen on tcp://127.0.0.1:${port}: Address already in use (EADDRINUSE); choose another port, or 0 for any that is free`,
    ],
    [
      ["tcp://203.0.113.1:7007"],
      "Cannot listen on tcp://203.0.113.1:7007: Cannot assign requested address (EADDRNOTAVAIL); choose an address of this machine, or :PORT for all",
    ],
    [
      [`unix:${file}`],
      `Cannot listen on unix:${file}: Address already in use (EADDRINUSE); somebody listens there, or the file is no socket`,
    ],
    [
      [`unix:${folder.path}/none/s`],
      `Cannot listen on unix:${folder.path}/none/s: No such file or directory (ENOENT); its folder must exist`,
    ],
    [
      [`unix:/${"a".repeat(200)}`],
      `Cannot parse endpoint "unix:/${
        "a".repeat(200)
      }": its path has 201 bytes, and a Unix socket takes 107 at most`,
    ],
    [
      ["tls://127.0.0.1:0"],
      "A tls:// endpoint needs --cert FILE and --key FILE, or --self-signed",
    ],
    [
      ["tls://127.0.0.1:0", "--cert", file, "--key", file],
      "Cannot use this certificate and its key: No certificates found in certificate data",
    ],
    [
      ["tls://127.0.0.1:0", "--cert", `${file}2`, "--key", file],
      `Cannot read the certificate from "${file}2": No such file or directory`,
    ],
    [
      ["--cert", file, TCP],
      'Options "--cert", "--key" and "--self-signed" go with a tls:// endpoint only',
    ],
    [
      ["--log", `${file}/x`, TCP],
      `Cannot write log "${file}/x": Not a directory`,
    ],
    [["-m", "greet"], '"--mode greet" needs "--message"'],
    [["--rate", "10%"], 'Option "--rate" goes with "--mode drop" only'],
    [
      ["--workers", "2", `unix:${file}`],
      'Option "--workers" needs a tcp:// or udp:// endpoint to share',
    ],
    [
      ["--workers", "2", "--engine", "deno"],
      'Options "--workers" and "--engine deno" exclude each other',
    ],
    [
      ["--workers", "3", `tcp://127.0.0.1:${port}`],
      `Cannot listen on tcp://127.0.0.1:${port}: Address already in use (EADDRINUSE); choose another port, or 0 for any that is free`,
    ],
    [
      ["--socket-mode", "600", TCP, "unix:@netdiag-mode"],
      'Option "--socket-mode" goes with a unix:/PATH or unixgram:/PATH endpoint only',
    ],
    [["-q", "-v"], 'Options "--quiet" and "--verbose" exclude each other'],
  ];
  for (const [args, message] of cases) {
    assertEquals(await run(["echo", ...args]), {
      code: 2,
      stdout: "",
      stderr: `netdiag echo serve: ${message}\n`,
    });
  }
});

Deno.test("netdiag echo ends with status 141 when its reader leaves", async () => {
  await using pipe = new LabProcess([
    ...["bash", "-c", '"$0" "$@" | head -n 2; echo "${PIPESTATUS[0]}"'],
    ...command(EVERYTHING, ["echo", TCP]),
  ]);
  const line = await pipe.line((line) => line.includes("listening"));
  const port = Number(/:(\d+) /.exec(line)![1]);
  // Each client gives the server something to write, until nobody reads it.
  while (await exchange({ port }, "x").then(() => true, () => false));
  assertMatch((await pipe.finish()).stdout, /\nTry it: .*\n141\n$/);
});

Deno.test("netdiag echo --self-signed prints the fingerprint of the certificate that clients see", async () => {
  await using server = await ServerProcess.start(
    ["--self-signed", "tls://127.0.0.1:0"],
  );
  const printed = await server.line((line) => line.includes("SHA-256"));
  const socket = connect({
    host: "127.0.0.1",
    port: server.port(),
    rejectUnauthorized: false,
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("secureConnect", () => resolve());
    socket.once("error", reject);
  });
  const { fingerprint256, subjectaltname } = socket.getPeerCertificate();
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.end();
  await closed;
  assertEquals(printed.split(" ").at(-1), fingerprint256);
  assertMatch(subjectaltname ?? "", /\bDNS:localhost\b/);
});

Deno.test("netdiag echo --save-cert keeps the certificate for clients, who are told what to do without it", async () => {
  await using folder = new Folder();
  const certificate = `${folder.path}/cert.pem`;
  await using server = await ServerProcess.start(
    ["--self-signed", "--save-cert", certificate, "tls://127.0.0.1:0"],
  );
  const send = (...options: string[]) =>
    run(["echo", "send", ...options, server.endpoints[0]!, "hello"]);
  const trusted = await send("--cacert", certificate);
  assertEquals([trusted.code, trusted.stderr], [0, ""]);
  const stranger = await send();
  assertEquals(stranger.code, 1);
  assertMatch(stranger.stderr, /UnknownIssuer; --cacert FILE trusts [^\n]+\n$/);
});

Deno.test(
  "netdiag echo answers datagrams with the flags that it asks for, and names those that it lacks",
  { ignore: LINUX.ignore || IS_BINARY },
  async () => {
    const UDP = "udp://127.0.0.1:0";
    const send = ["echo", "send", "-W", "200ms", "-c", "1"];
    const [net, ffi] = await flagsFor([UDP]);
    for (const [flags, status] of [[[net!, ffi!], 0], [[net!], 1]] as const) {
      await using server = await ServerProcess.start([UDP], flags);
      const { code } = await run([...send, server.endpoints[0]!, "hi"]);
      const { stdout } = await server.stop();
      assertEquals(code, status);
      assertEquals(
        /Requires net access to "127.0.0.1:\d+": run again with --allow-net$/m
          .test(stdout),
        status === 1,
      );
      const sent = status === 0 ? 2 : 0;
      assertMatch(stdout, new RegExp(`^2 bytes received, ${sent} sent`, "m"));
    }
  },
);

/** The flags that a command line is said to need. */
async function flagsFor(args: readonly string[]): Promise<string[]> {
  const { code, stdout } = await run(["permissions", "echo", ...args]);
  assertEquals(code, 0);
  return stdout.trimEnd().split(" ");
}

Deno.test(
  "the flags for an echo server suffice, and each is needed",
  { ignore: LINUX.ignore || IS_BINARY },
  async () => {
    await using folder = new Folder();
    const cases: [string[], string[]][] = [
      [[TCP], ["net"]],
      [["--mode", "discard", "udp://127.0.0.1:0"], ["net"]],
      [["tcp://:0"], ["net"]],
      [["--engine", "native", TCP], ["net", "ffi"]],
      [["--sndbuf", "64KiB", TCP], ["net", "ffi"]],
      [["--self-signed", "tls://127.0.0.1:0"], ["net"]],
      [[`unix:${folder.path}/s`], ["read", "write", "ffi"]],
      [[`unixgram:${folder.path}/g`], ["read", "write", "ffi"]],
      [
        ["--engine", "deno", `unix:${folder.path}/d`],
        ["read", "write", "net"],
      ],
      [["--workers", "2", TCP], ["net", "read", "ffi"]],
      [["--log", `${folder.path}/log`, TCP], ["net", "read", "write"]],
    ];
    for (const [args, names] of cases) {
      const flags = await flagsFor(args);
      assertEquals(
        flags.map((flag) => flag.replace(/--allow-(\w+).*/, "$1")),
        names,
        args.join(" "),
      );
      await using server = await ServerProcess.start(args, flags);
      const { code, stderr } = await server.stop();
      assertEquals([code, stderr], [0, ""], args.join(" "));
      for (const missing of flags) {
        const others = flags.filter((flag) => flag !== missing);
        const result = await run(["echo", ...args], others);
        assertEquals([result.code, result.stdout], [2, ""], missing);
        assertMatch(
          result.stderr,
          /^netdiag echo serve: Requires .* run again with .*\n$/,
        );
      }
    }
  },
);
