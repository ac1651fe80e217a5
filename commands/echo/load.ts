/** `netdiag echo load`: its options, and what its command line needs. */

import { parseEndpoint } from "../../lib/socket/endpoint.ts";
import { UsageError } from "../cli/errors.ts";
import type { Command, Permission, Permissions } from "../command.ts";
import { clientPermissions } from "./client_permissions.ts";
import { checkLoadOptions, LOAD_OPTIONS } from "./load_options.ts";

/** The `echo load` command. */
export const load: Command<typeof LOAD_OPTIONS> = {
  name: "echo load",
  usage: ["[OPTION...] ENDPOINT"],
  description: [
    "Loads an echo server, compares every byte that comes back, and prints " +
    "how many messages a second it answered and how long each took.",
    "ENDPOINT is tcp://HOST:PORT (or HOST:PORT), udp://HOST:PORT, " +
    "tls://HOST:PORT, unix:/PATH (stream), unixgram:/PATH, or unix:@NAME " +
    "(abstract).",
    "Without --rate the loop is closed: the next message of a connection " +
    "waits for the answer to the last one. A server that stalls is then " +
    "asked less often just while it does, and the latencies look better than " +
    "those that a user would see. That is coordinated omission. With --rate " +
    "the loop is open: each message has a planned time, from which its " +
    "latency counts, however late it could be sent.",
    "Ctrl-C ends the run with what was measured until then.",
    "TIME is 200ms, 2s or 1m; a bare number is seconds.",
    "Exit status: 0 everything that was sent came back as it was, 1 something " +
    "did not, or was planned and could not be sent, 2 it could not run as " +
    "asked.",
  ],
  options: LOAD_OPTIONS,
  examples: [
    {
      line: "echo load tcp://127.0.0.1:7007",
      does: "64 connections, as fast as the server answers",
    },
    {
      line: "echo load --rate 5000 -d 30s udp://127.0.0.1:7007",
      does: "5000 datagrams a second, latency from the planned time on",
    },
    {
      line: "echo load --reconnect --conns 8 tcp://127.0.0.1:7007",
      does: "how many connections a second?",
    },
    {
      line: "echo load --json --csv latency.csv tcp://127.0.0.1:7007",
      does: "for programs, and for a plot",
    },
  ],
  prepare({ options, operands }) {
    const [operand, ...others] = operands;
    if (operand === undefined) {
      throw new UsageError(
        'Endpoint required, as in "netdiag echo load tcp://127.0.0.1:7007"',
      );
    }
    if (others.length > 0) {
      throw new UsageError(
        `Unexpected argument ${JSON.stringify(others[0]!.text)}`,
      );
    }
    const endpoint = parseEndpoint(operand.text);
    checkLoadOptions(options, endpoint);
    return {
      permissions: withCsv(clientPermissions(endpoint, options), options.csv),
      async run(context) {
        const { runLoad } = await import("./load_run.ts");
        return await runLoad(endpoint, options, context);
      },
    };
  },
};

function withCsv(permissions: Permissions, csv?: string): Permissions {
  if (csv === undefined) return permissions;
  const write: Permission = { name: "write", path: csv };
  return { ...permissions, required: [...permissions.required, write] };
}
