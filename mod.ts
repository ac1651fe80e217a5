/**
 * netdiag as a library: ping, echo and raw HTTP, from a script.
 *
 * @example
 * ```ts
 * import { ping } from "@netdiag/netdiag";
 *
 * for await (const event of ping("localhost", { count: 1 })) {
 *   if (event.type === "reply") console.log(`${event.rttMs} ms`);
 * }
 * ```
 *
 * @module
 */

export { echoLoad } from "./lib/echo/load.ts";
export type * from "./lib/echo/load_types.ts";
export { echoProbe } from "./lib/echo/probe.ts";
export type * from "./lib/echo/probe_types.ts";
export { serveEcho } from "./lib/echo/server.ts";
export type * from "./lib/echo/server_types.ts";
export { HttpError, UrlError } from "./lib/http/errors.ts";
export { httpGet, type HttpResponse } from "./lib/http/get.ts";
export type * from "./lib/http/types.ts";
export { SystemError } from "./lib/os/errno.ts";
export { UnsupportedError } from "./lib/os/library.ts";
export { MAX_SIZE, MAX_TARGETS } from "./lib/ping/limits.ts";
export { pingMany } from "./lib/ping/many.ts";
export { ping, type PingRun } from "./lib/ping/ping.ts";
export type * from "./lib/ping/types.ts";
export {
  type Endpoint,
  EndpointError,
  type Transport,
} from "./lib/socket/endpoint.ts";
export { IcmpUnavailableError, isPrivileged } from "./lib/socket/icmp.ts";
export { OptionError } from "./lib/socket/options.ts";
export { libraryPath, PermissionError } from "./lib/socket/permission.ts";
export { ResolutionError, reverseName } from "./lib/socket/resolve.ts";
export { AddressError, AddressRange } from "./lib/wire/address.ts";
export {
  type HttpErrorCode,
  HttpParseError,
  HttpRequestError,
} from "./lib/wire/http1/errors.ts";
export type { Deviation } from "./lib/wire/http1/events.ts";
export {
  type ParsedResponse,
  parseHttpResponse,
} from "./lib/wire/http1/response.ts";
export type { ParserOptions } from "./lib/wire/http1/parser.ts";
