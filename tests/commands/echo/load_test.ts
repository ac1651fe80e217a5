import { assert, assertEquals, assertMatch } from "@std/assert";
import { load } from "../../../commands/echo/load.ts";
import { LOAD_OPTIONS } from "../../../commands/echo/load_options.ts";
import { parseCommandLine } from "../../../commands/cli/parse.ts";
import type { EchoLoadSummary } from "../../../lib/echo/load_types.ts";
import { forEachEngine } from "../../engines.ts";
import { run, start } from "../_program.ts";
import { ServerProcess } from "./_server.ts";

const TCP = "tcp://127.0.0.1:0";
const UDP = "udp://127.0.0.1:0";
const BRIEF = "echo load -d 300ms --warmup 100ms --conns 4".split(" ");

function summaryOf(json: string): EchoLoadSummary {
  const summary = JSON.parse(json.trimEnd().split("\n").at(-1)!);
  assertEquals(summary.type, "summary");
  return summary;
}

forEachEngine(
  "netdiag echo load has every message answered, in either loop",
  async (engine) => {
    const path = Deno.makeTempDirSync();
    try {
      // Deno has no Unix sockets for datagrams that could be answered.
      const native = engine === "native" ? [`unixgram:${path}/datagrams`] : [];
      await using server = await ServerProcess.start(
        [TCP, UDP, `unix:${path}/stream`, ...native],
      );
      for (const endpoint of server.endpoints) {
        for (const options of [[], ["--rate", "1000"], ["--size", "20000"]]) {
          const common = [...BRIEF, "--json", "--engine", engine];
          const { code, stdout, stderr } = await run(
            [...common, ...options, endpoint],
          );
          const title = `${endpoint} ${options}`;
          const { sent, answered, latency, ended } = summaryOf(stdout);
          assertEquals([code, stderr, ended], [0, "", "duration"], title);
          assert(sent > 0 && answered === sent, title);
          if (options[0] === "--rate") assertEquals(sent, 300, title);
          const { minMs, p50Ms, p99Ms, maxMs } = latency!;
          assert(minMs <= p50Ms && p50Ms <= p99Ms && p99Ms <= maxMs, title);
        }
      }
    } finally {
      await Deno.remove(path, { recursive: true });
    }
  },
);

forEachEngine(
  "netdiag echo load connects anew for each message with --reconnect",
  async (engine) => {
    await using server = await ServerProcess.start([TCP]);
    const options = ["--reconnect", "--json", "--engine", engine];
    const { code, stdout } = await run(
      [...BRIEF, ...options, server.endpoints[0]!],
    );
    const { answered } = summaryOf(stdout);
    assertEquals(code, 0);
    const { stdout: log } = await server.stop();
    // Those of the warm-up come on top.
    const accepted = Number(/^(\d+) connections?,/m.exec(log)![1]);
    assert(answered > 0 && accepted >= answered, `${accepted} ${answered}`);
  },
);

Deno.test("netdiag echo load says that the server died, exits with 1, and sums up until then", async () => {
  for (
    const [endpoint, options, line] of [
      [TCP, [], "Every connection to"],
      [TCP, ["--rate", "1000"], "Every connection to"],
      [TCP, ["--reconnect"], "No connection to"],
      [UDP, ["-W", "200ms"], "Every socket to"],
    ] as const
  ) {
    await using server = await ServerProcess.start([endpoint]);
    const args = ["echo", "load", "--json", "--warmup", "0", "-d", "1m"];
    await using loading = start(
      [...args, "--conns", "4", ...options, server.endpoints[0]!],
    );
    await loading.line((line) => line.includes('"progress"'));
    server.kill("SIGKILL");
    const { code, stdout, stderr } = await loading.finish();
    assertEquals(code, 1);
    assertMatch(
      stderr,
      new RegExp(
        `^netdiag echo load: ${line} ${server.endpoints[0]} \\w+.* after ` +
          "\\d+\\.\\d s: the summary is of the time until then\n$",
      ),
    );
    const summary = summaryOf(stdout);
    assertEquals(summary.ended, "no-connections");
    assert(summary.answered > 0 && summary.perSecond > 0);
    assert(summary.durationMs < 50_000);
  }
});

Deno.test("netdiag echo load prints what was measured on Ctrl-C", async () => {
  await using server = await ServerProcess.start([TCP]);
  const args = ["echo", "load", "-d", "1m", "--warmup", "0", "--json"];
  await using loading = start([...args, server.endpoints[0]!]);
  await loading.line((line) => line.includes('"progress"'));
  loading.kill("SIGINT");
  const { code, stdout, stderr } = await loading.finish();
  assertEquals([code, stderr], [0, ""]);
  const { ended, sent, answered } = summaryOf(stdout);
  assertEquals(ended, "aborted");
  assert(sent > 0 && answered === sent);
});

