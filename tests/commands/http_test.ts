import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseCommandLine } from "../../commands/cli/parse.ts";
import { HexView, RawView } from "../../commands/http/bytes.ts";
import { phaseBar, phaseLine } from "../../commands/http/bar.ts";
import { parseWriteOut } from "../../commands/http/write_out.ts";
import { HTTP_OPTIONS } from "../../commands/http.ts";
import { UnknownNameError } from "../../commands/cli/errors.ts";
import { assertThrows } from "@std/assert";
import { serve, serveBytes } from "../http/_server.ts";
import { command, EVERYTHING, flagsTest, run, start } from "./_program.ts";
import { LabProcess } from "../netlab/process.ts";

const HELLO =
  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Odd: a\x1b[31mb\r\nContent-Length: 6\r\n\r\nhello\n";
const PLAIN = HELLO.replace("X-Odd: a\x1b[31mb\r\n", "");

function permissions(...args: string[]) {
  return run(["permissions", "http", ...args], []);
}

Deno.test("options that take a list take every value, names with a dot are names", () => {
  const { options } = parseCommandLine(HTTP_OPTIONS, [
    ...["-H", "A: b", "--header=C: d", "--http1.0", "x"],
  ]);
  assertEquals(options.header, ["A: b", "C: d"]);
  assertEquals(options.data, []);
  assertEquals(options["http1.0"], true);
});

Deno.test("netdiag http shows what went and came, without a control character", async () => {
  await using server = serveBytes(PLAIN);
  const { code, stdout } = await run(["http", "-H", "X-A: b", server.origin]);
  assertEquals(code, 0);
  assertMatch(
    stdout,
    /^\* Connected to 127\.0\.0\.1:\d+ from 127\.0\.0\.1:\d+\n> GET \/ HTTP\/1\.1\n> Host: 127\.0\.0\.1:\d+\n> User-Agent: netdiag\/[\d.]+\n> Accept: \*\/\*\n> X-A: b\n>\n< HTTP\/1\.1 200 OK\n< Content-Type: text\/plain\n< Content-Length: 6\n<\n\* Body: 6 bytes .*\n\nlookup [\d.]+ ms, connect [\d.]+ ms, request [\d.]+ ms, first byte [\d.]+ ms, transfer [\d.]+ ms, total [\d.]+ ms\n$/,
  );
  await using odd = serveBytes(HELLO);
  const lenient = await run(["http", "--lenient", odd.origin]);
  assert(!lenient.stdout.includes("\x1b"));
});

Deno.test("netdiag http shows fields as UTF-8 where they are, and else their octets", async () => {
  await using server = serveBytes(
    "HTTP/1.1 200 Sch\xc3\xb6n\r\nX-Arrow: \xe2\x86\x92\r\nX-Latin: caf\xe9\r\n" +
      "X-Hostile: \xc2\x9b31m\xe2\x80\xae\r\nContent-Length: 0\r\n\r\n",
  );
  const args = ["http", "-H", "X-Name: Käse →", server.origin];
  const { stdout } = await run(args);
  assertMatch(stdout, /^> X-Name: Käse →$/m);
  assertMatch(
    stdout,
    /^< HTTP\/1\.1 200 Schön\n< X-Arrow: →\n< X-Latin: café\n< X-Hostile: \\x9b31m\\u\{202e\}$/m,
  );
  const json = JSON.parse((await run([...args, "--json"])).stdout);
  assertEquals(json.response.reason, "Schön");
  assertEquals(json.response.headers[0], { name: "X-Arrow", value: "→" });
  assertMatch(json.request.head, /^X-Name: Käse →\r$/m);
  // What was sent is UTF-8: the server here reads Latin-1.
  assertMatch(server.requests[0]!, /^X-Name: K\xc3\xa4se /m);
});

Deno.test("netdiag http -o - has the body alone on standard output, -o FILE in the file", async () => {
  await using server = serveBytes(PLAIN);
  const piped = await run(["http", "-o", "-", server.origin]);
  assertEquals([piped.code, piped.stdout], [0, "hello\n"]);
  assertMatch(piped.stderr, /^< HTTP\/1\.1 200 OK$/m);
  const file = await Deno.makeTempFile();
  try {
    const kept = await run(["http", "-o", file, server.origin]);
    assertEquals(kept.code, 0);
    assertEquals(await Deno.readTextFile(file), "hello\n");
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("netdiag http --raw shows every byte, --hex in hexadecimal", async () => {
  await using server = serveBytes(PLAIN);
  const raw = await run(["http", "--raw", server.origin]);
  assertMatch(raw.stdout, /^> GET \/ HTTP\/1\.1\\r\\n$/m);
  assertMatch(raw.stdout, /^< Content-Length: 6\\r\\n\n< \\r\\n\n< hello\\n$/m);
  const hex = await run(["http", "--hex", server.origin]);
  assertMatch(
    hex.stdout,
    /^< 00000000 {2}48 54 54 50 2f 31 2e 31 {2}20 32 30 30 20 4f 4b 0d {2}\|HTTP\/1\.1 200 OK\.\|$/m,
  );
  assert(
    hex.stdout.split("\n").every((line) =>
      line.length <= 80 || !line.startsWith("<")
    ),
  );
});

Deno.test("RawView and HexView are the same for every cut of the bytes", () => {
  const bytes = new TextEncoder().encode("a\\b\tc\r\n\0ü\nrest of 20 bytes");
  for (const View of [RawView, HexView]) {
    const whole = new View();
    const expected = whole.render("received", bytes) + whole.end();
    const pieces = new View();
    let text = "";
    for (const byte of bytes) {
      text += pieces.render("received", Uint8Array.of(byte));
    }
    assertEquals(text + pieces.end(), expected);
  }
  assertEquals(
    new RawView().render("sent", bytes.subarray(0, 11)),
    "> a\\\\b\\tc\\r\\n\n> \\x00\\xc3\\xbc\\n\n",
  );
});

Deno.test("netdiag http -w prints only the user's line", async () => {
  await using server = serveBytes(PLAIN);
  const format = "%{http_code}\\t%{size_download} 100%% %{time_total}\\n";
  const { stdout } = await run(["http", "-w", format, server.origin]);
  assertMatch(stdout, /^200\t6 100% \d\.\d{6}\n$/);
  const url = `${server.origin}/a/../b#c`;
  const names = "%header{Content-TYPE}|%header{none}|%{url}|%{url_effective}";
  assertEquals(
    (await run(["http", "-w", names, url])).stdout.trimEnd(),
    `text/plain||${url}|${server.origin}/b#c`,
  );
  assertThrows(() => parseWriteOut("%{time_totl}"), UnknownNameError);
});

Deno.test("netdiag http --slo exits with 1 when missed, and only then", async () => {
  await using server = serve(async (peer) => {
    await peer.request();
    await new Promise((resolve) => setTimeout(resolve, 60));
    await peer.send(PLAIN);
    await peer.closed();
  });
  const missed = await run([
    "http",
    "--slo",
    "total=9000,ttfb=50",
    server.origin,
  ]);
  assertEquals(missed.code, 1);
  assertMatch(
    missed.stderr,
    /^netdiag http: SLO missed: ttfb took [\d.]+ ms, and may take 50 ms\n$/,
  );
  const met = await run(["http", "--slo", "total=9000,ttfb=5s", server.origin]);
  assertEquals([met.code, met.stderr], [0, ""]);
});

Deno.test("netdiag http tells what it knows, and leaves, on SIGINT", async () => {
  await using server = serve(async (peer) => {
    await peer.request();
    await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    await peer.closed();
  });
  await using child = start(["http", server.origin]);
  await child.line((line) => line === "<");
  child.kill("SIGINT");
  const { code, stdout, stderr } = await child.finish();
  assertEquals([code, stderr], [1, "netdiag http: Interrupted\n"]);
  assertMatch(stdout, /^\* Body: 3 bytes/m);
  assertMatch(stdout, /^lookup .*, transfer [\d.]+ ms \(failed\), total /m);
});

Deno.test("netdiag http --repeat sums up on SIGINT", async () => {
  await using server = serveBytes(PLAIN);
  await using child = start([
    "http",
    "--repeat",
    "1000",
    "-i",
    "10s",
    server.origin,
  ]);
  await child.line((line) => line.startsWith("lookup "));
  child.kill("SIGINT");
  const { code, stdout } = await child.finish();
  assertEquals(code, 0);
  assertMatch(stdout, /^1 requests, 1 answered$/m);
});

Deno.test("netdiag http ends with 141 when its reader leaves", async () => {
  await using server = serve(async (peer) => {
    await peer.request();
    await peer.send("HTTP/1.1 200 OK\r\n\r\n");
    for (;;) await peer.send("x".repeat(10_000) + "\n");
  });
  const line = `${
    command(EVERYTHING, ["http", "-o", "-", server.origin])
      .map((word) => `'${word}'`).join(" ")
  } 2>/dev/null | head -c 5; echo " \${PIPESTATUS[0]}"`;
  const { stdout } = await new LabProcess(["bash", "-c", line]).finish();
  assertEquals(stdout, "xxxxx 141\n");
});

flagsTest(
  "the flags that netdiag permissions http prints suffice",
  async () => {
    await using server = serveBytes(PLAIN);
    const folder = await Deno.makeTempDir();
    try {
      const args = [
        "-d",
        `@${folder}/in`,
        "-o",
        `${folder}/out`,
        server.origin,
      ];
      await Deno.writeTextFile(`${folder}/in`, "a=b");
      const { stdout } = await permissions(...args);
      assertEquals(
        stdout,
        `--allow-net=127.0.0.1:${server.port} --allow-read=${folder}/in --allow-write=${folder}/out\n`,
      );
      const { code, stderr } = await run(
        ["http", ...args],
        stdout.trim().split(" "),
      );
      assertEquals([code, stderr], [0, ""]);
      assertEquals(await Deno.readTextFile(`${folder}/out`), "hello\n");

      const refused = await run(["http", ...args], []);
      assertEquals(refused.code, 2);
      assertMatch(
        refused.stderr,
        /^netdiag http: Requires .*: run again with --allow-net=.*\n$/,
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

Deno.test("netdiag http --unix connects to a path, with the flags that it asks for", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/web.sock`;
  const server = Deno.serve(
    { path, onListen: () => {} },
    () => new Response("hi"),
  );
  try {
    const { stdout } = await permissions("--unix", path, "localhost");
    const { code, stderr, stdout: text } = await run(
      ["http", "--unix", path, "localhost/x"],
      stdout.trim().split(" "),
    );
    assertEquals([code, stderr], [0, ""]);
    assertMatch(text, /^\* Connected to .*web\.sock$/m);

    const relative = path.replace(/^\//, "../".repeat(20));
    const flags = (await permissions("--unix", relative, "localhost")).stdout;
    const again = await run(
      ["http", "--unix", relative, "localhost/x"],
      flags.trim().split(" "),
    );
    assertEquals([again.code, again.stderr], [0, ""]);
  } finally {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
});

flagsTest(
  "a redirect to where the permissions do not reach is refused, with the flag",
  async () => {
    await using server = serveBytes(
      "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:1/\r\nContent-Length: 0\r\n\r\n",
    );
    const { code, stderr } = await run(
      ["http", "-L", server.origin],
      [`--allow-net=127.0.0.1:${server.port}`],
    );
    assertEquals(code, 2);
    assertEquals(
      stderr,
      'netdiag http: Requires net access to "127.0.0.2:1": run again with --allow-net=127.0.0.2:1\n',
    );
  },
);

Deno.test("--resolve and --connect-to need the permission for where they lead", async () => {
  await using server = serveBytes(PLAIN);
  const { port } = server;
  for (
    const options of [
      ["--resolve", `example.com:${port}:127.0.0.1`],
      ["--connect-to", `example.com:${port}:127.0.0.1:`],
    ]
  ) {
    const args = [...options, `example.com:${port}`];
    const { stdout } = await permissions(...args);
    assertEquals(stdout, `--allow-net=127.0.0.1:${port}\n`);
    const { code, stdout: text } = await run(["http", ...args], [
      stdout.trim(),
    ]);
    assertEquals(code, 0);
    assertMatch(text, new RegExp(`^> Host: example\\.com:${port}$`, "m"));
  }
});

Deno.test("a command line of http that makes no sense is refused in one line", async () => {
  const lines: readonly (readonly [string[], RegExp])[] = [
    [[], /^URL required/],
    [["a", "b"], /^One URL at a time/],
    [["-4", "-6", "a"], /"--ipv4" and "--ipv6" exclude each other/],
    [["--fresh", "a"], /"--fresh" goes with "--repeat"/],
    [["-o", "-", "--json", "a"], /both write to standard output/],
    [["--slo", "speed=1", "a"], /"speed=1" for "--slo"/],
    [["--timeout", "speed=1s", "a"], /no phase is called that/],
    [["-H", "bad", "a"], /not a field/],
    [["-u", "me", "a"], /not NAME:PASSWORD/],
    [["--resolve", "a:b:c", "a"], /not HOST:PORT:ADDRESS/],
    [["--unix", "@", "a"], /neither a path nor @NAME/],
    [
      ["--timeout", "tls=999999999999", "a"],
      /^Invalid value "tls=999999999999" for "--timeout": must be 86400000ms at most/,
    ],
    [["-H", "A: b\nC: d", "127.0.0.1:1"], /contains LF/],
    [["ftp://a"], /neither http:\/\/ nor https:\/\//],
    [["-w", "%{time_totl}", "a"], /did you mean "time_total"/],
    [
      ["-d", "@/nowhere", "127.0.0.1:1"],
      /Cannot read "\/nowhere" for "--data"/,
    ],
  ];
  await Promise.all(lines.map(async ([args, says]) => {
    const { code, stdout, stderr } = await run(["http", ...args]);
    assertEquals([code, stdout], [2, ""], args.join(" "));
    assertMatch(stderr.replace(/^netdiag http: /, ""), says);
    assertEquals(stderr.split("\n").length, 2);
  }));
});

const PHASES = {
  lookupMs: 1,
  connectMs: 2,
  tlsMs: 30,
  requestMs: 0.5,
  firstByteMs: 100,
  transferMs: 6.5,
  totalMs: 140,
};

Deno.test("phaseBar() fits into 80 columns, and adds up", () => {
  const url = "https://localhost/";
  const bar = phaseBar({ url, phases: PHASES, error: undefined });
  assertEquals(
    bar,
    `    Lookup      Connect        TLS        Request     First byte    Transfer
[  1.00 ms   |  2.00 ms   |  30.0 ms   |  0.50 ms   |   100 ms   |  6.50 ms   ]
         1.00 connect 3.00     tls 33.0 request 33.5     ttfb 134    total 140
`,
  );
  assert(bar.split("\n").every((line) => line.length <= 80));
});

Deno.test("phaseBar() and phaseLine() tell which phase failed, and the total", () => {
  const exchange = {
    url: "http://localhost/",
    phases: {
      ...PHASES,
      tlsMs: 0,
      firstByteMs: 200,
      transferMs: undefined,
      totalMs: 203.5,
    },
    error: { code: "timeout", phase: "first-byte", message: "Too late" },
  } as const;
  assertEquals(
    phaseBar(exchange),
    `    Lookup      Connect      Request     First byte    Transfer
[  1.00 ms   |  2.00 ms   |  0.50 ms   |   200 ms   |     -      ]
         1.00 connect 3.00 request 3.50   failed 204
`,
  );
  assertEquals(
    phaseLine(exchange),
    "lookup 1.00 ms, connect 2.00 ms, request 0.50 ms, first byte 200 ms (failed), total 204 ms\n",
  );
});
