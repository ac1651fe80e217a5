/** The one question that every socket is asked before it opens: may this process reach that host? */

import {
  isNativeGranted,
  nativeLibraryPath,
  requireSupported,
} from "../os/library.ts";
import { withoutZone } from "../wire/address.ts";

/** A Deno permission is missing; the message and {@linkcode flag} say which. */
export class PermissionError extends Error {
  /** The name of the class. */
  override readonly name = "PermissionError";
  /** What to change about the flags of `deno run`: `--allow-net=example.com`. */
  readonly flag: string;

  /** For the library's own use; a constructor cannot be hidden. */
  constructor(what: string, flag: string) {
    super(`Requires ${what}: run again with ${flag}`);
    this.flag = flag;
  }
}

/** A host as permissions spell it: IPv6 literals in brackets, without a zone; `unix:PATH` as it is. */
export function permissionHost(host: string, port?: number): string {
  if (host.startsWith("unix:")) return host;
  const name = host.includes(":") ? `[${withoutZone(host)}]` : host;
  return port === undefined ? name : `${name}:${port}`;
}

function netState(host: string): Deno.PermissionState {
  return Deno.permissions.querySync({ name: "net", host }).state;
}

/**
 * Checks that Deno's `net` permission covers a host, exactly as
 * `Deno.connect` would. Without a port every port of the host is meant, as
 * ICMP has none.
 *
 * @param host the host as the user named it, or its address
 * @throws {PermissionError} when it does not; nothing is ever asked of the user
 */
export function requireNet(host: string, port?: number): void {
  const name = permissionHost(host, port);
  switch (netState(name)) {
    case "granted":
      return;
    case "denied":
      throw new PermissionError(
        `net access to "${name}", which is denied`,
        "no --deny-net that covers it",
      );
    default:
      throw new PermissionError(
        `net access to "${name}"`,
        `--allow-net=${name}`,
      );
  }
}

/**
 * Checks that Deno's `read` and `write` permissions cover the path of a Unix
 * socket, exactly as `Deno.connect` and `Deno.listen` would.
 *
 * @throws {PermissionError} when one does not
 */
export function requireSocketPath(path: string): void {
  for (const name of ["read", "write"] as const) {
    const { state } = Deno.permissions.querySync({ name, path });
    if (state === "granted") continue;
    throw new PermissionError(
      `${name} access to ${JSON.stringify(path)}` +
        (state === "denied" ? ", which is denied" : ""),
      state === "denied"
        ? `no --deny-${name} that covers it`
        : `--allow-${name}=${path}`,
    );
  }
}

/** Whether permissions can name a host. */
export function isPermissionHost(host: string): boolean {
  try {
    netState(permissionHost(host));
    return true;
  } catch (error) {
    if (error instanceof URIError || error instanceof TypeError) return false;
    throw error;
  }
}

/** Whether `net` covers a host, on one port or on all. */
export function mayReach(host: string, port?: number): boolean {
  return netState(permissionHost(host, port)) === "granted";
}

/** Whether `net` is granted for every host without exception, so that ranges need not be checked one by one. */
export function isNetUnlimited(): boolean {
  const { state, partial } = Deno.permissions.querySync({ name: "net" });
  return state === "granted" && !partial;
}

/**
 * Checks an address that a permitted name resolved to: it may still be one
 * that `--deny-net` forbids.
 *
 * @throws {PermissionError} when it is
 */
export function requireNotDenied(
  host: string,
  address: string,
  port?: number,
): void {
  const name = permissionHost(address, port);
  if (netState(name) === "denied") {
    throw new PermissionError(
      `net access to "${name}", which "${host}" resolves to`,
      "no --deny-net that covers it",
    );
  }
}

/** What Deno's own UDP sockets are bound to before they send to a host; it wants `net` for that, too. */
export function denoUdpSource(
  host: string,
): { readonly host: string; readonly port: number } {
  return { host: host.includes(":") ? "::" : "0.0.0.0", port: 0 };
}

/** Whether Deno's `ffi` permission covers the system's own library. */
export function mayUseNative(): boolean {
  return isNativeGranted();
}

/**
 * Checks that Deno's `ffi` permission covers the system's own library.
 *
 * @throws {PermissionError} when it does not
 * @throws {UnsupportedError} on a system that netdiag has no native layer for
 */
export function requireNative(): void {
  requireSupported();
  if (!isNativeGranted()) {
    throw new PermissionError(
      "ffi access to the system's C library",
      "--allow-ffi",
    );
  }
}

/** The path for a scoped `--allow-ffi=PATH`; undefined where it cannot be told without more permissions. */
export function libraryPath(): string | undefined {
  return nativeLibraryPath();
}
