/** Whole runs of the load generator over a network in memory. */

import { Latencies } from "../../lib/echo/latencies.ts";
import { loadOver } from "../../lib/echo/load.ts";
import { planLoad } from "../../lib/echo/load_options.ts";
import type {
  EchoLoadEvent,
  EchoLoadOptions,
  EchoLoadSummary,
} from "../../lib/echo/load_types.ts";
import { parseEndpoint } from "../../lib/socket/endpoint.ts";
import { CLIENT, type FakeNetwork } from "./fake_network.ts";

/** One connection for one second, at once. */
export const BRIEF: EchoLoadOptions = {
  connections: 1,
  durationMs: 1000,
  warmupMs: 0,
};

/** Loads an endpoint to the end of the run. `watch` sees each event as it comes. */
export async function load(
  network: FakeNetwork,
  endpoint: string,
  options: EchoLoadOptions,
  watch: (event: EchoLoadEvent) => void = () => {},
): Promise<EchoLoadSummary> {
  const parsed = parseEndpoint(endpoint);
  const plan = planLoad(parsed, options);
  const latencies = await Latencies.open();
  let last: EchoLoadEvent | undefined;
  const run = async () => {
    for await (
      const event of loadOver(network, parsed, plan, options, latencies)
    ) {
      last = event;
      watch(event);
    }
  };
  await network.settle(run());
  if (last?.type !== "summary") throw new Error("No summary at the end");
  return last;
}

/** Whether two times are the same to the three digits that a latency has. */
export function isNear(
  actual: number | undefined,
  expected: number,
): boolean {
  return actual !== undefined &&
    Math.abs(actual - expected) <= expected / 500;
}

/** Connections whose client has not closed its end. */
export function openClients(network: FakeNetwork): number {
  return [...network.open].filter((end) => {
    const { local } = end as { local?: { host?: string } };
    return local?.host === CLIENT;
  }).length;
}
