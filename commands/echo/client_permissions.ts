/** What a client of an endpoint needs. */

import type { Endpoint } from "../../lib/socket/endpoint.ts";
import type { Permission, Permissions } from "../command.ts";

/** The options that decide on it. */
export interface ClientValues {
  readonly engine?: "auto" | "native" | "deno" | undefined;
  readonly ipv6: boolean;
  readonly cacert?: string | undefined;
}

/** The permissions of a client, and those for its files. */
export function clientPermissions(
  endpoint: Endpoint,
  { engine = "auto", ipv6, cacert }: ClientValues,
): Permissions {
  const ffi = { name: "ffi" } as const;
  const required: Permission[] = [];
  if (cacert !== undefined) required.push({ name: "read", path: cacert });
  if ("path" in endpoint) {
    const { path } = endpoint;
    required.push({ name: "read", path }, { name: "write", path });
    const isNative = engine === "native" ||
      engine === "auto" && Deno.build.os === "linux";
    // Deno 2.9 wants net for its own Unix sockets, and 2.6 knows no narrower flag for that.
    required.push(isNative ? ffi : { name: "net" });
    return { required, optional: [] };
  }
  const { host, port } = endpoint;
  const thisMachine = ipv6 ? "::1" : "127.0.0.1";
  required.push({ name: "net", host: host || thisMachine, port });
  return engine === "native"
    ? { required: [...required, ffi], optional: [] }
    : { required, optional: engine === "auto" ? [ffi] : [] };
}
