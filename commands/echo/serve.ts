/** `netdiag echo serve`: an echo server, and what its command line needs. */

import { type Endpoint, parseEndpoint } from "../../lib/socket/endpoint.ts";
import type { Command, Permission, Permissions } from "../command.ts";
import {
  SERVE_OPTIONS,
  serverOptions,
  type ServeValues,
} from "./serve_options.ts";

/** What it listens on when nothing else is said. */
const DEFAULT_ENDPOINTS = ["tcp://127.0.0.1:7007", "udp://127.0.0.1:7007"];

/** The `echo serve` command. */
export const serve: Command<typeof SERVE_OPTIONS> = {
  name: "echo serve",
  usage: ["[OPTION...] [ENDPOINT...]"],
  description: [
    "Serves echo: what a client sends comes back, over TCP, UDP, TLS and Unix " +
    "sockets. Without an ENDPOINT it listens on TCP and UDP, 127.0.0.1:7007. " +
    "Ctrl-C stops it: what is queued is sent, then the summary printed; a " +
    "second Ctrl-C ends it at once.",
    "ENDPOINT is tcp://HOST:PORT (or HOST:PORT), udp://HOST:PORT, " +
    "tls://HOST:PORT, unix:/PATH (stream), unixgram:/PATH, or unix:@NAME " +
    "(abstract). Port 0 lets the system choose one. :PORT is every address of " +
    "this machine, IPv4 and IPv6. An IPv6 address stands in brackets.",
  ],
  options: SERVE_OPTIONS,
  examples: [
    { line: "echo", does: "TCP and UDP on 127.0.0.1:7007" },
    {
      line: "echo tcp://:7007 udp://:7007",
      does: "on every address of this machine",
    },
  ],
  prepare({ options, operands }) {
    const texts = operands.length === 0
      ? DEFAULT_ENDPOINTS
      : operands.map(({ text }) => text);
    const endpoints = texts.map(parseEndpoint);
    const engine = serverOptions(options);
    return {
      permissions: permissionsFor(endpoints, options),
      async run({ output, signal }) {
        const { serveEcho } = await import("../../lib/echo/server.ts");
        const server = await serveEcho(endpoints, {
          ...engine,
          signal,
          onEvent: (event) => output.write(`${JSON.stringify(event)}\n`),
        });
        await server.stopped;
        return 0;
      },
    };
  },
};

function permissionsFor(
  endpoints: readonly Endpoint[],
  { engine = "auto" }: ServeValues,
): Permissions {
  const required = endpoints.flatMap((endpoint): Permission[] =>
    "path" in endpoint
      ? [
        { name: "read", path: endpoint.path },
        { name: "write", path: endpoint.path },
      ]
      : [{ name: "net", host: endpoint.host || "::", port: endpoint.port }]
  );
  const ffi = { name: "ffi" } as const;
  return {
    required: engine === "native" ? [...required, ffi] : required,
    optional: engine === "auto" ? [ffi] : [],
  };
}
