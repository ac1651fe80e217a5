/** netdiag echo against small C programs, and against what people use today. */

import {
  compare,
  judge,
  limit,
  NETDIAG,
  type Result,
  run,
  takeTurns,
} from "./measure.ts";
import {
  isInstalled,
  Server,
  startNetdiag,
  startTcpEcho,
  Yardsticks,
} from "./servers.ts";

const SECONDS = 1;
const OURS = 17_007;
const THEIRS = 17_008;

/** What tcp_load prints. */
interface TcpFigures {
  readonly perSec: number;
  readonly p99us: number;
  readonly gbitPerSec: number;
}

/** Runs a benchmark with the C programs, or says what it lacks. */
async function* withYardsticks(
  name: string,
  measure: (yardsticks: Yardsticks) => AsyncGenerator<Result>,
): AsyncGenerator<Result> {
  const built = await Yardsticks.build();
  if (typeof built === "string") {
    yield { name, unmeasured: built, pass: false };
    return;
  }
  await using yardsticks = built;
  yield* measure(yardsticks);
}

async function tcpLoad(
  yardsticks: Yardsticks,
  port: number,
  connections: number,
  bytes: number,
  mode: "pingpong" | "bulk",
): Promise<TcpFigures> {
  const numbers = [port, connections, bytes, SECONDS].map(String);
  const command = [yardsticks.path("tcp_load"), "127.0.0.1", ...numbers, mode];
  return JSON.parse((await run(command, "text")).text);
}

/** TCP: messages a second and 99th percentile of few connections, of many, and the bytes of a few. */
export function echoTcp(): AsyncGenerator<Result> {
  return withYardsticks("echo-tcp", async function* (yardsticks) {
    await using _ours = await startNetdiag("tcp", OURS);
    await using _theirs = await startTcpEcho(yardsticks, THEIRS);
    const turns = (
      connections: number,
      bytes: number,
      mode: "pingpong" | "bulk",
    ) =>
      takeTurns({
        rounds: 15,
        netdiag: () => tcpLoad(yardsticks, OURS, connections, bytes, mode),
        peer: () => tcpLoad(yardsticks, THEIRS, connections, bytes, mode),
      });
    const against = "tcp_echo.c";
    const few = await turns(64, 64, "pingpong");
    yield judge({
      name: "echo-tcp-64",
      unit: "messages/s",
      against,
      required: { atLeast: 0.85 },
    }, each(few, ({ perSec }) => perSec));
    yield judge({
      name: "echo-tcp-64-p99",
      unit: "us",
      against,
      required: { atMost: 1.5 },
    }, each(few, ({ p99us }) => p99us));
    yield judge({
      name: "echo-tcp-1000",
      unit: "messages/s",
      against,
      required: { atLeast: 0.8 },
    }, each(await turns(1000, 64, "pingpong"), ({ perSec }) => perSec));
    yield judge({
      name: "echo-tcp-bulk",
      unit: "Gbit/s",
      against,
      required: { atLeast: 0.85 },
    }, each(await turns(4, 65_536, "bulk"), ({ gbitPerSec }) => gbitPerSec));
  });
}

function each<T>(
  { netdiag, peer }: {
    readonly netdiag: readonly T[];
    readonly peer: readonly T[];
  },
  value: (figures: T) => number,
) {
  return { netdiag: netdiag.map(value), peer: peer.map(value) };
}

/** The echo servers that people start from a shell, each with a process for a connection. */
const PEERS = {
  socat: `TCP-LISTEN:${THEIRS},bind=127.0.0.1,fork,reuseaddr,backlog=128 PIPE`,
  ncat: `-l -k -m 128 127.0.0.1 ${THEIRS} -e /bin/cat`,
};

/** TCP with 64 connections, against socat and ncat. */
export function echoPeers(): AsyncGenerator<Result> {
  return withYardsticks("echo-peers", async function* (yardsticks) {
    await using _ours = await startNetdiag("tcp", OURS);
    const rate = async (port: number) =>
      (await tcpLoad(yardsticks, port, 64, 64, "pingpong")).perSec;
    for (const [program, args] of Object.entries(PEERS)) {
      const name = `echo-${program}`;
      if (!await isInstalled(program)) {
        const unmeasured = `${program} is not installed`;
        yield { name, unmeasured, pass: false };
        continue;
      }
      const command = [program, ...args.split(" ")];
      await using _theirs = await Server.start("tcp", THEIRS, command);
      yield await compare({
        name,
        unit: "messages/s",
        against: command.join(" "),
        required: { atLeast: 2 },
        rounds: 7,
        netdiag: () => rate(OURS),
        peer: () => rate(THEIRS),
      });
    }
  });
}

