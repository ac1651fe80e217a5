/** {@linkcode serveEcho}: an echo server on any number of endpoints. */

import type {
  DatagramSocket,
  Listener,
  ListenHandler,
  ListenOptions,
} from "../os/network.ts";
import {
  type Endpoint,
  formatEndpoint,
  formatName,
  parseEndpoint,
} from "../socket/endpoint.ts";
import { openNetwork, type ScopedNetwork } from "../socket/network.ts";
import {
  type DatagramCounters,
  type DatagramHost,
  DatagramService,
} from "./datagrams.ts";
import { planServer, type ServerPlan } from "./server_options.ts";
import type {
  EchoClosed,
  EchoCloseReason,
  EchoRefused,
  EchoServer,
  EchoServerEvent,
  EchoServerOptions,
  EchoServerSummary,
} from "./server_types.ts";
import { Session, type SessionHost } from "./session.ts";

/**
 * Starts an echo server. When this resolves, every endpoint receives; when it
 * throws, none does.
 *
 * @example
 * ```ts
 * import { serveEcho } from "@netdiag/netdiag";
 *
 * await using server = await serveEcho(["tcp://127.0.0.1:0"]);
 * console.log(server.endpoints); // ["tcp://127.0.0.1:54321"]
 * ```
 *
 * @param endpoints such as `tcp://127.0.0.1:7007`, `udp://[::1]:0`, `unix:/tmp/echo.sock`
 * @throws {EndpointError} when an endpoint is none
 * @throws {OptionError} when an option has a value that cannot be used
 * @throws {PermissionError} when Deno's permissions do not cover an endpoint
 * @throws {ResolutionError} when a name has no address
 * @throws {SystemError} when the system refuses an endpoint, such as EADDRINUSE
 * @throws {UnsupportedError} when the engine cannot do what an option asks for
 */
export async function serveEcho(
  endpoints: readonly (string | Endpoint)[],
  options: EchoServerOptions = {},
): Promise<EchoServer> {
  const parsed = endpoints.map((endpoint) =>
    typeof endpoint === "string" ? parseEndpoint(endpoint) : endpoint
  );
  const plan = planServer(parsed, options);
  options.signal?.throwIfAborted();
  const network = await openNetwork(options.engine);
  const server = new Server(network, plan, options);
  try {
    // The network took its time to open.
    options.signal?.throwIfAborted();
    for (const endpoint of parsed) await server.open(endpoint);
  } catch (error) {
    server.dispose();
    // That is why it failed, whatever the endpoint says.
    options.signal?.throwIfAborted();
    throw error;
  }
  return server;
}

class Server implements EchoServer, SessionHost, DatagramHost {
  readonly endpoints: string[] = [];
  readonly network: ScopedNetwork;
  readonly plan: ServerPlan;
  readonly ownPorts = new Set<number>();
  readonly datagrams: DatagramCounters = {
    received: 0,
    sent: 0,
    ignored: 0,
    failed: 0,
    bytesReceived: 0,
    bytesSent: 0,
  };
  readonly stopped: Promise<EchoServerSummary>;
  readonly emit: (event: EchoServerEvent) => void;
  readonly #tellStopped: (summary: EchoServerSummary) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #startedAt: number;
  readonly #sockets: (Listener | DatagramSocket)[] = [];
  readonly #sessions = new Set<Session>();
  #accepted = 0;
  #refused = 0;
  #peak = 0;
  readonly #closed: Partial<Record<EchoCloseReason, number>> = {};
  /** Bytes of the connections that are over. */
  #bytesReceived = 0;
  #bytesSent = 0;
  #isStopping = false;

  constructor(
    network: ScopedNetwork,
    plan: ServerPlan,
    options: EchoServerOptions,
  ) {
    this.network = network;
    this.plan = plan;
    this.emit = options.onEvent ?? (() => {});
    this.#startedAt = network.now();
    const { promise, resolve } = Promise.withResolvers<EchoServerSummary>();
    this.stopped = promise;
    this.#tellStopped = resolve;
    this.#signal = options.signal;
    this.#signal?.addEventListener("abort", this.#abort);
  }

  readonly #abort = () => void this.stop();

