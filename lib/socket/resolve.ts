/** Names to addresses and back, by the system's own resolver, within the `net` permission. */

import { loadSystem } from "../os/system.ts";
import type { SystemAddress } from "../os/types.ts";
import {
  type Family,
  familyOf,
  formatAddress,
  parseAddress,
  quoteHost,
} from "../wire/address.ts";
import {
  isPermissionHost,
  mayReach,
  requireNative,
  requireNet,
  requireNotDenied,
} from "./permission.ts";

/** No white space, no control characters, no list. */
// deno-lint-ignore no-control-regex
const HOST_NAME = /^[^\x00-\x20\x7f-\xa0,]+$/;

function isPlain(name: string | undefined): name is string {
  return name !== undefined && HOST_NAME.test(name);
}

/** A name stands for no address. */
export class ResolutionError extends Error {
  /** The name of the class. */
  override readonly name = "ResolutionError";
  /** The name, as it was given. */
  readonly host: string;
  /** getaddrinfo's code, such as `EAI_NONAME`. */
  readonly code: string;

  /** For the library's own use; a constructor cannot be hidden. */
  constructor(host: string, description: string, code: string) {
    super(`Cannot resolve ${quoteHost(host)}: ${description}`);
    this.host = host;
    this.code = code;
  }
}

/** Addresses that permitted names stood for: the `net` permission names the names alone. */
const permitted = new Set<string>();
const MAX_PERMITTED = 4096;

function permit(address: string): void {
  if (permitted.size >= MAX_PERMITTED) permitted.clear();
  permitted.add(address);
}

/** An address that a permitted host stands for. */
export interface ResolvedAddress extends SystemAddress {
  readonly family: Family;
  /** In text, without its zone. */
  readonly text: string;
  /** The IPv6 zone in text, with its `%`; empty where there is none. */
  readonly zone: string;
  /** What the name of the host is an alias of, or that name itself; undefined where that is unknown. */
  readonly canonicalName?: string | undefined;
}

/**
 * The first address of a host, in the system's order of preference.
 *
 * @param host a name, or an address in text, an IPv6 zone included
 * @throws {PermissionError} when `net` does not cover the host, or denies its address
 * @throws {ResolutionError} when there is no address, or none of `family`
 */
export async function resolve(
  host: string,
  family?: Family,
  port?: number,
  signal?: AbortSignal,
): Promise<ResolvedAddress> {
  const [first] = await lookUp(host, family, port, signal);
  return checked(host, first, port);
}

/** Every address of a host, as {@linkcode resolve} finds the first; never none. */
export async function resolveAll(
  host: string,
  family?: Family,
  port?: number,
  signal?: AbortSignal,
): Promise<readonly ResolvedAddress[]> {
  const addresses = await lookUp(host, family, port, signal);
  return addresses.map((address) => checked(host, address, port));
}

async function lookUp(
  host: string,
  family: Family | undefined,
  port: number | undefined,
  signal: AbortSignal | undefined,
): Promise<readonly [ResolvedAddress, ...ResolvedAddress[]]> {
  if (parseAddress(host) === undefined) requireHostName(host);
  requireNet(host, port);
  requireNative();
  const system = await loadSystem();
  const literal = literalAddress(host, family);
  if (literal !== undefined) return [literal];
  const result = await abortable(system.lookup(host, family), signal);
  if ("code" in result) {
    throw new ResolutionError(host, result.description, result.code);
  }
  // Whoever serves the name chose it, terminal sequences included.
  const canonicalName = isPlain(result.canonicalName)
    ? result.canonicalName
    : undefined;
  const [first, ...others] = result.addresses.map((address) => ({
    ...address,
    canonicalName,
    text: formatAddress(address.bytes),
    zone: address.scopeId === 0 ? "" : zoneOf(host, address.scopeId),
  }));
  if (first === undefined) {
    throw new ResolutionError(host, "it has no address", "EAI_NODATA");
  }
  return [first, ...others];
}

/**
 * The address that a host is already; undefined for a name.
 *
 * @throws {ResolutionError} when it is none of `family`
 */
export function literalAddress(
  host: string,
  family?: Family,
): ResolvedAddress | undefined {
  const bytes = parseAddress(host);
  if (bytes === undefined) return undefined;
  const literalFamily = familyOf(bytes);
  if (family !== undefined && family !== literalFamily) {
    throw new ResolutionError(
      host,
      `is an IPv${literalFamily} address, and IPv${family} was asked for`,
      "EAI_ADDRFAMILY",
    );
  }
  return {
    family: literalFamily,
    bytes,
    scopeId: 0,
    text: formatAddress(bytes),
    zone: "",
  };
}

/** An address that a permitted host stands for, unless it is denied itself. */
function checked(
  host: string,
  address: ResolvedAddress,
  port: number | undefined,
): ResolvedAddress {
  if (host !== address.text) {
    requireNotDenied(host, address.text, port);
    permit(address.text);
  }
  return address;
}

/** Whether a host is one at all, to the resolver as to Deno's permissions; each reads what is none in its own way. */
export function isHostName(host: string): boolean {
  return HOST_NAME.test(host) && isPermissionHost(host);
}

/** @throws {ResolutionError} when a host is none */
export function requireHostName(host: string): void {
  if (!isHostName(host)) {
    throw new ResolutionError(host, "not a host name", "EAI_NONAME");
  }
}

function zoneOf(host: string, scopeId: number): string {
  const at = host.indexOf("%");
  return at < 0 ? `%${scopeId}` : host.slice(at);
}

/**
 * The name of an address, as far as the `net` permission goes: of an address
 * that it covers, or that a name it covers resolved to.
 *
 * @param address in text, without a zone
 * @returns undefined when it has none, may not be asked for, or `signal` aborts first
 * @throws {PermissionError} when `ffi` is not granted
 */
export async function reverseName(
  address: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const bytes = parseAddress(address);
  if (bytes === undefined) return undefined;
  requireNative();
  if (!permitted.has(formatAddress(bytes)) && !mayReach(address)) {
    return undefined;
  }
  const family = familyOf(bytes);
  try {
    const system = await loadSystem();
    const name = await abortable(
      system.reverseLookup(family, { bytes, scopeId: 0 }),
      signal,
    );
    // Whoever runs the address chose the name, terminal sequences included.
    return isPlain(name) ? name : undefined;
  } catch (error) {
    if (signal?.aborted) return undefined;
    throw error;
  }
}

/** Waits for what cannot be interrupted itself, as a lookup; `signal` ends the wait. */
export function abortable<T>(
  promise: Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  if (signal === undefined) return promise;
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() =>
      signal.removeEventListener("abort", abort)
    );
  });
}
