/** Echo servers under clients that are many, hostile, slow or gone. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { ENGINES } from "../engines.ts";
import { EchoServerProcess, python, runPython } from "./_echo.ts";
import { labTest } from "./requirements.ts";
import { Lab } from "./topology.ts";

const TCP = ["tcp://127.0.0.1:0"];

/** Registers a test for each engine; it has a machine of its own. */
function echoTest(
  name: string,
  test: (lab: Lab, engine: "native" | "deno") => Promise<void>,
): void {
  for (const engine of ENGINES) {
    labTest(`${name} (${engine})`, async () => {
      await using lab = await Lab.create({ hosts: { here: {} } });
      await test(lab, engine);
    }, ["python"]);
  }
}

/** Sends a word over a new connection, and prints what comes back. */
const ASK = `
with connect(sys.argv[1]) as connection:
    connection.sendall(b"still there?")
    say(receive(connection, 12).decode())
`;

echoTest(
  "an echo server outlives 20,000 connects and resets in a row",
  async (lab, engine) => {
    await using server = await EchoServerProcess.start(lab, "here", {
      engine,
      endpoints: TCP,
      args: ["-q"],
    });
    const script = `
for i in range(20000):
    connection = connect(sys.argv[1])
    connection.sendall(b"x")
    # So that the client is never far ahead.
    if i % 64 == 0: connection.recv(1)
    reset(connection)
`;
    await runPython(lab, "here", script, server.port());
    assertEquals(
      await runPython(lab, "here", ASK, server.port()),
      "still there?",
    );
    const memory = await server.process.peakMemory();
    const { summary } = await server.stop();
    const { accepted, refused, open, closed } = summary["connections"];
    // Deno's engine takes no connection that is gone when its turn comes.
    assertEquals([accepted + refused, open], [20_001, 0]);
    if (engine === "native") assertEquals(refused, 0);
    const { end = 0, reset = 0, ...others } = closed;
    assertEquals([end + reset, others], [accepted, {}]);
    assert(memory < 250e6, `${memory} bytes`);
  },
);

echoTest(
  "clients that never read cost an echo server little, and hold up nobody",
  async (lab, engine) => {
    await using server = await EchoServerProcess.start(lab, "here", {
      engine,
      endpoints: TCP,
      args: ["-q"],
    });
    await runPython(lab, "here", ASK, server.port());
    const before = await server.process.peakMemory();
    const script = `
clients = [connect(sys.argv[1]) for _ in range(200)]
for client in clients: client.setblocking(False)
chunk, sent, quiet = bytes(65536), 0, 0
# Until nothing has been taken for half a second.
while quiet < 5:
    _, ready, _ = select.select([], clients, [], 0.1)
    quiet = 0 if ready else quiet + 1
    for client in ready:
        try: sent += client.send(chunk)
        except BlockingIOError: pass
say(sent)
sys.stdin.read()
`;
    await using clients = await python(lab, "here", script, server.port());
    const sent = Number(await clients.line(() => true));
    assert(sent > 200 * 65_536);
    assertEquals(
      await runPython(lab, "here", ASK, server.port()),
      "still there?",
    );
    const growth = await server.process.peakMemory() - before;
    // Twice 64 KiB each, and what the collector leaves lying about; the rest of a gigabyte waits in the system.
    assert(growth < 250e6, `${growth} bytes more for ${sent} that were sent`);
    await clients.closeStdin();
    await clients.finish();
    const { summary } = await server.stop();
    const { bytesReceived, bytesSent } = summary;
    assert(bytesReceived - bytesSent <= 200 * 131_072);
  },
);

echoTest(
  "an echo server sends a gibibyte back unchanged",
  async (lab, engine) => {
    await using server = await EchoServerProcess.start(lab, "here", {
      engine,
      endpoints: TCP,
    });
    const script = `
connection = connect(sys.argv[1])
sent = hashlib.sha256()
def send():
    block = bytearray(os.urandom(1 << 20))
    for i in range(1024):
        block[0:2] = i.to_bytes(2, "big")
        sent.update(block)
        connection.sendall(block)
    connection.shutdown(socket.SHUT_WR)
sender = threading.Thread(target=send)
sender.start()
received, count = hashlib.sha256(), 0
while data := connection.recv(1 << 20):
    received.update(data)
    count += len(data)
sender.join()
say(count, received.hexdigest() == sent.hexdigest())
`;
    assertEquals(
      await runPython(lab, "here", script, server.port()),
      `${1 << 30} True`,
    );
    const { summary } = await server.stop();
    assertEquals([summary["bytesReceived"], summary["bytesSent"]], [
      1 << 30,
      1 << 30,
    ]);
  },
);