  /** Begins to receive at one more endpoint. */
  async open(endpoint: Endpoint): Promise<void> {
    const place = await this.network.resolve(endpoint, {
      passive: true,
      signal: this.#signal,
    });
    const { transport } = endpoint;
    const isDatagram = transport === "udp" || transport === "unixgram";
    const { plan } = this;
    const reusePort = plan.reusePort &&
      (transport === "tcp" || transport === "udp");
    if (isDatagram) {
      // Its text is not known before the system has chosen the port; nothing is received before that.
      const service: DatagramService = new DatagramService(
        this,
        () => formatOpened(endpoint, socket),
        () => socket,
      );
      const socket = await this.network.bind(
        place,
        { ...plan, reusePort, mode: plan.socketMode },
        service,
      );
      this.#opened(endpoint, socket);
      if ("port" in socket.name) this.ownPorts.add(socket.name.port);
      return;
    }
    const options: ListenOptions = {
      ...plan,
      reusePort,
      mode: plan.socketMode,
      tls: transport === "tls" ? plan.tls : undefined,
    };
    const listener = await this.network.listen(
      place,
      options,
      this.#listenHandler(() => formatOpened(endpoint, listener), transport),
    );
    this.#opened(endpoint, listener);
  }

  #opened(endpoint: Endpoint, socket: Listener | DatagramSocket): void {
    const text = formatOpened(endpoint, socket);
    this.#sockets.push(socket);
    this.endpoints.push(text);
    this.emit({
      type: "listening",
      endpoint: text,
      engine: endpoint.transport === "tls" ? "deno" : this.network.engine,
      time: Date.now() / 1000,
    });
  }

  #listenHandler(
    endpoint: () => string,
    transport: Endpoint["transport"],
  ): ListenHandler {
    return {
      accept: (connection) => {
        const { maxConnections } = this.plan;
        if (this.#sessions.size >= maxConnections) {
          this.#refuse({
            endpoint: endpoint(),
            reason: "max-connections",
            peer: formatName(connection.peer),
            message: `${maxConnections} connections are open`,
          });
          return undefined;
        }
        const session = new Session(
          this,
          connection,
          ++this.#accepted,
          endpoint(),
        );
        this.#sessions.add(session);
        this.#peak = Math.max(this.#peak, this.#sessions.size);
        return session;
      },
      refused: (error) => {
        const { code } = error as { code?: unknown };
        this.#refuse({
          endpoint: endpoint(),
          reason: code === "EMFILE" || code === "ENFILE"
            ? "descriptors"
            : transport === "tls"
            ? "tls"
            : "error",
          message: error.message,
        });
      },
    };
  }

  #refuse(event: Omit<EchoRefused, "type" | "time">): void {
    this.#refused++;
    this.emit({ type: "refused", ...event, time: Date.now() / 1000 });
  }

  ended(session: Session, closed: EchoClosed): void {
    this.#sessions.delete(session);
    this.#bytesReceived += closed.bytesReceived;
    this.#bytesSent += closed.bytesSent;
    this.#closed[closed.reason] = (this.#closed[closed.reason] ?? 0) + 1;
    this.emit(closed);
    if (this.#isStopping && this.#sessions.size === 0) this.#finish();
  }

  summary(): EchoServerSummary {
    let bytesReceived = this.#bytesReceived + this.datagrams.bytesReceived;
    let bytesSent = this.#bytesSent + this.datagrams.bytesSent;
    for (const { traffic } of this.#sessions) {
      bytesReceived += traffic.received;
      bytesSent += traffic.sent;
    }
    const { received, sent, ignored, failed } = this.datagrams;
    return {
      type: "summary",
      connections: {
        accepted: this.#accepted,
        refused: this.#refused,
        closed: { ...this.#closed },
        open: this.#sessions.size,
        peak: this.#peak,
      },
      datagrams: { received, sent, ignored, failed },
      bytesReceived,
      bytesSent,
      durationMs: this.network.now() - this.#startedAt,
      time: Date.now() / 1000,
    };
  }

  async stop(): Promise<EchoServerSummary> {
    if (!this.#isStopping) {
      this.#isStopping = true;
      this.#signal?.removeEventListener("abort", this.#abort);
      for (const socket of this.#sockets) socket[Symbol.dispose]();
      for (const session of [...this.#sessions]) session.endWith("stopped");
      if (this.#sessions.size === 0) this.#finish();
    }
    return await this.stopped;
  }

  #finish(): void {
    const summary = this.summary();
    this.network[Symbol.dispose]();
    this.emit(summary);
    this.#tellStopped(summary);
  }

  /** Gives up what was opened, without a word. */
  dispose(): void {
    this.#signal?.removeEventListener("abort", this.#abort);
    this.network[Symbol.dispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** An endpoint as it was given, with the address and port that it has now. */
function formatOpened(
  endpoint: Endpoint,
  { name }: Listener | DatagramSocket,
): string {
  return "path" in endpoint
    ? formatEndpoint(endpoint)
    : `${endpoint.transport}://${formatName(name)}`;
}
