import { assert, assertEquals, assertMatch } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import {
  command,
  EVERYTHING,
  IS_BINARY,
  openPorts,
  run,
  start,
} from "./_program.ts";

/** For its empty label, no server is asked for it. */
const NO_NAME = "nonexist..invalid";
const HOST = "127.0.0.1";

Deno.test("netdiag without a command explains itself on standard error", async () => {
  const { code, stdout, stderr } = await run([], []);
  assertEquals([code, stdout], [2, ""]);
  assertMatch(stderr, /^Usage: netdiag COMMAND/);
});

Deno.test("netdiag --help, help and help COMMAND need no permission", async () => {
  for (
    const [args, first] of [
      [["--help"], "Usage: netdiag COMMAND"],
      [["-h"], "Usage: netdiag COMMAND"],
      [["help"], "Usage: netdiag COMMAND"],
      [["help", "ping"], "Usage: netdiag ping"],
      [["ping", "--help"], "Usage: netdiag ping"],
      [["ping", "-h", "host"], "Usage: netdiag ping"],
      [["permissions", "--help"], "Usage: netdiag permissions"],
      [["help", "echo"], "Usage: netdiag echo [serve]"],
      [["help", "echo", "serve"], "Usage: netdiag echo [serve]"],
      [["echo", "--help"], "Usage: netdiag echo [serve]"],
      [["echo", "serve", "-h"], "Usage: netdiag echo [serve]"],
    ] as const
  ) {
    const { code, stdout, stderr } = await run(args, []);
    assertEquals([code, stderr], [0, ""], args.join(" "));
    assert(stdout.startsWith(first), stdout);
  }
});

Deno.test("netdiag --version says the version, and what it was made of", async () => {
  for (const option of ["--version", "-V"]) {
    const { code, stdout } = await run([option], []);
    assertEquals(code, 0);
    const [, version, origin] =
      /^netdiag (\S+) \((.*), deno \d+\.\d+\.\d+, [\w-]+\)\n$/.exec(stdout) ??
        [];
    assertEquals(version, config.version, stdout);
    assertMatch(
      origin ?? "",
      IS_BINARY
        ? /^[0-9a-f]{12}(-changed)?, \d{4}-\d{2}-\d{2}$/
        : /^from source$/,
    );
  }
});

Deno.test("netdiag says in one line what is wrong, and exits with 2", async () => {
  const cases: [string[], string][] = [
    [["pign"], 'netdiag: Unknown command "pign": did you mean "ping"?'],
    [
      ["zzz"],
      'netdiag: Unknown command "zzz": run "netdiag help" for the list',
    ],
    [
      ["help", "pin"],
      'netdiag help: Unknown command "pin": did you mean "ping"?',
    ],
    [
      ["echo", "serv"],
      'netdiag: Unknown command "echo serv": did you mean "echo serve"?',
    ],
    [
      ["help", "ping", "host"],
      'netdiag help: Unexpected argument "host"',
    ],
    [
      ["echo", "localhost"],
      'netdiag echo serve: Cannot parse endpoint "localhost": the port is missing, as in localhost:7007',
    ],
    [
      ["ping", "--cuont", "3"],
      'netdiag ping: Unknown option "--cuont": did you mean "--count"?',
    ],
    [
      ["ping", "-c", "0", HOST],
      'netdiag ping: Invalid value "0" for "--count": must be 1 to 9007199254740991',
    ],
    [
      ["ping", "-s", "65508", HOST],
      'netdiag ping: Invalid value "65508" for "--size": must be 0 to 65507',
    ],
    [
      ["ping", "-p", "zz", HOST],
      'netdiag ping: Invalid value "zz" for "--pattern": not hexadecimal digits',
    ],
    [
      ["ping", "-4", "-6", HOST],
      'netdiag ping: Options "--ipv4" and "--ipv6" exclude each other',
    ],
    [
      ["ping", "--tcp", "1", "--udp", "1", HOST],
      'netdiag ping: Options "--tcp" and "--udp" exclude each other',
    ],
    [
      ["ping", "--tcp", "1", "-s", "0", HOST],
      'netdiag ping: Options "--tcp" and "--size" exclude each other',
    ],
    [
      ["ping", "--udp", "9", "-M", "do", HOST],
      'netdiag ping: Options "--udp" and "--path-mtu" exclude each other',
    ],
    [
      ["ping", "-c", "1", NO_NAME],
      `netdiag ping: Cannot resolve "${NO_NAME}": Name or service not known`,
    ],
    [
      ["ping", "--file", "/nonexistent"],
      'netdiag ping: Cannot read targets from "/nonexistent": No such file or directory',
    ],
    [
      ["permissions"],
      'netdiag permissions: Command required, as in "netdiag permissions ping example.com"',
    ],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await run(args);
    assertEquals([code, stdout, stderr], [2, "", `${message}\n`]);
  }
});

