/** What a client of an endpoint needs. */

import type { Endpoint } from "../../lib/socket/endpoint.ts";
import { denoUdpSource } from "../../lib/socket/permission.ts";
import { isAddress } from "../../lib/wire/address.ts";
import type { Permission, Permissions } from "../command.ts";

/** The options that decide on it. */
export interface ClientValues {
  readonly engine?: "auto" | "native" | "deno" | undefined;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly cacert?: string | undefined;
}

/** The permissions of a client, and those for its files. */
export function clientPermissions(
  endpoint: Endpoint,
  { engine = "auto", ipv4, ipv6, cacert }: ClientValues,
): Permissions {
  const ffi = { name: "ffi" } as const;
  const isNative = engine === "native" ||
    engine === "auto" && Deno.build.os === "linux";
  const required: Permission[] = [];
  if (cacert !== undefined) required.push({ name: "read", path: cacert });
  if ("path" in endpoint) {
    const { path } = endpoint;
    required.push({ name: "read", path }, { name: "write", path });
    // Deno 2.9 wants net for its own Unix sockets, and 2.6 knows no narrower flag for that.
    required.push(isNative ? ffi : { name: "net" });
    return { required, optional: [] };
  }
  const { transport, port } = endpoint;
  const host = endpoint.host || (ipv6 ? "::1" : "127.0.0.1");
  required.push({ name: "net", host, port });
  const picksAddress = (ipv4 || ipv6) && !isAddress(host);
  const advised: Permission[] = [];
  if (isNative && (picksAddress || transport === "udp")) advised.push(ffi);
  if (!isNative && transport === "udp") {
    // Whatever address it finds for a name.
    advised.push({
      name: "net",
      ...isAddress(host) ? denoUdpSource(host) : {},
    });
  }
  // TLS is Deno's own, which is given the address that was picked.
  if (isNative && picksAddress && transport === "tls") {
    advised.push({ name: "net" });
  }
  return engine === "native"
    ? { required: [...required, ffi], advised, optional: [] }
    : { required, advised, optional: engine === "auto" ? [ffi] : [] };
}
