/** The door to TCP, TLS, UDP and Unix sockets: names are resolved and permissions asked for here, and nowhere else. */

import { asSystemError } from "../os/errno.ts";
import { UnsupportedError } from "../os/library.ts";
import type {
  Cancel,
  ConnectOptions,
  DatagramHandler,
  DatagramOptions,
  DatagramSocket,
  Listener,
  ListenHandler,
  ListenOptions,
  Network,
  SocketName,
  StreamConnection,
  StreamHandler,
} from "../os/network.ts";
import { loadSystem } from "../os/system.ts";
import {
  type Family,
  familyOf,
  isAddress,
  parseAddress,
  withoutZone,
} from "../wire/address.ts";
import { type Endpoint, formatEndpoint } from "./endpoint.ts";
import {
  denoUdpSource,
  isNetUnlimited,
  mayReach,
  mayUseNative,
  PermissionError,
  permissionHost,
  requireNative,
  requireNet,
  requireSocketPath,
} from "./permission.ts";
import { requireHostName, ResolutionError, resolve } from "./resolve.ts";

/** An endpoint that has an address, and that this process may use: only {@linkcode ScopedNetwork.resolve} makes one. */
export interface Place {
  readonly endpoint: Endpoint;
  readonly name: SocketName;
}

/** How to look an endpoint up. */
export interface ResolveOptions {
  /** To listen there: an empty host is every address of this machine, not the loopback one. */
  readonly passive?: boolean | undefined;
  readonly family?: Family | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Which sockets to use: those of the native layer, those of Deno's API, or the best there is. */
export type EngineChoice = "auto" | "native" | "deno";

/** How to connect: whether with TLS, and to which server name, the endpoint says. */
export interface ScopedConnectOptions extends Omit<ConnectOptions, "tls"> {
  readonly tls?: Partial<NonNullable<ConnectOptions["tls"]>> | undefined;
}

/** The sockets of one run, within the permissions of this process. */
export interface ScopedNetwork extends Disposable, AsyncDisposable {
  /** The engine of everything but TLS, which is always Deno's. */
  readonly engine: "native" | "deno";
  now(): number;
  schedule(at: number, callback: () => void): Cancel;
  /**
   * Looks up where an endpoint is, and asks for permission: `net` for its
   * host and port, `read` and `write` for its path.
   *
   * @throws {PermissionError} when this process may not use it
   * @throws {ResolutionError} when its host has no address (of `family`)
   */
  resolve(
    endpoint: Endpoint,
    options?: ResolveOptions,
  ): Promise<Place>;
  listen(
    at: Place,
    options: ListenOptions,
    handler: ListenHandler,
  ): Promise<Listener>;
  connect(
    to: Place,
    options: ScopedConnectOptions,
    handler: StreamHandler,
  ): StreamConnection;
  bind(
    at: Place,
    options: DatagramOptions,
    handler: DatagramHandler,
  ): Promise<DatagramSocket>;
  associate(
    to: Place,
    options: DatagramOptions,
    handler: DatagramHandler,
  ): Promise<DatagramSocket>;
}

/**
 * Opens the sockets of one run.
 *
 * @throws {PermissionError} when `native` is asked for without `ffi`
 * @throws {UnsupportedError} when `native` is asked for where there is none
 */
export async function openNetwork(
  engine: EngineChoice = "auto",
): Promise<ScopedNetwork> {
  const native = engine === "deno" ? undefined : await openNative(engine);
  return new Scoped(native ?? await openDeno());
}

async function openNative(
  engine: "auto" | "native",
): Promise<Network | undefined> {
  if (engine === "auto" && !mayUseNative()) return undefined;
  requireNative();
  const network = await (await loadSystem()).openNetwork?.();
  if (network === undefined && engine === "native") {
    throw new UnsupportedError(
      `Native TCP and UDP sockets are not supported on ${Deno.build.os}`,
    );
  }
  return network;
}

async function openDeno(): Promise<Network> {
  const { DenoNetwork } = await import("../os/deno/network.ts");
  return new DenoNetwork();
}

class Scoped implements ScopedNetwork {
  readonly #network: Network;
  /** Deno's own, for TLS. */
  #deno: Network | undefined;

  constructor(network: Network) {
    this.#network = network;
  }

  get engine(): "native" | "deno" {
    return this.#network.engine;
  }

  now(): number {
    return this.#network.now();
  }

  schedule(at: number, callback: () => void): Cancel {
    return this.#network.schedule(at, callback);
  }

  async resolve(
    endpoint: Endpoint,
    { passive = false, family, signal }: ResolveOptions = {},
  ): Promise<Place> {
    if ("path" in endpoint) {
      requireSocketPath(endpoint.path);
      return { endpoint, name: { path: endpoint.path } };
    }
    const { port, transport } = endpoint;
    if (transport === "tls" && this.#network.engine !== "deno") {
      this.#deno ??= await openDeno();
    }
    const host = endpoint.host !== ""
      ? endpoint.host
      : passive
      ? "::"
      : family === 6
      ? "::1"
      : "127.0.0.1";
    if (this.#network.engine === "deno") {
      requireHostName(host);
      requireNet(host, port);
      if (family !== undefined) requireFamily(host, family);
      return { endpoint, name: { host, port } };
    }
    const { text, zone } = await resolve(host, family, port, signal);
    if (transport === "tls" && !mayReach(text, port)) {
      if (family !== undefined) {
        throw new PermissionError(
          `net access to "${permissionHost(text, port)}", an address of ${
            JSON.stringify(host)
          }`,
          `--allow-net=${
            [host, text].map((name) => permissionHost(name, port)).join(",")
          }`,
        );
      }
      // Deno, whose sockets those of TLS are, may use the name, and looks it up itself.
      return { endpoint, name: { host, port } };
    }
    return { endpoint, name: { host: text + zone, port } };
  }

