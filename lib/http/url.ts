/** URLs: what to ask whom for. */

import { UrlError } from "./errors.ts";
import type { HostPort, Override } from "./types.ts";

/** A URL of HTTP, taken apart. */
export interface HttpUrl {
  readonly secure: boolean;
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** Path and query: what the request line asks for. */
  readonly target: string;
  /** What the Host field says: without the port where it is the scheme's own. */
  readonly authority: string;
  /** Scheme, host and port. */
  readonly origin: string;
  /** Without user, password and fragment. */
  readonly text: string;
  readonly user:
    | { readonly name: string; readonly password: string }
    | undefined;
}

/**
 * Reads `http://`, `https://`, and a bare `host/path`, which means http.
 *
 * @param base what a relative one is relative to
 * @throws {UrlError} when the text is none
 */
export function parseHttpUrl(text: string, base?: string): HttpUrl {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== "http" && scheme !== "https") {
    throw new UrlError(text, "it begins with neither http:// nor https://");
  }
  // A URL parser would take these out and say nothing.
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x20\x7f]/.test(text)) {
    throw new UrlError(
      text,
      "a space or control character is written as %20 or the like",
    );
  }
  if (scheme !== undefined || base === undefined) requireHost(text, scheme);
  let url: URL;
  try {
    url = base !== undefined || scheme !== undefined
      ? new URL(text, base)
      : new URL(`http://${text}`);
  } catch {
    throw new UrlError(text, "it has no valid host and port");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new UrlError(text, "it leads away from http:// and https://");
  }
  const secure = url.protocol === "https:";
  const user = decode(url.username);
  if (user.includes(":")) {
    throw new UrlError(
      text,
      'a user\'s name must not contain ":" (RFC 7617, section 2)',
    );
  }
  return {
    secure,
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    target: url.pathname + url.search,
    authority: url.host,
    origin: url.origin,
    text: url.origin + url.pathname + url.search,
    user: url.username === "" && url.password === "" ? undefined : {
      name: user,
      password: decode(url.password),
    },
  };
}

/** Where a URL parser would find a host that is none, or not say what is wrong with it. */
function requireHost(text: string, scheme: string | undefined): void {
  const rest = text.slice(scheme === undefined ? 0 : scheme.length + 3);
  if (/^[/\\]/.test(rest) || text === "-") {
    throw new UrlError(text, "it has no host");
  }
  if (/^[^/?#]*\[[^\]/]*%/.test(rest)) {
    throw new UrlError(
      text,
      "addresses with a zone (RFC 6874) are not supported",
    );
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * A URL from a header, with what RFC 3986 section 2.1 demands of spaces, and
 * of octets beyond ASCII, which are a character each.
 */
export function percentEncoded(location: string): string {
  return location.replace(
    /[ \x80-\xff]/g,
    (octet) => `%${octet.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Where to connect to for a URL: the first override that matches, or what it says itself. */
export function placeOf(
  { host, port }: HttpUrl,
  overrides: readonly Override[] = [],
): HostPort {
  const match = overrides.find(({ from }) =>
    (from.host === "" || from.host.toLowerCase() === host.toLowerCase()) &&
    (from.port === 0 || from.port === port)
  );
  if (match === undefined) return { host, port };
  return { host: match.to.host || host, port: match.to.port || port };
}
