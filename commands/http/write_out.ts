/** `--write-out`: a line of the user's own, with curl's variables (curl(1)). */

import { cumulative, type CumulativeTimes } from "../../lib/http/phases.ts";
import { headerValue } from "../../lib/http/response.ts";
import type { Exchange } from "../../lib/http/types.ts";
import { percentEncoded } from "../../lib/http/url.ts";
import { UnknownNameError } from "../cli/errors.ts";
import { octetText } from "./fields.ts";

/** What an output is made from. */
export interface Results {
  /** The URL, as it was typed. */
  readonly url: string;
  /** Redirects first; at least one. */
  readonly exchanges: readonly Exchange[];
  readonly file: string | undefined;
  readonly exitStatus: number;
}

/** Makes the line. */
export type WriteOut = (results: Results) => string;

function last({ exchanges }: Results): Exchange {
  return exchanges.at(-1)!;
}

/** Seconds with microseconds; over several exchanges the sum, as with curl. */
function time(pick: (times: CumulativeTimes) => number) {
  return ({ exchanges }: Results) =>
    seconds(
      exchanges.reduce((sum, exchange) => sum + pick(cumulative(exchange)), 0),
    );
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(6);
}

/** Each character is an octet. */
function fieldOctets(results: Results, name: string): string {
  return headerValue(last(results).response?.headers ?? [], name) ?? "";
}

function field(name: string) {
  return (results: Results) =>
    octetText(fieldOctets(results, name.toLowerCase()));
}

function name(which: "local" | "remote", part: "host" | "port") {
  return (results: Results) => {
    const socket = last(results).connection?.[which];
    return socket === undefined || "path" in socket ? "" : String(socket[part]);
  };
}

function bytesDown(results: Results): number {
  return last(results).response?.bodyBytes ?? 0;
}

function rate(bytes: (results: Results) => number) {
  return (results: Results) => {
    const { totalMs } = last(results).phases;
    return String(
      totalMs > 0 ? Math.floor(bytes(results) * 1000 / totalMs) : 0,
    );
  };
}

const status = (results: Results) =>
  String(last(results).response?.status ?? 0).padStart(3, "0");

const VARIABLES: Readonly<Record<string, (results: Results) => string>> = {
  content_type: field("content-type"),
  errormsg: (results) => last(results).error?.message ?? "",
  exitcode: ({ exitStatus }) => String(exitStatus),
  filename_effective: ({ file }) => file ?? "",
  http_code: status,
  http_version: (results) => {
    const version = last(results).response?.version;
    return version === undefined ? "0" : `${version.major}.${version.minor}`;
  },
  local_ip: name("local", "host"),
  local_port: name("local", "port"),
  method: (results) => last(results).request?.method ?? "",
  num_connects: ({ exchanges }) =>
    String(
      exchanges.filter(({ connection }) =>
        connection !== undefined && !connection.reused
      ).length,
    ),
  num_headers: (results) => String(last(results).response?.headers.length ?? 0),
  num_redirects: ({ exchanges }) => String(exchanges.length - 1),
  redirect_url: (results) => {
    const location = percentEncoded(fieldOctets(results, "location"));
    return location === "" || !URL.canParse(location, last(results).url)
      ? location
      : new URL(location, last(results).url).href;
  },
  remote_ip: name("remote", "host"),
  remote_port: name("remote", "port"),
  response_code: status,
  scheme: (results) => new URL(last(results).url).protocol.slice(0, -1),
  size_download: (results) => String(bytesDown(results)),
  size_header: ({ exchanges }) =>
    String(
      exchanges.reduce(
        (sum, { response }) => sum + (response?.headerBytes ?? 0),
        0,
      ),
    ),
  size_request: ({ exchanges }) =>
    String(
      exchanges.reduce(
        (sum, { request }) =>
          sum + (request?.headBytes ?? 0) + (request?.bodyBytes ?? 0),
        0,
      ),
    ),
  size_upload: (results) => String(last(results).request?.bodyBytes ?? 0),
  speed_download: rate(bytesDown),
  speed_upload: rate((results) => last(results).request?.bodyBytes ?? 0),
  ssl_verify_result: (results) =>
    last(results).tls?.problems.length ? "1" : "0",
  time_appconnect: time(({ tlsMs }) => tlsMs),
  time_connect: time(({ connectMs }) => connectMs),
  time_namelookup: time(({ lookupMs }) => lookupMs),
  time_posttransfer: time(({ requestMs }) => requestMs),
  time_pretransfer: time(({ preTransferMs }) => preTransferMs),
  time_redirect: ({ exchanges }) =>
    seconds(
      exchanges.slice(0, -1).reduce(
        (sum, { phases }) => sum + phases.totalMs,
        0,
      ),
    ),
  time_starttransfer: time(({ firstByteMs }) => firstByteMs),
  time_total: time(({ totalMs }) => totalMs),
  url: ({ url }) => url,
  // Where a redirect leads is asked for without the fragment.
  url_effective: ({ url, exchanges: [first, ...others] }) =>
    others.at(-1)?.url ?? first!.url + (/#.*/.exec(url)?.[0] ?? ""),
};

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
};

/**
 * Reads a format: text with `%{variable}`, `%header{name}`, `%%`, `\n`, `\r`
 * and `\t`.
 *
 * @throws {UnknownNameError} for a variable that does not exist
 */
export function parseWriteOut(format: string): WriteOut {
  const parts: WriteOut[] = [];
  const pattern = /%\{([^}]*)\}|%header\{([^}]*)\}|%%|\\([nrt])|[^%\\]+|./gs;
  for (const [text, variable, header, escape] of format.matchAll(pattern)) {
    if (header !== undefined) {
      parts.push(field(header));
      continue;
    }
    if (variable !== undefined) {
      if (!Object.hasOwn(VARIABLES, variable)) {
        throw new UnknownNameError(
          "variable",
          variable,
          Object.keys(VARIABLES),
          `there are ${Object.keys(VARIABLES).join(", ")}`,
        );
      }
      parts.push(VARIABLES[variable]!);
      continue;
    }
    const fixed = text === "%%"
      ? "%"
      : escape === undefined
      ? text
      : ESCAPES[escape]!;
    parts.push(() => fixed);
  }
  return (results) => parts.map((part) => part(results)).join("");
}
