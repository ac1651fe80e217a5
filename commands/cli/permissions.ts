/** Permissions as data: as flags of `deno run`, as a check, and as a vow to need no others. */

import {
  libraryPath,
  PermissionError,
  permissionHost,
  requireNative,
} from "../../lib/socket/permission.ts";
import { quoteHost } from "../../lib/wire/address.ts";
import { UsageError } from "./errors.ts";
import type { Permission, Permissions } from "../command.ts";

/** Every name that Deno can revoke. It revokes whole names only, so hosts and paths of a kept name stay as granted. */
const NAMES = [
  "read",
  "write",
  "net",
  "env",
  "run",
  "ffi",
  "sys",
  // Known to Deno, not yet to its types.
  "import" as Deno.PermissionName,
] as const;

/** Every permission that a command can declare; the compiler holds this list to the type. */
const DECLARED: Readonly<Record<Permission["name"], true>> = {
  net: true,
  ffi: true,
  read: true,
  write: true,
};

/** The flags of `deno run` that grant all that a command can declare: what the program as a whole may do. */
export const PERMISSION_FLAGS: readonly string[] = Object.keys(DECLARED)
  .map((name) => `--allow-${name}`);

/** What takes none. */
export const NO_PERMISSIONS: Permissions = { required: [], optional: [] };

/** More hosts than this are not listed one by one. */
export const MAX_LISTED_HOSTS = 16;

/** Permission for hosts on one port or all: one by one when they are few, else for all hosts there are. */
export function hosts(
  names: readonly string[],
  port: number | undefined,
): Permission[] {
  if (names.length > MAX_LISTED_HOSTS) return [{ name: "net" }];
  return [...new Set(names)].map((host) => ({
    name: "net",
    host,
    ...(port === undefined ? {} : { port }),
  }));
}

/** The flags of `deno run` that grant exactly these permissions, one a name, as words for a shell. */
export function flags(permissions: readonly Permission[]): string[] {
  const values = new Map<string, Set<string | undefined>>();
  for (const permission of permissions) {
    const own = values.get(permission.name) ?? new Set();
    values.set(permission.name, own.add(valueOf(permission)));
  }
  return [...values].map(([name, own]) =>
    // One without a value is one for all.
    shellWord(
      own.has(undefined)
        ? `--allow-${name}`
        : `--allow-${name}=${[...own].join(",")}`,
    )
  );
}

/** What follows `=` in a flag. A comma in a path is doubled, as Deno wants it. */
function valueOf(permission: Permission): string | undefined {
  switch (permission.name) {
    case "net":
      return permission.host === undefined
        ? undefined
        : permissionHost(permission.host, permission.port);
    case "ffi":
      return libraryPath();
    case "read":
    case "write":
      return permission.path.replaceAll(",", ",,");
  }
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./[\]-]+$/.test(text)
    ? text
    : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Gives up every permission that a command line has no use for, for good. */
export function dropOthers(
  { required, advised = [], optional }: Permissions,
): void {
  const kept = new Set(
    [...required, ...advised, ...optional].map(({ name }) => name),
  );
  for (const name of NAMES) {
    if (!kept.has(name as Permission["name"])) {
      Deno.permissions.revokeSync({ name });
    }
  }
}

/**
 * Checks that everything required is granted, without asking anyone.
 *
 * @throws {PermissionError} that names the missing flags
 */
export function requireAll({ required }: Permissions): void {
  const missing = required.filter((permission) => !isGranted(permission));
  if (missing.length === 0) return;
  throw new PermissionError(
    missing.map(describe).join(" and "),
    flags(missing).join(" "),
  );
}

/** Whether a permission is granted now. */
export function isGranted(permission: Permission): boolean {
  switch (permission.name) {
    case "net":
      return permission.host === undefined
        ? query({ name: "net" })
        : isHostGranted(permission.host, permission.port);
    case "ffi":
      try {
        requireNative();
        return true;
      } catch (error) {
        if (error instanceof PermissionError) return false;
        throw error;
      }
    case "read":
    case "write":
      return query(permission);
  }
}

function isHostGranted(host: string, port: number | undefined): boolean {
  try {
    return query({ name: "net", host: permissionHost(host, port) });
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw new UsageError(`Cannot use ${quoteHost(host)} as a host name`);
  }
}

function query(descriptor: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(descriptor).state === "granted";
}

function describe(permission: Permission): string {
  switch (permission.name) {
    case "net":
      return permission.host === undefined
        ? "net access to every target"
        : `net access to "${permissionHost(permission.host, permission.port)}"`;
    case "ffi":
      return "ffi access to the system's C library";
    case "read":
    case "write":
      return `${permission.name} access to "${permission.path}"`;
  }
}
