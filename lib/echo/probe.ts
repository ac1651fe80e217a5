/** {@linkcode echoProbe}: messages to an echo server, and the judgement of its answers. */

import { type Endpoint, parseEndpoint } from "../socket/endpoint.ts";
import {
  type EngineChoice,
  openNetwork,
  type ScopedNetwork,
} from "../socket/network.ts";
import { EventQueue } from "./event_queue.ts";
import { DatagramLink } from "./probe_datagram.ts";
import { openMessages } from "./probe_messages.ts";
import { planProbe, type ProbePlan } from "./probe_options.ts";
import { ProbeRun } from "./probe_run.ts";
import { StreamLink } from "./probe_stream.ts";
import { Transfer } from "./probe_transfer.ts";
import type { EchoProbeEvent, EchoProbeOptions } from "./probe_types.ts";

/**
 * Sends messages to an echo server and yields what happens: first `start`,
 * then what becomes of each message, last the `summary`. Each answer is
 * compared byte for byte with its message. Messages to a stream endpoint go
 * over one connection. A connection that cannot be made is an `error` event
 * without a `start`. Leaving the loop closes the socket.
 *
 * When `signal` aborts, the run ends with its summary, or without any event
 * when there was no connection yet; it does not throw.
 *
 * @example
 * ```ts
 * import { echoProbe, serveEcho } from "@netdiag/netdiag";
 *
 * await using server = await serveEcho(["tcp://127.0.0.1:0"]);
 * const message = new TextEncoder().encode("hello");
 * for await (const event of echoProbe(server.endpoints[0]!, { message })) {
 *   if (event.type === "reply") console.log(event.rttMs, event.mismatch);
 * }
 * ```
 *
 * @param endpoint such as `tcp://127.0.0.1:7007`, `udp://[::1]:7`, `unix:/tmp/echo.sock`
 * @throws {EndpointError} when the endpoint is none
 * @throws {OptionError} when an option has a value that cannot be used
 * @throws {PermissionError} when Deno's permissions do not cover the endpoint
 * @throws {ResolutionError} when its name has no address
 * @throws {SystemError} when the system refuses the socket
 */
export async function* echoProbe(
  endpoint: string | Endpoint,
  options: EchoProbeOptions = {},
): AsyncGenerator<EchoProbeEvent, void, void> {
  const parsed = typeof endpoint === "string"
    ? parseEndpoint(endpoint)
    : endpoint;
  const plan = planProbe(parsed, options);
  if (options.signal?.aborted) return;
  await using network = await openNetwork(chooseEngine(parsed, options));
  yield* probeOver(network, parsed, plan, options);
}

/**
 * An input comes by Deno's event loop, which has few turns while the native
 * one is busy: Deno's own sockets are several times faster for it. Its Unix
 * sockets take more permissions, those for UDP as well, and they know no
 * families of names.
 */
function chooseEngine(
  endpoint: Endpoint,
  { engine = "auto", input, family }: EchoProbeOptions,
): EngineChoice {
  const isBetterByDeno = input !== undefined && "host" in endpoint &&
    endpoint.transport !== "udp" && family === undefined;
  return engine === "auto" && isBetterByDeno ? "deno" : engine;
}

/** The same over sockets of one's own. */
export async function* probeOver(
  network: ScopedNetwork,
  endpoint: Endpoint,
  plan: ProbePlan,
  options: EchoProbeOptions,
): AsyncGenerator<EchoProbeEvent, void, void> {
  const { signal, family, input } = options;
  let place;
  try {
    place = await network.resolve(endpoint, { family, signal });
  } catch (error) {
    if (signal?.aborted) return;
    throw error;
  }
  if (signal?.aborted) return;
  const events = new EventQueue<EchoProbeEvent>();
  const run = new ProbeRun(network, plan, place, events);
  const stop = () => run.stop();
  signal?.addEventListener("abort", stop);
  let transfer: Transfer | undefined;
  try {
    if (input !== undefined) transfer = new Transfer(run, input);
    else if (plan.isStream) new StreamLink(run, openMessages(plan));
    else await openDatagrams(run, plan);
    for (;;) {
      const batch = await events.take();
      if (batch.length === 0) return;
      run.step();
      yield* batch;
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    run.stop();
    transfer?.cancel();
  }
}

/** What the system says when nobody receives at the path of a Unix socket. */
const NOBODY = ["ECONNREFUSED", "ENOENT"];

async function openDatagrams(run: ProbeRun, plan: ProbePlan): Promise<void> {
  try {
    await new DatagramLink(run, openMessages(plan)).open();
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (!NOBODY.includes(code as string)) throw error;
    run.failed(error as Error);
    run.finish();
  }
}
