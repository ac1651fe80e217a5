/** Endpoints in text: what to listen on, and what to connect to. */

import type { SocketName } from "../os/network.ts";

/** How bytes travel to an endpoint. */
export type Transport = "tcp" | "udp" | "tls" | "unix" | "unixgram";

/** A transport and where it begins or ends; the host may be a name still. */
export type Endpoint =
  | {
    readonly transport: "tcp" | "udp" | "tls";
    /** A name or an address, without brackets; empty is every address (to listen on) or this machine (to connect to). */
    readonly host: string;
    /** 0 lets the system choose. */
    readonly port: number;
  }
  | {
    readonly transport: "unix" | "unixgram";
    /** A path; `@` begins an abstract name (Linux). */
    readonly path: string;
  };

/** Text that is no endpoint. */
export class EndpointError extends Error {
  /** The name of the class. */
  override readonly name = "EndpointError";

  /** For the library's own use; a constructor cannot be hidden. */
  constructor(text: string, reason: string) {
    super(`Cannot parse endpoint ${JSON.stringify(text)}: ${reason}`);
  }
}

/** What sun_path of struct sockaddr_un holds beside its NUL, on Linux and elsewhere (unix(7), unix(4)). */
const MAX_PATH_BYTES = Deno.build.os === "linux" ? 107 : 103;
const UNIX = /^(unix|unixgram):(?:\/\/)?(.*)$/s;
const INTERNET = /^(?:(tcp|udp|tls):\/\/)?(.*)$/s;
const HOST_AND_PORT = /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:]*)$/;

/**
 * Reads an endpoint: `tcp://host:port`, `udp://[::1]:7`, `tls://host:443`,
 * `unix:/path`, `unixgram:/path`, `unix:@abstract`. `host:port` and `:port`
 * are TCP.
 *
 * @throws {EndpointError} when the text is none
 */
export function parseEndpoint(text: string): Endpoint {
  const unix = UNIX.exec(text);
  if (unix !== null) {
    const path = unix[2]!;
    if (path === "" || path === "@") {
      throw new EndpointError(text, "the path is missing");
    }
    if (path.includes("\0")) {
      throw new EndpointError(text, "a path has no NUL in it");
    }
    const bytes = new TextEncoder().encode(path).length;
    if (bytes > MAX_PATH_BYTES) {
      throw new EndpointError(
        text,
        `its path has ${bytes} bytes, and a Unix socket takes ${MAX_PATH_BYTES} at most`,
      );
    }
    return { transport: unix[1] as "unix" | "unixgram", path };
  }
  const [, transport = "tcp", rest] = INTERNET.exec(text)!;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(rest!)) {
    throw new EndpointError(
      text,
      "it begins with none of tcp://, udp://, tls://, unix: and unixgram:",
    );
  }
  const match = HOST_AND_PORT.exec(rest!);
  if (match === null) {
    throw new EndpointError(
      text,
      rest!.split(":").length > 2
        ? "an IPv6 address stands in brackets, as in [::1]:7007"
        : "the port is missing, as in localhost:7007",
    );
  }
  const [, bracketed, plain, port] = match;
  if (!/^\d+$/.test(port!)) {
    throw new EndpointError(text, "the port is not a number");
  }
  if (Number(port) > 65_535) {
    throw new EndpointError(text, "a port is 65535 at most");
  }
  return {
    transport: transport as "tcp" | "udp" | "tls",
    host: bracketed ?? plain!,
    port: Number(port),
  };
}

/** The text that {@linkcode parseEndpoint} reads. */
export function formatEndpoint(endpoint: Endpoint): string {
  return "path" in endpoint
    ? `${endpoint.transport}:${endpoint.path}`
    : `${endpoint.transport}://${formatName(endpoint)}`;
}

/** A socket's name as people write it: `127.0.0.1:7007`, `[::1]:7007`, `/run/x.sock`, `@name`. */
export function formatName(name: SocketName): string {
  if ("path" in name) return name.path === "" ? "(unnamed)" : name.path;
  return name.host.includes(":")
    ? `[${name.host}]:${name.port}`
    : `${name.host}:${name.port}`;
}
