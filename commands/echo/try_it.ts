/** The one line that tries a server out. */

import type { EchoMode } from "../../lib/echo/server_types.ts";
import {
  type Endpoint,
  formatEndpoint,
  parseEndpoint,
} from "../../lib/socket/endpoint.ts";

/** A command line for a shell that talks to a server at an endpoint. */
export function tryIt(text: string, mode: EchoMode): string {
  const endpoint = reachable(parseEndpoint(text));
  return isEchoed(mode) && endpoint.transport !== "tls"
    ? `netdiag echo send ${formatEndpoint(endpoint)} hello`
    : foreign(endpoint);
}

/** Whether what is sent comes back as it was. */
function isEchoed(mode: EchoMode): boolean {
  return mode === "echo" || mode === "hexdump" || mode === "delay" ||
    mode === "drop";
}

/** Every address of this machine is no address to connect to. */
function reachable(endpoint: Endpoint): Endpoint {
  if ("path" in endpoint) return endpoint;
  const { host } = endpoint;
  return {
    ...endpoint,
    host: host === "::" ? "::1" : host === "0.0.0.0" ? "127.0.0.1" : host,
  };
}

/** What other people's clients are called with. */
function foreign(endpoint: Endpoint): string {
  if ("path" in endpoint) {
    const address = endpoint.path.startsWith("@")
      ? `ABSTRACT-CONNECT:${endpoint.path.slice(1)}`
      : endpoint.transport === "unixgram"
      ? `UNIX-SENDTO:${endpoint.path}`
      : `UNIX-CONNECT:${endpoint.path}`;
    return `socat - ${address}`;
  }
  const { transport, host, port } = endpoint;
  switch (transport) {
    case "tls":
      return `openssl s_client -quiet -connect ${
        host.includes(":") ? `[${host}]` : host
      }:${port}`;
    case "udp":
      return `nc -u ${host} ${port}`;
    case "tcp":
      return `nc ${host} ${port}`;
  }
}
