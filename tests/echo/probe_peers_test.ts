/** The probe against the echo servers that other people make. */

import { assertEquals, assertObjectMatch } from "@std/assert";
import { echoProbe } from "../../lib/echo/probe.ts";
import { LabProcess } from "../netlab/process.ts";
import { ENGINES } from "./_serving.ts";

const PYTHON = `
import socket, threading
stream = socket.create_server(("127.0.0.1", 0))
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.bind(("127.0.0.1", 0))
print("listening on tcp://127.0.0.1:%d udp://127.0.0.1:%d"
      % (stream.getsockname()[1], datagrams.getsockname()[1]), flush=True)
def answer():
    while True:
        data, peer = datagrams.recvfrom(65536)
        datagrams.sendto(data, peer)
threading.Thread(target=answer, daemon=True).start()
while True:
    connection, _ = stream.accept()
    with connection:
        while data := connection.recv(1000):
            connection.sendall(data)
`;

/** A server, the line that says that it listens, and what it listens on. */
interface Peer {
  readonly name: string;
  /** @param path of a socket that it may make @param port that is free */
  command(path: string, port: number): readonly string[];
  readonly ready: RegExp;
  endpoints(ready: RegExpExecArray, path: string, port: number): string[];
}

/** Runs a program with its standard error where its lines can be awaited. */
const SHELL = ["sh", "-c", 'exec "$0" "$@" 2>&1'];

const PEERS: readonly Peer[] = [
  {
    name: "socat over TCP",
    command: () => [
      ...SHELL,
      ...["socat", "-d", "-d", "TCP4-LISTEN:0,bind=127.0.0.1,fork", "PIPE"],
    ],
    ready: /listening on AF=2 (\S+)/,
    endpoints: ([, address]) => [`tcp://${address}`],
  },
  {
    name: "socat over UDP",
    command: (_path, port) => [
      ...SHELL,
      ...["socat", "-d", "-d"],
      ...[`UDP4-RECVFROM:${port},bind=127.0.0.1,fork`, "PIPE"],
    ],
    ready: /receiving on AF=2/,
    endpoints: (_ready, _path, port) => [`udp://127.0.0.1:${port}`],
  },
  {
    name: "ncat over a Unix socket",
    command: (path) => [
      ...SHELL,
      ...["ncat", "-v", "-U", "-l", "-k", path, "--exec", "/bin/cat"],
    ],
    ready: /Listening on/,
    endpoints: (_ready, path) => [`unix:${path}`],
  },
  {
    name: "Python's socket module",
    command: () => ["python3", "-c", PYTHON],
    ready: /listening on (\S+) (\S+)/,
    endpoints: ([, stream, datagrams]) => [stream!, datagrams!],
  },
];

function isInstalled(program: string): boolean {
  const { success } = new Deno.Command("sh", {
    args: ["-c", `command -v ${program}`],
    stdout: "null",
  }).outputSync();
  return success;
}

/** A port that nobody uses now. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

for (const peer of PEERS) {
  const program = peer.command("", 0).find((word) =>
    /^(socat|ncat|python3)$/.test(word)
  )!;
  const title = `echoProbe() has its messages back from ${peer.name}`;
  const reason = Deno.build.os === "windows"
    ? "needs a shell"
    : isInstalled(program)
    ? undefined
    : `needs ${program}`;
  const test = async () => {
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/socket`;
      const port = freePort();
      await using server = new LabProcess(peer.command(path, port));
      const line = await server.line((line) => peer.ready.test(line));
      const endpoints = peer.endpoints(peer.ready.exec(line)!, path, port);
      for (const endpoint of endpoints) await probeWell(endpoint);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  };
  const options = { sanitizeOps: false, sanitizeResources: false };
  if (reason === undefined) Deno.test(title, options, test);
  else {
    Deno.test({
      name: `${title} (skipped: ${reason})`,
      ignore: true,
      fn: test,
    });
  }
}

/** Sends a few messages with each engine, and over streams a larger input. */
async function probeWell(endpoint: string): Promise<void> {
  for (const engine of ENGINES) {
    const run = echoProbe(endpoint, { engine, count: 5, intervalMs: 20 });
    const events = await Array.fromAsync(run);
    assertEquals(
      events.map(({ type }) => type).join(" "),
      "start reply reply reply reply reply summary",
      `${endpoint} ${engine}`,
    );
    assertObjectMatch(events.at(-1)!, { mismatched: 0 });
    if (endpoint.startsWith("udp")) continue;
    const data = crypto.getRandomValues(new Uint8Array(65_536));
    const [, reply] = await Array.fromAsync(
      echoProbe(endpoint, {
        engine,
        input: new Blob([data, data, data]).stream(),
      }),
    );
    assertObjectMatch(reply!, { type: "reply", bytes: 3 * data.length });
    assertEquals(Object.hasOwn(reply!, "mismatch"), false);
  }
}
