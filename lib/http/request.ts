/** The request that options and a URL amount to. */

import { OptionError } from "../socket/options.ts";
import type { HeaderField } from "../wire/http1/events.ts";
import { latin1Text } from "../wire/http1/octets.ts";
import { writeRequestHead } from "../wire/http1/request.ts";
import type { HttpOptions, RequestInfo } from "./types.ts";
import type { HttpUrl } from "./url.ts";

/** A request that is ready to be sent. */
export interface PreparedRequest {
  readonly info: RequestInfo;
  readonly head: Uint8Array;
  readonly body: Uint8Array | undefined;
}

/** What a redirect may change about the next request. */
export interface RequestState {
  readonly method: string;
  readonly body: Uint8Array | undefined;
  /** Whether user, password, cookies and authorization go along. */
  readonly withCredentials: boolean;
}

/** Fields that are for one origin only. */
const CREDENTIALS: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "proxy-authorization",
]);
/** Fields that describe a body, and go with it. */
const OF_BODY: ReadonlySet<string> = new Set([
  "content-length",
  "content-type",
  "content-encoding",
  "transfer-encoding",
]);

/** The state before any redirect. */
export function firstState({ method, body }: HttpOptions): RequestState {
  return {
    method: method ?? (body === undefined ? "GET" : "POST"),
    body,
    withCredentials: true,
  };
}

/**
 * Writes a request.
 *
 * @throws {HttpRequestError} when a part has a character that must not be sent
 * @throws {OptionError} when a header says how long the body is and is wrong, or in what form it comes
 */
export function prepareRequest(
  url: HttpUrl,
  state: RequestState,
  options: HttpOptions,
): PreparedRequest {
  const { method, body } = state;
  const version = options.version ?? "1.1";
  const headers = headersFor(url, state, options);
  requireTrueLength(headers, body);
  const head = writeRequestHead({
    method,
    target: url.target,
    version,
    headers,
  });
  return {
    info: {
      method,
      url: url.text,
      target: url.target,
      version,
      headers,
      head: latin1Text(head, 0, head.length),
      headBytes: head.length,
      bodyBytes: body?.length ?? 0,
    },
    head,
    body,
  };
}

function headersFor(
  url: HttpUrl,
  { body, withCredentials }: RequestState,
  options: HttpOptions,
): HeaderField[] {
  const user = withCredentials ? options.user : url.user;
  const defaults: HeaderField[] = [
    { name: "Host", value: url.authority },
    ...(user === undefined
      ? []
      : [{ name: "Authorization", value: basic(user.name, user.password) }]),
    { name: "User-Agent", value: "netdiag" },
    { name: "Accept", value: "*/*" },
    ...(options.compressed
      ? [{ name: "Accept-Encoding", value: "gzip, deflate, br" }]
      : []),
    ...(body === undefined ? [] : [
      { name: "Content-Type", value: "application/x-www-form-urlencoded" },
      { name: "Content-Length", value: String(body.length) },
    ]),
  ];
  const allowed = (options.headers ?? []).filter(({ name }) => {
    const key = name.toLowerCase();
    return (withCredentials || !CREDENTIALS.has(key) && key !== "host") &&
      (options.body === undefined || body !== undefined || !OF_BODY.has(key));
  });
  const given = allowed.map(({ name, value }) => ({
    key: name.toLowerCase(),
    fields: value === undefined ? [] : [{ name, value: octets(value) }],
  }));
  const names = new Set(defaults.map(({ name }) => name.toLowerCase()));
  return [
    ...defaults.flatMap((field) => {
      const own = given.filter(({ key }) => key === field.name.toLowerCase());
      return own.length === 0 ? [field] : own.flatMap(({ fields }) => fields);
    }),
    ...given.filter(({ key }) => !names.has(key)).flatMap(({ fields }) =>
      fields
    ),
  ];
}

/** RFC 7617 section 2, with UTF-8. */
function basic(name: string, password: string): string {
  return `Basic ${new TextEncoder().encode(`${name}:${password}`).toBase64()}`;
}

/** Text as UTF-8, each octet a character. */
function octets(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return latin1Text(bytes, 0, bytes.length);
}

/** A request whose length is a lie would desynchronise whatever is between here and the server. */
function requireTrueLength(
  headers: readonly HeaderField[],
  body: Uint8Array | undefined,
): void {
  for (const { name, value } of headers) {
    switch (name.toLowerCase()) {
      case "content-length":
        if (value === String(body?.length ?? 0)) break;
        throw new OptionError(
          "headers",
          `Cannot send "${name}: ${value}": the body has ${
            body?.length ?? 0
          } bytes`,
        );
      case "transfer-encoding":
        throw new OptionError(
          "headers",
          `Cannot send "${name}: ${value}": the body goes out as it is`,
        );
    }
  }
}
