/** An echo server from its start to Ctrl-C, and what it tells meanwhile. */

import { serveEcho } from "../../lib/echo/server.ts";
import type {
  EchoMode,
  EchoServerOptions,
  EchoServerSummary,
} from "../../lib/echo/server_types.ts";
import type { Endpoint } from "../../lib/socket/endpoint.ts";
import { systemReason, UsageError } from "../cli/errors.ts";
import type { Context } from "../command.ts";
import { type CredentialsSource, loadCredentials } from "./credentials.ts";
import { Log, type LogOptions } from "./log.ts";
import type { LogEvent } from "./log_events.ts";
import { tryIt } from "./try_it.ts";

/** A command line, ready to run. */
export interface ServePlan {
  readonly endpoints: readonly Endpoint[];
  readonly options: EchoServerOptions & { readonly mode: EchoMode };
  readonly credentials: CredentialsSource | undefined;
  readonly log: LogOptions;
  readonly workers: number | undefined;
}

/** A server of either kind. */
interface Running {
  readonly endpoints: readonly string[];
  stop(): void;
  /** What it did, and what ended it other than the user. */
  readonly stopped: Promise<{
    readonly summary: EchoServerSummary;
    readonly death?: string | undefined;
  }>;
}

/** Serves until the user stops it. Returns 0, or 1 when something else did. */
export async function runServer(
  plan: ServePlan,
  context: Context,
): Promise<number> {
  await using log = new Log(plan.log, context);
  // What a server that cannot start has told is of no use to anybody.
  const early: LogEvent[] = [];
  let tell = (event: LogEvent): void => void early.push(event);
  const tls = plan.credentials === undefined
    ? undefined
    : await loadCredentials(
      plan.credentials,
      plan.endpoints,
      (sha256) =>
        tell({ type: "certificate", sha256, time: Date.now() / 1000 }),
    );
  const start = plan.workers === undefined ? startHere : startInWorkers;
  const { signal } = context;
  let server: Running;
  try {
    server = await start(
      { ...plan, options: { ...plan.options, tls } },
      (event) => tell(event),
      signal,
    );
  } catch (error) {
    if (signal.aborted) return 0; // Ctrl-C before there was anything to stop
    if (tls === undefined || (error as Error).name !== "InvalidData") {
      throw error;
    }
    throw new UsageError(
      `Cannot use this certificate and its key: ${systemReason(error)}`,
    );
  }
  try {
    tell = (event) => log.event(event);
    for (const event of early) tell(event);
    if (!plan.log.json) {
      log.say(`Try it: ${tryIt(server.endpoints[0]!, plan.options.mode)}`);
    }
    const { summary, death } = await Promise.race([server.stopped, log.failed]);
    log.event(summary);
    if (death === undefined) return 0;
    context.report(`netdiag echo serve: ${death}`);
    return 1;
  } finally {
    server.stop();
  }
}

type Start = (
  plan: ServePlan,
  onEvent: (event: LogEvent) => void,
  signal: AbortSignal,
) => Promise<Running>;

const startHere: Start = async ({ endpoints, options }, onEvent, signal) => {
  const server = await serveEcho(endpoints, {
    ...options,
    signal,
    onEvent(event) {
      if (event.type !== "summary") onEvent(event);
    },
  });
  return {
    endpoints: server.endpoints,
    stop: () => void server.stop(),
    stopped: server.stopped.then((summary) => ({ summary })),
  };
};

const startInWorkers: Start = async (
  { endpoints, options, workers = 1, log },
  onEvent,
  signal,
) => {
  const { startWorkers } = await import("./workers.ts");
  const running = await startWorkers({
    workers,
    endpoints,
    options,
    level: log.level,
    showsReads: log.framing !== "none",
    onEvent,
  });
  const stop = () => running.stop();
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  return running;
};