Deno.test("netdiag ping exits with 0 when the target answered, refused or not", async () => {
  await using ports = await openPorts();
  for (const port of [ports.open, "1"]) {
    const { code, stdout, stderr } = await run(
      ["ping", "-c", "1", "--tcp", port, HOST],
    );
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /\n1 packets transmitted, 1 received, 0% packet loss/);
  }
});

Deno.test("netdiag ping exits with 1 when the target did not answer", async () => {
  await using ports = await openPorts();
  const { code, stdout } = await run(
    ["ping", "-c", "1", "-W", "50ms", "--udp", ports.silent, HOST],
  );
  assertEquals(code, 1);
  assertMatch(stdout, /\n1 packets transmitted, 0 received, 100% packet loss/);
});

Deno.test("netdiag ping exits with 1 when one of many targets did not answer, with 2 when a name did not resolve", async () => {
  await using ports = await openPorts();
  const udp = ["ping", "--retries", "0", "-W", "50ms", "--udp"];
  const silent = await run([...udp, ports.silent, HOST, "127.0.0.2"]);
  assertEquals(silent.code, 1);
  assertEquals(silent.stdout.split("\n").sort(), [
    "",
    "127.0.0.1 is unreachable",
    "127.0.0.2 is alive",
  ]);
  const unresolved = await run([...udp, "1", "127.0.0.2", NO_NAME]);
  assertEquals(unresolved, {
    code: 2,
    stdout: "127.0.0.2 is alive\n",
    stderr:
      `netdiag ping: Cannot resolve "${NO_NAME}": Name or service not known\n`,
  });
});

Deno.test("netdiag ping reads targets from standard input", async () => {
  for (const option of ["-f", "--file"]) {
    const { code, stdout } = await run(
      ["ping", "--udp", "1", "--alive", option, "-"],
      EVERYTHING,
      { stdin: "# all of them\n127.0.0.2 two\n127.0.0.3\n" },
    );
    assertEquals(code, 0);
    assertEquals(stdout.split("\n").sort(), ["", "127.0.0.2", "127.0.0.3"]);
  }
});

Deno.test("netdiag ping says in a short line that an overlong line of a file is no target", async () => {
  await using ports = await openPorts();
  const { code, stdout, stderr } = await run(
    ["ping", "--udp", ports.silent, "-c", "1", "--file", "-"],
    EVERYTHING,
    { stdin: `127.0.0.2\n${"\0".repeat(100_000)}\n` },
  );
  assertEquals(code, 2);
  assertMatch(stdout, /^127\.0\.0\.2 {1,250}: xmt.*\n$/);
  assertMatch(
    stderr,
    /^netdiag ping: Cannot resolve "(\\u0000){100}"\.\.\.: not a host name\n$/,
  );
});

Deno.test("netdiag ping -w ends the wait for targets, too", async () => {
  await using process = start(
    ["ping", "-w", "50ms", "--file", "-"],
    { holdStdin: true, timeoutMs: 20_000 },
  );
  const result = await process.finish();
  await process.closeStdin();
  assertEquals(result, {
    code: 1,
    stdout: "",
    stderr:
      "netdiag ping: Cannot read the targets to their end before the deadline: allow more time with -w\n",
  });
});

Deno.test("netdiag ping --json prints an object a line, its type first, the summary last", async () => {
  const { code, stdout } = await run(
    ["ping", "-c", "2", "-i", "0.01", "--tcp", "1", "--json", HOST],
  );
  assertEquals(code, 0);
  const lines = stdout.trimEnd().split("\n");
  assertEquals(
    lines.map((line) => /^\{"type":"(\w+)",/.exec(line)?.[1]),
    ["start", "reply", "reply", "summary"],
    stdout,
  );
  const [, reply, , summary] = lines.map((line) => JSON.parse(line));
  assertEquals([reply.sequence, reply.refused], [1, true]);
  assertEquals([typeof reply.rttMs, typeof reply.time], ["number", "number"]);
  assertEquals([summary.transmitted, summary.answered], [2, 2]);
});

Deno.test("netdiag ping --json --quiet prints the start and the summary", async () => {
  const { stdout } = await run(
    ["ping", "-c", "1", "--tcp", "1", "--json", "-q", HOST],
  );
  assertEquals(
    stdout.trimEnd().split("\n").map((line) => JSON.parse(line).type),
    ["start", "summary"],
  );
});

Deno.test("netdiag ping colours its output only when it is asked to, or on a terminal", async () => {
  const args = ["ping", "--udp", "1", "--rate", "0", "127.0.0.2"];
  const stdout = async (color: string[], noColor: string) =>
    (await run([...args, ...color], EVERYTHING, {
      env: { NO_COLOR: noColor },
    })).stdout;
  const always = ["--color", "always"];
  assertEquals(await stdout([], ""), "127.0.0.2 is alive\n");
  assertEquals(
    await stdout(always, ""),
    "127.0.0.2 is \x1b[32malive\x1b[39m\n",
  );
  assertEquals(await stdout(always, "1"), "127.0.0.2 is alive\n");
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`netdiag ping prints its summary and leaves on ${signal}`, async () => {
    await using process = start(["ping", "-i", "10", "--tcp", "1", HOST]);
    await process.line((line) => line.includes("tcp_seq=1"));
    process.kill(signal);
    const { code, stdout, stderr } = await process.finish();
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /\n1 packets transmitted, 1 received, 0% packet loss/);
  });
}