Deno.test("netdiag echo load prints percentiles with units, throughput and a histogram", async () => {
  await using server = await ServerProcess.start([TCP]);
  const [endpoint] = server.endpoints;
  const { code, stdout, stderr } = await run(
    [...BRIEF, "--rate", "500", endpoint!],
  );
  assertEquals([code, stderr], [0, ""]);
  const lines = stdout.split("\n");
  assertMatch(
    lines[0]!,
    /^LOAD tcp:\S+: 4 connections, 64 bytes, 500\/s, 0\.3 s \(\w+\)$/,
  );
  assertEquals(lines[2], `--- ${endpoint} load statistics ---`);
  assertEquals(
    lines[3],
    "150 messages sent, 150 answered, 0 unanswered, time 300ms",
  );
  assertMatch(lines[4]!, /^\d{3} messages\/s, [\d.]+ kB\/s each way$/);
  assertEquals(lines[5], "latency, from the planned time on");
  const names = ["min", "p50", "p90", "p99", "p99.9", "p99.99", "max"];
  lines.slice(6, 13).forEach((line, i) => {
    assertMatch(line, new RegExp(`^  ${names[i]} +[\\d.]+ ms$`));
  });
  const bars = lines.slice(14, 26)
    .map((line) => /^ {2}up to +[\d.]+ ms \|#* *(\d+)$/.exec(line)!);
  assertEquals(bars.reduce((sum, [, count]) => sum + Number(count), 0), 150);
});

Deno.test("netdiag echo load writes the distribution to a file", async () => {
  await using server = await ServerProcess.start([TCP]);
  const file = Deno.makeTempFileSync();
  try {
    const { code, stdout } = await run(
      [...BRIEF, "--json", "--quiet", "--csv", file, server.endpoints[0]!],
    );
    assertEquals(code, 0);
    assertEquals(stdout.trimEnd().split("\n").length, 1, "only the summary");
    const { answered, latency } = summaryOf(stdout);
    const [header, ...rows] = Deno.readTextFileSync(file).trimEnd().split("\n");
    assertEquals(
      header,
      '"Value","Percentile","TotalCount","1/(1-Percentile)"',
    );
    const last = rows.at(-1)!.split(",");
    assertEquals(Number(last[0]), Number(latency!.maxMs.toFixed(6)));
    assertEquals(last.slice(1), [
      "1.000000000000",
      String(answered),
      "Infinity",
    ]);
    const half = rows.find((row) => row.split(",")[1] === "0.500000000000");
    assertEquals(half!.split(",")[3], "2.00");
  } finally {
    Deno.removeSync(file);
  }
});

Deno.test("netdiag echo load does not begin where its results cannot be written", async () => {
  const { code, stdout, stderr } = await run(
    [...BRIEF, "--csv", "/nonexistent/x.csv", "tcp://127.0.0.1:9"],
  );
  assertEquals([code, stdout], [2, ""]);
  assertEquals(
    stderr,
    'netdiag echo load: Cannot write "/nonexistent/x.csv": No such file or directory\n',
  );
});

Deno.test("netdiag echo load names the first byte that did not come back", async () => {
  await using server = await ServerProcess.start(["-m", "upper", TCP, UDP]);
  for (const endpoint of server.endpoints) {
    const { code, stdout } = await run(
      [...BRIEF, "--conns", "1", endpoint],
    );
    assertEquals(code, 1);
    assertMatch(stdout, /^errors: answered otherwise \d+/m);
    assertMatch(stdout, /^first difference: byte 16 is 0x50, not 0x70$/m);
  }
});

Deno.test("netdiag echo load counts datagrams that are lost", async () => {
  const drop = ["-m", "drop", "--rate", "20%", UDP];
  await using server = await ServerProcess.start(drop);
  const options = ["--rate", "1000", "-W", "200ms", "--json"];
  const { code, stdout } = await run(
    [...BRIEF, ...options, server.endpoints[0]!],
  );
  assertEquals(code, 1);
  const { sent, answered, unanswered, errors, latency } = summaryOf(stdout);
  assertEquals(sent, 300);
  assertEquals(answered + unanswered, sent);
  assert(unanswered > 20 && unanswered < 120, `${unanswered}`);
  assert(errors["timeout"]! >= unanswered);
  assert(latency!.p50Ms < 100, "what is lost holds up nothing else");
});

Deno.test("netdiag echo load says in one line that nobody listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const { code, stdout, stderr } = await run(
    [...BRIEF, `tcp://127.0.0.1:${port}`],
  );
  assertEquals([code, stdout], [1, ""]);
  assertEquals(
    stderr,
    `netdiag echo load: Cannot connect to tcp://127.0.0.1:${port}: ` +
      "Connection refused (ECONNREFUSED)\n",
  );
});

Deno.test("echo load refuses options that do not go together", () => {
  const cases: [line: string, message: string][] = [
    ["", "Endpoint required"],
    ["tcp://a:1 b", 'Unexpected argument "b"'],
    ["-4 -6 tcp://a:1", 'Options "--ipv4" and "--ipv6" exclude each other'],
    ["-d 0 tcp://a:1", 'Invalid value "0" for "--duration": must be above 0'],
    ["-W 0 tcp://a:1", 'Invalid value "0" for "--timeout": must be above 0'],
    ["--csv - tcp://a:1", 'Invalid value "-" for "--csv": it needs a file'],
    ["--reconnect udp://a:1", 'Option "--reconnect" is for connections'],
    ["--in-flight 2 tcp://a:1", 'Option "--in-flight" is for datagrams'],
    [
      "--in-flight 2 --rate 2 udp://a:1",
      'Options "--rate" and "--in-flight" exclude each other',
    ],
    [
      "--cacert x tcp://a:1",
      'Option "--cacert" goes with a tls:// endpoint only',
    ],
    ["nowhere", 'Cannot parse endpoint "nowhere"'],
  ];
  for (const [line, message] of cases) {
    let error: unknown;
    try {
      const words = line.split(" ").filter((word) => word !== "");
      load.prepare(parseCommandLine(LOAD_OPTIONS, words));
    } catch (thrown) {
      error = thrown;
    }
    assert(error instanceof Error && error.message.startsWith(message), line);
  }
});

Deno.test("echo load asks for what its arguments need", async () => {
  const words = "--csv x.csv --engine deno tcp://a:1".split(" ");
  const job = await load.prepare(parseCommandLine(LOAD_OPTIONS, words));
  assertEquals(job.permissions, {
    required: [
      { name: "net", host: "a", port: 1 },
      { name: "write", path: "x.csv" },
    ],
    advised: [],
    optional: [],
  });
});
