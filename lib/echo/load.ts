/** {@linkcode echoLoad}: as many echoes as a server, or a plan, allows. */

import { type Endpoint, parseEndpoint } from "../socket/endpoint.ts";
import { openNetwork, type ScopedNetwork } from "../socket/network.ts";
import { Latencies } from "./latencies.ts";
import { type LoadPlan, planLoad } from "./load_options.ts";
import { LoadRun } from "./load_run.ts";
import type { EchoLoadEvent, EchoLoadOptions } from "./load_types.ts";

/**
 * Loads an echo server over many connections, checks every byte that comes
 * back, and measures how long each message took.
 *
 * @example
 * ```ts
 * import { echoLoad, serveEcho } from "@netdiag/netdiag";
 *
 * await using server = await serveEcho(["tcp://127.0.0.1:0"]);
 * const options = { durationMs: 200, warmupMs: 50 };
 * for await (const event of echoLoad(server.endpoints[0]!, options)) {
 *   if (event.type === "summary") console.log(event.latency?.p99Ms);
 * }
 * ```
 *
 * @param endpoint such as `tcp://127.0.0.1:7007`, `udp://[::1]:7`, `unix:/tmp/echo.sock`
 * @throws {EndpointError} when the endpoint is none
 * @throws {OptionError} when an option has a value that cannot be used
 * @throws {PermissionError} when Deno's permissions do not cover the endpoint
 * @throws {ResolutionError} when its name has no address
 */
export async function* echoLoad(
  endpoint: string | Endpoint,
  options: EchoLoadOptions = {},
): AsyncGenerator<EchoLoadEvent, void, undefined> {
  const parsed = typeof endpoint === "string"
    ? parseEndpoint(endpoint)
    : endpoint;
  const plan = planLoad(parsed, options);
  if (options.signal?.aborted) return;
  await using network = await openNetwork(options.engine);
  yield* loadOver(network, parsed, plan, options, await Latencies.open());
}

/** The same over sockets of one's own, into a collection that is empty. */
export async function* loadOver(
  network: ScopedNetwork,
  endpoint: Endpoint,
  plan: LoadPlan,
  { signal, family }: EchoLoadOptions,
  latencies: Latencies,
): AsyncGenerator<EchoLoadEvent, void, undefined> {
  let place;
  try {
    place = await network.resolve(endpoint, { family, signal });
  } catch (error) {
    if (signal?.aborted) return;
    throw error;
  }
  const run = new LoadRun(network, place, plan, latencies);
  const abort = () => run.abort();
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) run.abort();
  try {
    yield await run.connect();
    run.start();
    for (;;) {
      const event = await run.next();
      yield event;
      if (event.type === "summary") return;
    }
  } finally {
    signal?.removeEventListener("abort", abort);
    run.close();
  }
}