Deno.test("netdiag ping to many targets prints its summary on SIGINT", async () => {
  await using ports = await openPorts();
  await using process = start(
    ["ping", "--udp", ports.silent, "-W", "20", HOST, "127.0.0.2"],
  );
  await process.line((line) => line === "127.0.0.2 is alive");
  process.kill("SIGINT");
  const { code, stdout } = await process.finish();
  assertEquals(code, 1);
  assertMatch(
    stdout,
    /\n2 targets, 1 alive, 0 unreachable, 1 unfinished, time \d+ms/,
  );
  assertMatch(stdout, /\n1 still in flight\n$/);
});

Deno.test("netdiag ping prints an interim line on SIGQUIT and goes on", async () => {
  await using process = start(
    ["ping", "-c", "2", "-i", "0.3", "--tcp", "1", HOST],
  );
  await process.line((line) => line.includes("tcp_seq=1"));
  process.kill("SIGQUIT");
  const { code, stdout, stderr } = await process.finish();
  assertEquals(code, 0);
  assertMatch(
    stderr,
    /^\r1\/1 packets, 0% loss, min\/avg\/ewma\/max = [\d.]+\/[\d.]+\/[\d.]+\/[\d.]+ ms\n$/,
  );
  assertMatch(stdout, /tcp_seq=2 /);
});

Deno.test("netdiag ends with status 141 and not a word when its reader leaves", async () => {
  const netdiag = command(EVERYTHING, [
    ...["ping", "-i", "0.01", "--tcp", "1", HOST],
  ]);
  const { success, stdout, stderr } = await new Deno.Command("bash", {
    args: [
      ...["-c", '"$0" "$@" | head -n 2; echo "${PIPESTATUS[0]}"'],
      ...netdiag,
    ],
  }).output();
  assert(success);
  assertEquals(new TextDecoder().decode(stderr), "");
  assertMatch(new TextDecoder().decode(stdout), /^PING .*\n.*\n141\n$/);
});

/** The exit status of netdiag under a redirection of bash, and what it left on the other streams. */
async function redirected(
  redirection: string,
  ...args: string[]
): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command("timeout", {
    args: [
      ...["20", "bash", "-c", `"$0" "$@" ${redirection}`],
      ...command(EVERYTHING, args),
    ],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

Deno.test({
  name: "netdiag says in one line that its output cannot be written",
  ignore: Deno.build.os !== "linux",
  async fn() {
    for (const args of [["help"], ["ping", "-c", "1", "--tcp", "1", HOST]]) {
      const { code, text } = await redirected(">/dev/full", ...args);
      assertEquals(code, 2);
      assertMatch(
        text,
        /^netdiag \w+: Cannot write the results: No space left on device\n$/,
      );
    }
  },
});

Deno.test({
  name: "netdiag ends as ever when its errors cannot be written",
  ignore: Deno.build.os !== "linux",
  async fn() {
    for (const redirection of ["2>/dev/full", "2>&-"]) {
      const result = await redirected(redirection, "ping", "--cuont");
      assertEquals(result, { code: 2, text: "" });
    }
  },
});

/** Starts a program with a full pipe for its output, which nobody reads; prints its number, and at its end its status. */
const STALLED = `
  pipe=$(mktemp -u) && mkfifo "$pipe" && exec 3<>"$pipe" && rm "$pipe" || exit
  head -c 65536 /dev/zero >&3
  "$0" "$@" >&3 &
  echo $! && wait $! ; echo $?`;

Deno.test({
  name: "netdiag ends at a signal, though its reader takes nothing",
  ignore: Deno.build.os !== "linux",
  async fn() {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = free.addr;
    free.close();
    const runs: [args: string[], isRunning: () => Promise<Deno.Conn>][] = [
      [
        ["ping", "-i", "10", "--tcp", `${listener.addr.port}`, HOST],
        () => listener.accept(),
      ],
      [
        ["echo", `tcp://127.0.0.1:${port}`],
        () => connected({ hostname: "127.0.0.1", port }),
      ],
    ];
    for (const [args, isRunning] of runs) {
      const bash = new Deno.Command("timeout", {
        args: [
          ...["20", "bash", "-c", STALLED],
          ...command(EVERYTHING, args),
        ],
        stdout: "piped",
      }).spawn();
      const reader = bash.stdout.pipeThrough(new TextDecoderStream())
        .getReader();
      const pid = Number((await reader.read()).value);
      (await isRunning()).close();
      Deno.kill(pid, "SIGTERM");
      assertEquals((await reader.read()).value, "143\n");
      await reader.cancel();
      await bash.status;
    }
  },
});

/** Connects, as soon as somebody listens. */
async function connected(options: Deno.ConnectOptions): Promise<Deno.Conn> {
  for (;;) {
    try {
      return await Deno.connect(options);
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
