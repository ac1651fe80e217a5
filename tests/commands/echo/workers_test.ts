import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { EchoServerSummary } from "../../../lib/echo/server_types.ts";
import { parseEndpoint } from "../../../lib/socket/endpoint.ts";
import type { LogEvent } from "../../../commands/echo/log_events.ts";
import {
  addSummaries,
  startWorkers,
  type WorkersOptions,
} from "../../../commands/echo/workers.ts";
import { LabProcess } from "../../netlab/process.ts";
import { exchange, ServerProcess } from "./_server.ts";

const LINUX = { ignore: Deno.build.os !== "linux" };

function plan(
  workers: number,
  endpoints: readonly string[],
): WorkersOptions & { events: LogEvent[] } {
  const events: LogEvent[] = [];
  return {
    workers,
    endpoints: endpoints.map(parseEndpoint),
    options: {},
    level: "info",
    showsReads: false,
    onEvent: (event) => events.push(event),
    events,
  };
}

Deno.test(
  "startWorkers() shares one port over all of them, and adds up what they did",
  LINUX,
  async () => {
    const job = plan(3, ["tcp://127.0.0.1:0", `unix:@netdiag-${Deno.pid}`]);
    const running = await startWorkers(job);
    const port = Number(running.endpoints[0]!.split(":").at(-1));
    const clients = Array.from(
      { length: 30 },
      () => exchange({ port }, "hello"),
    );
    for (const client of clients) assertEquals(await client, "hello");
    assertEquals(
      await exchange({ transport: "unix", path: `\0netdiag-${Deno.pid}` }, "x"),
      "x",
    );
    running.stop();
    const { summary, death } = await running.stopped;
    assertEquals(death, undefined);
    assertEquals(summary.connections.accepted, 31);
    assertEquals(summary.bytesReceived, 151);
    const listening = job.events.filter(({ type }) => type === "listening");
    assertEquals(
      listening.map((event) => "workers" in event ? event.workers : undefined),
      [3, undefined],
    );
    const opened = job.events.flatMap((event) =>
      event.type === "opened" ? [event.connection] : []
    );
    assertEquals([opened.length, new Set(opened).size], [31, 31]);
    // The system spreads 30 connections over three sockets; one alone has all of them once in 10^14.
    assert(new Set(opened.map((id) => id % 3)).size > 1, opened.join());
  },
);

Deno.test(
  "startWorkers() tells why the first worker cannot serve, and leaves none behind",
  LINUX,
  async () => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr;
    const error = await assertRejects(
      () => startWorkers(plan(2, [`tcp://127.0.0.1:${port}`])),
      Error,
      `Cannot listen on tcp://127.0.0.1:${port}: Address already in use`,
    );
    assertEquals([error.name, (error as Error & { code: string }).code], [
      "SystemError",
      "EADDRINUSE",
    ]);
  },
);

Deno.test(
  "startWorkers() stops all workers when one dies, and says which",
  LINUX,
  async () => {
    const program = new URL("_dying_run.ts", import.meta.url).pathname;
    await using process = new LabProcess(
      [Deno.execPath(), "run", "--quiet", "-A", program],
    );
    const { stdout, stderr } = await process.finish();
    assertEquals(stderr, "");
    const { death, summary } = JSON.parse(stdout);
    assertMatch(death, /^Worker [12] died: Error: Lost its mind$/);
    assertEquals(summary.connections.accepted, 0); // by the one that is left
  },
);

Deno.test("addSummaries() adds everything but time", () => {
  const summary = (
    n: number,
    closed: EchoServerSummary["connections"]["closed"],
  ): EchoServerSummary => ({
    type: "summary",
    connections: { accepted: n, refused: n, closed, open: n, peak: n },
    datagrams: { received: n, sent: n, ignored: n, failed: n },
    bytesReceived: n,
    bytesSent: n,
    durationMs: n,
    time: n,
  });
  const sum = addSummaries([
    summary(1, { end: 1 }),
    summary(2, { end: 2, reset: 3 }),
  ]);
  assertEquals(sum, {
    ...summary(3, { end: 3, reset: 3 }),
    durationMs: 2,
    time: sum.time,
  });
});

Deno.test(
  "netdiag echo --workers serves, and says how many workers do",
  LINUX,
  async () => {
    await using server = await ServerProcess.start(
      ["--workers", "2", "tcp://127.0.0.1:0"],
    );
    assertEquals(await exchange({ port: server.port() }, "hello"), "hello");
    const { code, stdout, stderr } = await server.stop();
    assertEquals([code, stderr], [0, ""]);
    assertMatch(
      stdout,
      /listening on tcp:\/\/127.0.0.1:\d+ \(native, 2 workers\)/,
    );
    assertMatch(stdout, /\n1 connection, .*1 end\n/);
  },
);
