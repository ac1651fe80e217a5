/** TCP and Unix connections that are read when their user asks for more. */

import type { LookupAddress } from "node:dns";
import type { SocketName } from "../os/network.ts";
import { loadSystem } from "../os/system.ts";
import type { Family } from "../wire/address.ts";
import { interleave, type Race, race } from "./happy_eyeballs.ts";
import {
  isNetUnlimited,
  mayReach,
  mayUseNative,
  PermissionError,
  permissionHost,
  requireNet,
  requireNotDenied,
  requireSocketPath,
} from "./permission.ts";
import {
  literalAddress,
  requireHostName,
  ResolutionError,
  resolveAll,
} from "./resolve.ts";

/** A connection. Whoever opened it closes it. */
export interface ByteStream {
  readonly local: SocketName;
  readonly remote: SocketName;
  /** What it is to Deno's API; undefined with TLS. */
  readonly conn?: Deno.Conn;
  /** Reads what there is, at least a byte and at most a buffer full; null when the peer has ended. */
  read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null>;
  /** Hands every byte to the system. */
  write(bytes: Uint8Array): Promise<void>;
  /** Gives the connection up at once, what is being read or written included. Harmless when it is closed. */
  close(): void;
}

/** Where a host is, as far as this process may know. */
export interface Destination {
  readonly host: string;
  readonly port: number;
  /**
   * In the order in which to try them. Undefined where the `net` permission
   * covers the name of the host only: then Deno looks it up as it connects.
   */
  readonly addresses: readonly string[] | undefined;
}

/**
 * Looks up where to connect to.
 *
 * @throws {PermissionError} when `net` does not cover the host and port, or
 * not the addresses that a `family` picks
 * @throws {ResolutionError} when there is no address, or none of `family`
 */
export async function findDestination(
  host: string,
  port: number,
  family: Family | undefined,
  signal: AbortSignal,
): Promise<Destination> {
  requireHostName(host);
  requireNet(host, port);
  const literal = literalAddress(host, family);
  if (literal !== undefined) return { host, port, addresses: [literal.text] };
  const addresses = mayUseNative()
    ? (await resolveAll(host, family, port, signal))
      .map(({ family, text, zone }) => ({ family, text: text + zone }))
    : mayReach(host)
    ? await lookUpByDeno(host, port, family, signal)
    : [];
  const isByName = addresses.length === 0 ||
    addresses.some(({ text }) => !mayReach(text, port));
  if (!isByName) {
    return { host, port, addresses: interleave(addresses).map((a) => a.text) };
  }
  if (family !== undefined) {
    throw new PermissionError(
      `net access to the IPv${family} addresses of ${JSON.stringify(host)}`,
      addresses.length === 0
        ? "--allow-net"
        : `--allow-net=${
          [host, ...addresses.map(({ text }) => text)]
            .map((name) => permissionHost(name, port)).join(",")
        }`,
    );
  }
  return { host, port, addresses: undefined };
}

/** Loads what lookups are made with, so that the first one takes no longer than others. Nothing is sent. */
export async function prepareLookups(): Promise<void> {
  if (mayUseNative()) await (await loadSystem()).lookup("127.0.0.1");
}

/** getaddrinfo(3) without FFI: Deno lets Node's API call it where `net` covers the host on every port. */
async function lookUpByDeno(
  host: string,
  port: number,
  family: Family | undefined,
  signal: AbortSignal,
): Promise<{ family: Family; text: string }[]> {
  const { lookup } = await import("node:dns");
  signal.throwIfAborted();
  const found = await new Promise<LookupAddress[]>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    lookup(host, { all: true, family: family ?? 0 }, (error, found) => {
      signal.removeEventListener("abort", abort);
      if (error !== null) {
        const code = error.code ?? "EAI_FAIL";
        reject(
          new ResolutionError(
            host,
            code === "ENOTFOUND" ? "Name or service not known" : code,
            code,
          ),
        );
        return;
      }
      resolve(found);
    });
  });
  // Deno 2.6 has an empty list where others have an error.
  if (found.length === 0) {
    throw new ResolutionError(host, "it has no address", "EAI_NODATA");
  }
  for (const { address } of found) requireNotDenied(host, address, port);
  return found.map(({ address, family }) => ({
    family: family === 4 ? 4 : 6,
    text: address,
  }));
}

/**
 * Connects by TCP, with Happy Eyeballs where there are several addresses.
 *
 * @throws {ConnectError} when no address could be connected to
 * @throws whatever `signal` aborts with
 */
export async function connectTcp(
  { host, port, addresses }: Destination,
  signal: AbortSignal,
): Promise<Race<ByteStream>> {
  const result = await race(addresses ?? [host], {
    connect: (hostname, signal) => Deno.connect({ hostname, port, signal }),
    close: (connection) => connection.close(),
    now: () => performance.now(),
    signal,
  });
  result.winner.setNoDelay(true);
  return { ...result, winner: new DenoByteStream(result.winner) };
}

/**
 * Connects to a Unix stream socket; `@` begins an abstract name.
 *
 * @throws {PermissionError} when `read`, `write` or `net` do not cover it
 * @throws {ConnectError} when nobody listens there
 */
export async function connectUnix(
  path: string,
  signal: AbortSignal,
): Promise<Race<ByteStream>> {
  requireSocketPath(path);
  const netHost = netHostOf(path);
  if (netHost !== undefined && !isNetUnlimited()) requireNet(netHost);
  const systemPath = path.replace(/^@/, "\0");
  const result = await race([path], {
    connect: () => Deno.connect({ transport: "unix", path: systemPath }),
    close: (connection) => connection.close(),
    now: () => performance.now(),
    signal,
  });
  return { ...result, winner: new DenoByteStream(result.winner) };
}

/**
 * What the `net` permission calls a Unix socket: by an absolute path. Older
 * versions of Deno do not want it for those, and cannot name them: undefined.
 */
export function netHostOf(path: string): string | undefined {
  try {
    Deno.permissions.querySync({ name: "net", host: "unix:/" });
  } catch {
    return undefined;
  }
  const isAbsolute = /^([/\\@]|[a-z]:)/i.test(path);
  return `unix:${isAbsolute ? path : `${Deno.cwd()}/${path}`}`;
}

/** A connection of Deno's API. */
export class DenoByteStream implements ByteStream {
  readonly local: SocketName;
  readonly remote: SocketName;
  readonly conn: Deno.Conn;
  #closed = false;

  constructor(conn: Deno.Conn) {
    this.conn = conn;
    this.local = nameOf(conn.localAddr);
    this.remote = nameOf(conn.remoteAddr);
  }

  read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
    return this.conn.read(buffer);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      at += await this.conn.write(bytes.subarray(at));
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.conn.close();
    } catch (error) {
      // Deno.startTls() has taken it over.
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }
}

function nameOf(address: Deno.Addr): SocketName {
  return "hostname" in address
    ? { host: address.hostname, port: address.port }
    : { path: "path" in address ? address.path ?? "" : "" };
}
