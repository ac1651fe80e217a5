/**
 * Two workers, of which the one that gets the first connection dies; prints
 * how that ended. A program of its own, since only the end of its process
 * closes what a dead worker had open. See workers_test.ts.
 */

import { startWorkers } from "../../../commands/echo/workers.ts";
import { parseEndpoint } from "../../../lib/socket/endpoint.ts";

const { endpoints, stopped } = await startWorkers({
  workers: 2,
  endpoints: [parseEndpoint("tcp://127.0.0.1:0")],
  options: {},
  level: "info",
  showsReads: false,
  onEvent: () => {},
  module: new URL("./_dying_worker.ts", import.meta.url),
});
const port = Number(endpoints[0]!.split(":").at(-1));
using _client = await Deno.connect({ port });
console.log(JSON.stringify(await stopped));
Deno.exit(0);