/** UDP with 64 datagrams in flight. */
export function echoUdp(): AsyncGenerator<Result> {
  return withYardsticks("echo-udp", async function* (yardsticks) {
    await using _ours = await startNetdiag("udp", OURS);
    const rate = async (port: number): Promise<number> => {
      const numbers = [port, 64, 64, SECONDS].map(String);
      const load = [yardsticks.path("udp_load"), "127.0.0.1", ...numbers];
      return JSON.parse((await run(load, "text")).text).perSec;
    };
    const script = new URL("deno_udp_echo.ts", import.meta.url).pathname;
    const deno = [Deno.execPath(), "run", "-A", "--unstable-net", script];
    for (
      const [name, command, against, atLeast] of [
        ["echo-udp", [yardsticks.path("udp_echo")], "udp_echo.c", 0.7],
        ["echo-udp-deno", deno, "Deno.listenDatagram", 3],
      ] as const
    ) {
      await using _theirs = await Server.start("udp", THEIRS, [
        ...command,
        String(THEIRS),
      ]);
      yield await compare({
        name,
        unit: "datagrams/s",
        against,
        required: { atLeast },
        rounds: 15,
        netdiag: () => rate(OURS),
        peer: () => rate(THEIRS),
      });
    }
  });
}

/** The load generators, both against the server in C. */
export function echoLoad(): AsyncGenerator<Result> {
  return withYardsticks("echo-load", async function* (yardsticks) {
    await using _server = await startTcpEcho(yardsticks, THEIRS);
    const ours = [...NETDIAG, "echo", "load", "--json", "--quiet"]
      .concat(["--duration", String(SECONDS), "--warmup", "0.5"])
      .concat(`tcp://127.0.0.1:${THEIRS}`);
    yield await compare({
      name: "echo-load",
      unit: "messages/s",
      against: "tcp_load.c",
      required: { atLeast: 0.6 },
      rounds: 15,
      netdiag: async () => JSON.parse((await run(ours, "text")).text).perSecond,
      peer: async () =>
        (await tcpLoad(yardsticks, THEIRS, 64, 64, "pingpong")).perSec,
    });
  });
}

const IDLE = 10_000;
const DESCRIPTORS = 256;

/** What ten thousand idle connections cost, and how soon a server that had no descriptors left serves again. */
export async function* echoIdle(): AsyncGenerator<Result> {
  {
    const room = ["--max-conns", String(IDLE)];
    await using server = await startNetdiag("tcp", OURS, room);
    using clients = new Clients();
    await clients.open(IDLE);
    // All are served: each has its answer.
    await clients.echo();
    const memory = await server.memory();
    yield limit("echo-idle-memory", "MiB", memory, 150);
  }
  const under = ["prlimit", `--nofile=${DESCRIPTORS}`];
  await using _server = await startNetdiag("tcp", OURS, [], under);
  using clients = new Clients();
  await clients.open(2 * DESCRIPTORS);
  clients[Symbol.dispose]();
  const start = performance.now();
  await clients.open(1);
  await clients.echo();
  const ms = performance.now() - start;
  yield limit("echo-descriptors-recovery", "ms", ms, 2000);
}

/** Connections of this process. */
class Clients implements Disposable {
  #connections: Deno.TcpConn[] = [];

  async open(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      this.#connections.push(
        await Deno.connect({ hostname: "127.0.0.1", port: OURS }),
      );
    }
  }

  /** Sends a byte over each, and waits until all have come back. */
  async echo(): Promise<void> {
    await Promise.all(this.#connections.map(async (connection) => {
      const byte = Uint8Array.of(7);
      await connection.write(byte);
      if (await connection.read(byte) !== 1) {
        throw new Error("A connection is not served");
      }
    }));
  }

  [Symbol.dispose](): void {
    for (const connection of this.#connections) connection.close();
    this.#connections = [];
  }
}
