/** One server in several threads, which share its TCP and UDP ports. */

import type {
  EchoCloseReason,
  EchoServerEvent,
  EchoServerOptions,
  EchoServerSummary,
} from "../../lib/echo/server_types.ts";
import { DEFAULT_GRACE_MS } from "../../lib/echo/server_options.ts";
import {
  type Endpoint,
  formatEndpoint,
  parseEndpoint,
} from "../../lib/socket/endpoint.ts";
import type { LogEvent, LogLevel } from "./log_events.ts";
import type { FromWorker, ToWorker } from "./worker.ts";

/** How much longer than its grace a worker may take to stop. */
const STOP_MARGIN_MS = 2000;

const WORKER = new URL("./worker.ts", import.meta.url);

/** What the workers are to do. */
export interface WorkersOptions {
  readonly workers: number;
  readonly endpoints: readonly Endpoint[];
  readonly options: EchoServerOptions;
  readonly level: LogLevel;
  readonly showsReads: boolean;
  readonly onEvent: (event: LogEvent) => void;
  /** What they run. */
  readonly module?: URL;
}

/** How a run in workers ended. */
export interface WorkersResult {
  readonly summary: EchoServerSummary;
  /** Why a worker ended before it was told to, if one did. */
  readonly death: string | undefined;
}

/** Workers that serve. */
export interface RunningWorkers {
  readonly endpoints: readonly string[];
  stop(): void;
  readonly stopped: Promise<WorkersResult>;
}

/**
 * Starts all workers, once in a process. The first one serves everything and learns which ports
 * the system chose; the others join its TCP and UDP ports.
 *
 * @throws {Error} what the first worker that cannot serve threw: its name, message and code
 */
export async function startWorkers(
  plan: WorkersOptions,
): Promise<RunningWorkers> {
  const pool = new Pool(plan);
  const endpoints = await pool.start(plan.endpoints.map(formatEndpoint));
  const shared = plan.endpoints.flatMap((endpoint, i) =>
    isShared(endpoint) ? [withPortOf(endpoint, endpoints[i]!)] : []
  );
  const others = Array.from({ length: plan.workers - 1 });
  await Promise.all(others.map(() => pool.start(shared)));
  return { endpoints, stop: () => pool.stop(), stopped: pool.stopped };
}

/** Whether SO_REUSEPORT can spread what arrives there. TLS is Deno's, which has no such option. */
export function isShared({ transport }: Endpoint): boolean {
  return transport === "tcp" || transport === "udp";
}

/** The endpoint as it was given, for which there is permission, at the port that the system chose. */
function withPortOf(endpoint: Endpoint, opened: string): string {
  const there = parseEndpoint(opened);
  return formatEndpoint(
    "port" in endpoint && "port" in there
      ? { ...endpoint, port: there.port }
      : endpoint,
  );
}

/**
 * The workers of one run. They end with the process, and are never
 * terminated: that would free memory to which a call to the system may still
 * be writing on a thread of its own.
 */
class Pool {
  readonly #plan: WorkersOptions;
  readonly #workers: Worker[] = [];
  readonly #summaries: EchoServerSummary[] = [];
  readonly #stopped = Promise.withResolvers<WorkersResult>();
  readonly stopped: Promise<WorkersResult> = this.#stopped.promise;
  #serving = 0;
  #isStopping = false;
  #death: string | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;

  constructor(plan: WorkersOptions) {
    this.#plan = plan;
  }