echoTest(
  "an echo server closes who is silent, not who sends a byte now and then",
  async (lab, engine) => {
    await using server = await EchoServerProcess.start(lab, "here", {
      engine,
      endpoints: TCP,
      args: ["--idle-timeout", "400ms"],
    });
    const script = `
slow, silent = connect(sys.argv[1]), connect(sys.argv[1])
came = b""
while not select.select([silent], [], [], 0.1)[0]:
    slow.sendall(b".")
    came += slow.recv(1)
# A while longer than the silent one was given.
for _ in range(6):
    time.sleep(0.1)
    slow.sendall(b".")
    came += slow.recv(1)
say(silent.recv(1) == b"", came == b"." * len(came))
`;
    assertEquals(
      await runPython(lab, "here", script, server.port()),
      "True True",
    );
    const { summary } = await server.stop();
    assertEquals(summary["connections"].closed, { idle: 1, end: 1 });
  },
);

echoTest(
  "an echo server that runs out of descriptors says so, and recovers",
  async (lab, engine) => {
    await using server = await EchoServerProcess.start(lab, "here", {
      engine,
      endpoints: TCP,
      under: ["prlimit", "--nofile=128"],
    });
    const script = `
clients = [connect(sys.argv[1]) for _ in range(200)]
say("connected")
sys.stdin.read()
`;
    await using clients = await python(lab, "here", script, server.port());
    const refused = await server.event(({ type }) => type === "refused");
    assertEquals(refused["reason"], "descriptors");
    assertMatch(refused["message"], /Too many open files/);
    await clients.line((line) => line === "connected");
    await clients.closeStdin();
    await clients.finish();
    assertEquals(
      await runPython(lab, "here", ASK, server.port()),
      "still there?",
    );
    const { events, summary } = await server.stop();
    const { refused: refusals, open } = summary["connections"];
    assert(refusals >= 1 && refusals <= 200, `${refusals} refused`);
    assertEquals(
      events.filter(({ type }) => type === "refused").length,
      refusals,
    );
    assertEquals(open, 0);
  },
);

echoTest(
  "a load run whose server is killed says so, and tells what it measured until then",
  async (lab, engine) => {
    await using server = await EchoServerProcess.start(lab, "here", {
      engine,
      endpoints: TCP,
    });
    const load = await lab.spawn(
      "here",
      lab.netdiag([
        ...["echo", "load", "--json", "--engine", engine, "--warmup", "0"],
        ...["--conns", "8", "--duration", "20s", server.endpoints[0]!],
      ]),
    );
    await load.line((line) => {
      const { type, perSecond } = JSON.parse(line);
      return type === "progress" && perSecond > 0;
    });
    server.process.kill("SIGKILL");
    const { code, stdout, stderr } = await load.finish();
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /^netdiag echo load: Every connection to \S+ broke .*\n$/,
    );
    const summary = JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
    assertEquals([summary.type, summary.ended], ["summary", "no-connections"]);
    assert(summary.answered > 0 && summary.latency.p50Ms > 0);
    assertEquals(Object.keys(summary.errors).length > 0, true);
  },
);

echoTest(
  "an echo server answers no datagram from a port of a service, unless it is told to",
  async (lab, engine) => {
    await using server = await EchoServerProcess.start(lab, "here", {
      engine,
      endpoints: ["udp://127.0.0.1:0"],
    });
    await using trusting = await EchoServerProcess.start(lab, "here", {
      engine,
      endpoints: ["udp://127.0.0.1:0"],
      args: ["--allow-loops"],
    });
    const script = `
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.bind(("127.0.0.1", 7))
client.settimeout(20)
for port in sys.argv[1:]:
    client.sendto(b"echo of an echo", ("127.0.0.1", int(port)))
say(client.recvfrom(100)[1][1])
`;
    assertEquals(
      await runPython(lab, "here", script, server.port(), trusting.port()),
      trusting.port(),
    );
    const ignored = await server.event(({ type }) => type === "ignored");
    assertEquals([ignored["reason"], ignored["peer"]], ["loop", "127.0.0.1:7"]);
  },
);

for (const engine of ENGINES) {
  labTest(
    `an echo server says in one line where it may not listen (${engine})`,
    async () => {
      await using lab = await Lab.create({ hosts: { here: {} } });
      const folder = await Deno.makeTempDir();
      try {
        await Deno.chmod(folder, 0o755);
        const cases = [
          ["tcp://127.0.0.1:80", "ports below 1024 are for root"],
          ["udp://127.0.0.1:80", "ports below 1024 are for root"],
          [`unix:${folder}/s`, "choose a folder that you may write to"],
        ] as const;
        for (const [endpoint, remedy] of cases) {
          const result = await lab.run(
            "here",
            `netdiag echo --engine ${engine} ${endpoint}`,
            { user: "ordinary" },
          );
          assertEquals(result, {
            code: 2,
            stdout: "",
            stderr: `netdiag echo serve: Cannot listen on ${endpoint}: ` +
              `Permission denied (EACCES); ${remedy}\n`,
          });
        }
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  );
}
