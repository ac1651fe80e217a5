/** Whole runs of the probe over a network in memory. */

import { probeOver } from "../../lib/echo/probe.ts";
import { planProbe } from "../../lib/echo/probe_options.ts";
import type {
  EchoProbeEvent,
  EchoProbeOptions,
  EchoProbeSummary,
} from "../../lib/echo/probe_types.ts";
import { parseEndpoint } from "../../lib/socket/endpoint.ts";
import type { FakeNetwork } from "./fake_network.ts";

export const TCP = "tcp://192.0.2.7:7";
export const UDP = "udp://192.0.2.7:7";

export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** A run that has come to its end. */
export interface Probed {
  readonly events: readonly EchoProbeEvent[];
  readonly summary: EchoProbeSummary;
  /** `start`, `reply 1`, `lost 2`: the events in a word or two. */
  readonly story: readonly string[];
}

/** Probes an endpoint to the end of the run. `watch` sees each event as it comes. */
export async function probe(
  network: FakeNetwork,
  endpoint: string,
  options: EchoProbeOptions,
  watch: (event: EchoProbeEvent) => void = () => {},
): Promise<Probed> {
  const parsed = parseEndpoint(endpoint);
  const plan = planProbe(parsed, options);
  const events: EchoProbeEvent[] = [];
  const run = async () => {
    for await (const event of probeOver(network, parsed, plan, options)) {
      events.push(event);
      watch(event);
    }
  };
  await network.settle(run());
  const summary = events.at(-1);
  if (summary?.type !== "summary") throw new Error("No summary at the end");
  return { events, summary, story: events.slice(0, -1).map(inShort) };
}

function inShort(event: EchoProbeEvent): string {
  return "sequence" in event ? `${event.type} ${event.sequence}` : event.type;
}