  async listen(
    at: Place,
    options: ListenOptions,
    handler: ListenHandler,
  ): Promise<Listener> {
    const network = this.#networkOf(at);
    const listen = (name: SocketName) => network.listen(name, options, handler);
    return await opening("listen on", at, listen);
  }

  connect(
    to: Place,
    options: ScopedConnectOptions,
    handler: StreamHandler,
  ): StreamConnection {
    const { endpoint } = to;
    const tls = endpoint.transport === "tls"
      ? { serverName: endpoint.host || "localhost", ...options.tls }
      : undefined;
    return this.#networkOf(to).connect(to.name, { ...options, tls }, handler);
  }

  async bind(
    at: Place,
    options: DatagramOptions,
    handler: DatagramHandler,
  ): Promise<DatagramSocket> {
    const told = this.engine === "deno" ? namingNet(handler) : handler;
    const bind = (name: SocketName) => this.#network.bind(name, options, told);
    return await opening("listen on", at, bind);
  }

  async associate(
    to: Place,
    options: DatagramOptions,
    handler: DatagramHandler,
  ): Promise<DatagramSocket> {
    let told = handler;
    if (this.engine === "deno" && "port" in to.name) {
      const { host } = to.name;
      const source = denoUdpSource(host);
      requireNet(source.host, source.port);
      // It looks a name up only where every port of it is granted.
      if (!isAddress(host)) requireNet(host);
      told = namingNet(handler, to.name);
    }
    const associate = (name: SocketName) =>
      this.#network.associate(name, options, told);
    return await opening("connect to", to, associate);
  }

  #networkOf({ endpoint }: Place): Network {
    return endpoint.transport === "tls"
      ? this.#deno ?? this.#network
      : this.#network;
  }

  [Symbol.dispose](): void {
    this.#network[Symbol.dispose]();
    this.#deno?.[Symbol.dispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#network[Symbol.asyncDispose]();
    await this.#deno?.[Symbol.asyncDispose]();
  }
}

/**
 * Names the permission that Deno does not send a datagram without: it says
 * that it failed, and no more.
 *
 * @param remote what a connected socket talks to
 */
function namingNet(
  handler: DatagramHandler,
  remote?: SocketName,
): DatagramHandler {
  return {
    datagram: (bytes, from, length) => handler.datagram(bytes, from, length),
    error: (error, to, length) =>
      handler.error(missingNet(error, to?.name ?? remote), to, length),
    drained: () => handler.drained(),
  };
}

function missingNet(error: Error, to: SocketName | undefined): Error {
  const { code } = error as { code?: unknown };
  if (code !== "UNKNOWN" || to === undefined || !("port" in to)) return error;
  const { host, port } = to;
  if (isAddress(host) ? mayReach(host, port) : isNetUnlimited()) return error;
  return new PermissionError(
    isAddress(host)
      ? `net access to "${permissionHost(host, port)}"`
      : `net access to the address of "${host}"`,
    "--allow-net",
  );
}

/** Deno's sockets look names up themselves, and take the first address they find. */
function requireFamily(host: string, family: Family): void {
  const address = parseAddress(withoutZone(host));
  if (address === undefined) {
    throw new UnsupportedError(
      `Deno's own sockets cannot choose the IPv${family} address of "${host}": name the address itself, or use the native engine (on Linux, with --allow-ffi)`,
    );
  }
  if (familyOf(address) !== family) {
    throw new ResolutionError(
      host,
      `is an IPv${familyOf(address)} address, and IPv${family} was asked for`,
      "EAI_ADDRFAMILY",
    );
  }
}

/**
 * Why a connection could not be made: Deno's sockets look names up only then.
 *
 * @param error what {@linkcode StreamHandler.closed} was called with in place of `opened`
 * @returns a {@linkcode ResolutionError} when the name has no address
 */
export function connectFailure({ endpoint }: Place, error?: Error): Error {
  if (error === undefined) {
    return new Error("The connection was closed at once");
  }
  const lookup = /^failed to lookup address information: (.*)$/s.exec(
    error.message,
  );
  return lookup !== null && "host" in endpoint
    ? new ResolutionError(endpoint.host, lookup[1]!, "EAI_NONAME")
    : error;
}

/** Opens a socket; what the system refuses is told with the endpoint, in the same words for every engine. */
async function opening<T>(
  what: string,
  { endpoint, name }: Place,
  open: (name: SocketName) => Promise<T>,
): Promise<T> {
  try {
    return await open(name);
  } catch (error) {
    // A machine without IPv6 still has every IPv4 address.
    const isEvery = "host" in endpoint && endpoint.host === "";
    if (isEvery && "host" in name && name.host === "::" && lacksIpv6(error)) {
      const ipv4 = { host: "0.0.0.0", port: name.port };
      return await opening(what, { endpoint, name: ipv4 }, open);
    }
    throw asSystemError(error, `${what} ${formatEndpoint(endpoint)}`);
  }
}

function lacksIpv6(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === "EAFNOSUPPORT" || code === "EADDRNOTAVAIL";
}
