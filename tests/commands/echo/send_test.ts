import { assert, assertEquals, assertMatch } from "@std/assert";
import type { RunOptions } from "../../netlab/process.ts";
import { EVERYTHING, run, start } from "../_program.ts";
import { ServerProcess } from "./_server.ts";

const TCP = "tcp://127.0.0.1:0";
const UDP = "udp://127.0.0.1:0";

async function send(args: readonly string[], options?: RunOptions) {
  return await run(["echo", "send", ...args], EVERYTHING, options);
}

Deno.test("netdiag echo send sends a message, and shows its answer and its time", async () => {
  await using server = await ServerProcess.start([TCP, UDP]);
  for (const endpoint of server.endpoints) {
    for (const engine of ["native", "deno"]) {
      const { code, stdout, stderr } = await send([
        ...["--engine", engine, endpoint, "hello"],
      ]);
      assertEquals([code, stderr], [0, ""]);
      const address = endpoint.replace(/^.*\//, "").replaceAll(".", "\\.");
      assertMatch(
        stdout,
        new RegExp(
          `^ECHO ${endpoint}: 5 bytes(, connected in [\\d.]+ ms)?
5 bytes from ${address}: seq=1 time=[\\d.]+ ms "hello"

--- ${endpoint} echo statistics ---
1 messages transmitted, 1 received, 0% loss, time 0ms
rtt min/avg/max/mdev = .* ms
rtt p50/p90/p99/jitter = .* ms
$`,
        ),
      );
    }
  }
});

Deno.test("netdiag echo send says where an answer differs, and exits with 1", async () => {
  await using server = await ServerProcess.start([TCP, "--mode", "upper"]);
  const { code, stdout, stderr } = await send([
    server.endpoints[0]!,
    "4 U, me",
  ]);
  assertEquals([code, stderr], [1, ""]);
  const lines = stdout.split("\n");
  assertMatch(lines[1]!, / seq=1 time=.* ms "4 U, ME"$/);
  assertEquals(
    lines[2],
    "wrong data byte #5 should be 0x6d (m) but was 0x4d (M), 2 bytes differ",
  );
  assertMatch(stdout, /1 received, \+1 different, 0% loss/);
});

Deno.test("netdiag echo send exits with 1 when nothing, or something else, comes back", async () => {
  await using server = await ServerProcess.start([
    ...[TCP, UDP, "--mode", "discard"],
  ]);
  for (const endpoint of server.endpoints) {
    const { code, stdout, stderr } = await send(["-W", "0.1", endpoint, "hi"]);
    assertEquals([code, stderr], [1, ""]);
    assertMatch(stdout, /^no answer to seq=1$/m);
    assertMatch(stdout, /, 0 received, 100% loss,/);
  }
  // No byte of it could be one of the probe, which is random ASCII.
  await using greeter = await ServerProcess.start([
    ...[TCP, "--mode", "greet", "--message", "你"],
  ]);
  const { code, stderr } = await send([greeter.endpoints[0]!]);
  assertEquals(code, 1);
  assertMatch(
    stderr,
    /^netdiag echo send: 127\.0\.0\.1:\d+ closed the connection: 4 of 56 bytes of the answer to seq=1 had come, wrong data byte #0 should be .*\n$/,
  );
});

Deno.test("netdiag echo send says in one line that nobody is there, and exits with 1", async () => {
  let endpoint: string;
  {
    await using server = await ServerProcess.start([TCP]);
    endpoint = server.endpoints[0]!;
    await server.stop();
  }
  for (const engine of ["native", "deno"]) {
    assertEquals(await send(["--engine", engine, endpoint, "hi"]), {
      code: 1,
      stdout: "",
      stderr: `netdiag echo send: Cannot connect to ${endpoint}: ` +
        "Connection refused (ECONNREFUSED)\n",
    });
  }
});

Deno.test("netdiag echo send prints events as JSON, the summary last", async () => {
  await using server = await ServerProcess.start([UDP]);
  const [endpoint] = server.endpoints;
  const { code, stdout } = await send([
    ...["--json", "-c", "2", "-i", "0.01", "-e", "gbk", endpoint!, "你好"],
  ]);
  assertEquals(code, 0);
  const events = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(
    events.map(({ type }) => type),
    ["start", "reply", "reply", "summary"],
  );
  const { rttMs, time, ...reply } = events[1];
  assertEquals(typeof rttMs + typeof time, "numbernumber");
  assertEquals(reply, {
    type: "reply",
    sequence: 1,
    from: endpoint!.slice("udp://".length),
    bytes: 4,
    text: "你好",
    hex: "c4e3bac3",
  });
});

Deno.test("netdiag echo send sends standard input, as one message or as it comes", async () => {
  await using server = await ServerProcess.start([TCP]);
  const [endpoint] = server.endpoints;
  const short = await send([endpoint!, "-"], { stdin: "a line\n" });
  assertEquals(short.code, 0);
  assertMatch(
    short.stdout,
    /^7 bytes from \S+: seq=1 time=.* ms "a line\\n"$/m,
  );
  const text = "0123456789abcdef".repeat(100_000);
  const long = await send([endpoint!, "-"], { stdin: text });
  assertEquals(long.code, 0);
  assertMatch(
    long.stdout,
    /^1600000 bytes from \S+: time=.* MB\/s, every byte as it was sent$/m,
  );
  assertMatch(long.stdout, /^1600000 bytes transmitted, 1600000 received,/m);
  assertEquals(
    await send(["-c", "2", endpoint!, "-"], {
      stdin: text.slice(0, 70_000),
    }),
    {
      code: 2,
      stdout: "",
      stderr: 'netdiag echo send: Option "--count" is for messages, and ' +
        "standard input of more than 65536 bytes is sent as a stream\n",
    },
  );
});

Deno.test("netdiag echo send writes in pieces, and several messages at once, as the server sees", async () => {
  await using server = await ServerProcess.start([TCP, "--frame", "line"]);
  const [endpoint] = server.endpoints;
  const frame = ["--frame", "line"];
  await send([...frame, "--split", "2", endpoint!, "hello, ".repeat(5)]);
  const pieces = await server.line((line) => line.includes("#1 closed"));
  // A server that has no time between two of the 18 pieces reads them at once.
  const [, reads] = / 1 line in (\d+) reads/.exec(pieces) ?? [];
  assert(Number(reads) > 3 && Number(reads) <= 18, pieces);
  await send([
    ...[...frame, "--coalesce", "3", "-c", "3", endpoint!, "hello"],
  ]);
  const together = await server.line((line) => line.includes("#2 closed"));
  assertMatch(together, / 3 lines in 1 read/);
});

Deno.test("netdiag echo send prints its summary on Ctrl-C", async () => {
  await using server = await ServerProcess.start([UDP]);
  await using sending = start([
    ...["echo", "send", "-i", "0.05", server.endpoints[0]!],
  ]);
  await sending.line((line) => line.includes("seq=3 "));
  sending.kill("SIGINT");
  const { code, stdout, stderr } = await sending.finish();
  assertEquals([code, stderr], [0, ""]);
  assertMatch(
    stdout,
    /\n\n--- udp\S+ echo statistics ---\n\d+ messages transmitted, \d+ received, 0% loss/,
  );
});

Deno.test("netdiag echo send runs with the permissions that it asks for, and no more", async () => {
  const name = "@netdiag-send-test";
  const server = await ServerProcess.start([TCP, UDP, `unix:${name}`]);
  await using _ = server;
  const [endpoint, datagrams] = server.endpoints as [string, string];
  for (
    const args of [
      [endpoint, "-e", "gbk", "你好"],
      ["--engine", "native", endpoint, "hi"],
      ["-4", endpoint.replace("127.0.0.1", "localhost"), "hi"],
      [datagrams, "hi"],
      ["--engine", "deno", datagrams, "hi"],
      ["--engine", "deno", datagrams.replace("127.0.0.1", "localhost"), "hi"],
      [`unix:${name}`, "hi"],
    ]
  ) {
    const line = ["echo", "send", ...args];
    const { stdout: flags } = await run(["permissions", ...line]);
    const { code, stderr } = await run(line, flags.trim().split(" "));
    assertEquals([code, stderr], [0, ""], flags);
  }
});

Deno.test("netdiag echo send says what cannot be done, and exits with 2", async () => {
  for (
    const [args, reason] of [
      [[], 'Endpoint required, as in "netdiag echo send tcp://127.0.0.1:7007"'],
      [
        ["tcp://a:1", "two", "words"],
        'Unexpected argument "words": a MESSAGE of several words stands in quotes',
      ],
      [
        ["--frame", "line", "udp://a:1"],
        'Option "--frame" is for streams, and udp has datagrams',
      ],
      [["-46", "a:1"], 'Options "--ipv4" and "--ipv6" exclude each other'],
      [
        ["-s", "9", "a:1", "hi"],
        'Option "--size" is for messages that are made up, not for a given one',
      ],
      [["-e", "hex", "a:1"], 'Option "--encoding" needs a MESSAGE'],
      [
        ["--cacert", "x", "a:1"],
        'Option "--cacert" goes with a tls:// endpoint only',
      ],
      [
        ["-s", "0", "127.0.0.1:1"],
        "Cannot send a message of 0 bytes over a stream without framing",
      ],
      [["-e", "base64", "127.0.0.1:1", "?"], 'Cannot read "?" as base64'],
    ] as [string[], string][]
  ) {
    assertEquals(await send(args), {
      code: 2,
      stdout: "",
      stderr: `netdiag echo send: ${reason}\n`,
    });
  }
});