  /** Starts one more. Resolves with where it serves. */
  start(endpoints: readonly string[]): Promise<readonly string[]> {
    const { module = WORKER, options, level, showsReads } = this.#plan;
    const index = this.#workers.length;
    const worker = new Worker(module, {
      type: "module",
      name: `echo ${index + 1}`,
    });
    this.#workers.push(worker);
    const started = Promise.withResolvers<readonly string[]>();
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      switch (data.type) {
        case "serving":
          this.#serving++;
          return started.resolve(data.endpoints);
        case "failed":
          return started.reject(
            Object.assign(new Error(data.message), {
              name: data.name,
              code: data.code,
            }),
          );
        case "events":
          return this.#tell(index, data.events, data.lost);
        case "stopped":
          return this.#ended(data.summary);
        case "died":
          return died(data.message);
      }
    };
    const died = (reason: string) => {
      started.reject(new Error(reason));
      this.#died(index, reason);
    };
    // Such as modules that cannot be loaded.
    worker.onerror = (event) => {
      event.preventDefault();
      died(event.message);
    };
    this.#say(worker, {
      type: "serve",
      endpoints,
      options: { ...options, engine: "native", reusePort: true },
      level,
      showsReads,
    });
    return started.promise;
  }

  #say(worker: Worker, message: ToWorker): void {
    worker.postMessage(message);
  }

  #tell(index: number, events: readonly EchoServerEvent[], lost: number): void {
    for (const event of events) {
      if (event.type !== "listening") {
        this.#plan.onEvent(this.#own(event, index));
      } // The others join the ports of the first one.
      else if (index === 0) this.#plan.onEvent(this.#listening(event));
    }
    if (lost > 0) {
      this.#plan.onEvent({
        type: "lost",
        lines: lost,
        time: Date.now() / 1000,
      });
    }
    this.#say(this.#workers[index]!, { type: "taken" });
  }

  #listening(event: EchoServerEvent & { type: "listening" }): LogEvent {
    return isShared(parseEndpoint(event.endpoint))
      ? { ...event, workers: this.#plan.workers }
      : event;
  }

  /** Each worker counts connections from 1: spread the numbers, so that each is used once. */
  #own<E extends EchoServerEvent>(event: E, index: number): E {
    if (!("connection" in event) || event.connection === undefined) {
      return event;
    }
    const { workers } = this.#plan;
    return {
      ...event,
      connection: (event.connection - 1) * workers + index + 1,
    };
  }

  stop(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    for (const worker of this.#workers) this.#say(worker, { type: "stop" });
    const { graceMs = DEFAULT_GRACE_MS } = this.#plan.options;
    this.#deadline = setTimeout(() => {
      this.#death ??= `A worker did not stop within ${
        graceMs + STOP_MARGIN_MS
      }ms`;
      this.#finish();
    }, graceMs + STOP_MARGIN_MS);
    this.#finishWhenAllEnded();
  }

  #died(index: number, reason: string): void {
    this.#death ??= `Worker ${index + 1} died: ${reason}`;
    this.#serving--;
    this.stop();
    this.#finishWhenAllEnded();
  }

  #ended(summary: EchoServerSummary): void {
    this.#summaries.push(summary);
    this.#serving--;
    this.#finishWhenAllEnded();
  }

  #finishWhenAllEnded(): void {
    if (this.#serving <= 0) this.#finish();
  }

  #finish(): void {
    clearTimeout(this.#deadline);
    this.#stopped.resolve({
      summary: addSummaries(this.#summaries),
      death: this.#death,
    });
  }
}

/** What all of them did. Peaks may have been at different times: their sum is the most that there can have been. */
export function addSummaries(
  summaries: readonly EchoServerSummary[],
): EchoServerSummary {
  const sum = (of: (summary: EchoServerSummary) => number) =>
    summaries.reduce((total, summary) => total + of(summary), 0);
  const reasons = new Set(
    summaries.flatMap(({ connections }) =>
      Object.keys(connections.closed) as EchoCloseReason[]
    ),
  );
  return {
    type: "summary",
    connections: {
      accepted: sum(({ connections }) => connections.accepted),
      refused: sum(({ connections }) => connections.refused),
      closed: Object.fromEntries(
        [...reasons].map((reason) => [
          reason,
          sum(({ connections }) => connections.closed[reason] ?? 0),
        ]),
      ),
      open: sum(({ connections }) => connections.open),
      peak: sum(({ connections }) => connections.peak),
    },
    datagrams: {
      received: sum(({ datagrams }) => datagrams.received),
      sent: sum(({ datagrams }) => datagrams.sent),
      ignored: sum(({ datagrams }) => datagrams.ignored),
      failed: sum(({ datagrams }) => datagrams.failed),
    },
    bytesReceived: sum(({ bytesReceived }) => bytesReceived),
    bytesSent: sum(({ bytesSent }) => bytesSent),
    durationMs: Math.max(0, ...summaries.map(({ durationMs }) => durationMs)),
    time: Date.now() / 1000,
  };
}
