/** One of several threads that serve the same ports. Its parent is `workers.ts`. */

import { serveEcho } from "../../lib/echo/server.ts";
import type {
  EchoServer,
  EchoServerEvent,
  EchoServerOptions,
  EchoServerSummary,
} from "../../lib/echo/server_types.ts";
import { isLogged, type LogLevel } from "./log_events.ts";

/** Events that may wait for the parent; more are dropped, and counted. */
const MAX_EVENTS = 10_000;

/** What the parent says. */
export type ToWorker =
  | {
    readonly type: "serve";
    readonly endpoints: readonly string[];
    readonly options: EchoServerOptions;
    /** What the parent wants to hear of. */
    readonly level: LogLevel;
    readonly showsReads: boolean;
  }
  /** The last events have been taken; more may come. */
  | { readonly type: "taken" }
  | { readonly type: "stop" };

/** What a worker says. */
export type FromWorker =
  | { readonly type: "serving"; readonly endpoints: readonly string[] }
  | {
    readonly type: "failed";
    readonly name: string;
    readonly message: string;
    readonly code: string | undefined;
  }
  | {
    readonly type: "events";
    readonly events: readonly EchoServerEvent[];
    /** How many were dropped after these. */
    readonly lost: number;
  }
  | { readonly type: "stopped"; readonly summary: EchoServerSummary }
  /** An error that nobody caught; nothing works any more. */
  | { readonly type: "died"; readonly message: string };

/** The global scope of a worker, which the types of the main thread do not know. */
interface WorkerScope {
  postMessage(message: FromWorker): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
}

const scope = globalThis as unknown as WorkerScope;

/** Events on their way to the parent, one batch at a time. */
class Mailbox {
  #events: EchoServerEvent[] = [];
  #lost = 0;
  #isBusy = false;

  push(event: EchoServerEvent): void {
    if (this.#events.length < MAX_EVENTS) this.#events.push(event);
    else this.#lost++;
    // What else happens in this turn comes along.
    if (!this.#isBusy && this.#events.length === 1) {
      queueMicrotask(() => this.send());
    }
  }

  /** The parent is ready for more. */
  taken(): void {
    this.#isBusy = false;
    if (this.#events.length > 0) this.send();
  }

  send(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.flush();
  }

  /** Sends what there is, whether the parent is ready or not. */
  flush(): void {
    if (this.#events.length === 0) return;
    scope.postMessage({
      type: "events",
      events: this.#events,
      lost: this.#lost,
    });
    this.#events = [];
    this.#lost = 0;
  }
}

let server: EchoServer | undefined;
const mailbox = new Mailbox();

async function serve(
  { endpoints, options, level, showsReads }: ToWorker & { type: "serve" },
): Promise<void> {
  try {
    server = await serveEcho(endpoints, {
      ...options,
      onEvent(event) {
        if (event.type === "summary") return;
        if (isLogged(event, level, showsReads)) mailbox.push(event);
      },
    });
  } catch (error) {
    const { name, message, code } = error as Error & { code?: string };
    scope.postMessage({ type: "failed", name, message, code });
    return;
  }
  scope.postMessage({ type: "serving", endpoints: server.endpoints });
}

scope.onmessage = async ({ data }) => {
  switch (data.type) {
    case "serve":
      return await serve(data);
    case "taken":
      return mailbox.taken();
    case "stop": {
      const summary = await server!.stop();
      mailbox.flush();
      scope.postMessage({ type: "stopped", summary });
    }
  }
};

for (const type of ["error", "unhandledrejection"] as const) {
  addEventListener(type, (event) => {
    event.preventDefault();
    const error = "reason" in event ? event.reason : event.error;
    scope.postMessage({ type: "died", message: String(error) });
  });
}
