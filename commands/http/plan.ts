/** What a command line of http asks for. */

import { MAX_MS } from "../../lib/http/limits.ts";
import { type HttpUrl, parseHttpUrl, placeOf } from "../../lib/http/url.ts";
import type {
  HttpOptions,
  HttpPhase,
  HttpTimeouts,
  Override,
} from "../../lib/http/types.ts";
import { netHostOf } from "../../lib/socket/byte_stream.ts";
import { parseAddress } from "../../lib/wire/address.ts";
import { UsageError } from "../cli/errors.ts";
import { parseDuration } from "../cli/values.ts";
import type { Operand, Permission, Permissions } from "../command.ts";
import type { HttpValues } from "../http.ts";
import { parseSlo, type Slo } from "./slo.ts";
import { parseWriteOut, type WriteOut } from "./write_out.ts";

/** A command line, understood. Files have not been read. */
export interface HttpPlan {
  readonly text: string;
  readonly url: HttpUrl;
  readonly values: HttpValues;
  /** All but what files hold. */
  readonly options: HttpOptions;
  readonly slo: Slo;
  readonly writeOut: WriteOut | undefined;
}

/** What the parts of a body are joined by, as in forms. */
export const DATA_SEPARATOR = "&";

const DEFAULT_MAX_REDIRECTS = 20;
const PHASES: readonly (HttpPhase | "total")[] = [
  "lookup",
  "connect",
  "tls",
  "request",
  "first-byte",
  "transfer",
  "total",
];

/** Options that have no meaning together. */
const EXCLUSIVE: readonly (readonly [keyof HttpValues, keyof HttpValues])[] = [
  ["ipv4", "ipv6"],
  ["raw", "hex"],
  ["json", "raw"],
  ["json", "hex"],
  ["json", "write-out"],
  ["write-out", "raw"],
  ["write-out", "hex"],
  ["unix", "ipv4"],
  ["unix", "ipv6"],
  ["unix", "resolve"],
  ["unix", "connect-to"],
  ["head", "data"],
  ["head", "method"],
];

/** Options that have a meaning with another one only. */
const DEPENDENT: readonly (readonly [keyof HttpValues, keyof HttpValues])[] = [
  ["max-redirs", "location"],
  ["interval", "repeat"],
  ["fresh", "repeat"],
];

/**
 * Makes sense of a command line.
 *
 * @throws {UsageError} when it makes none
 * @throws {UrlError} when the operand is no URL
 */
export function planHttp(
  values: HttpValues,
  operands: readonly Operand[],
): HttpPlan {
  const [operand, ...others] = operands;
  if (operand === undefined) {
    throw new UsageError('URL required, as in "netdiag http example.com"');
  }
  if (others.length > 0) {
    throw new UsageError(
      `One URL at a time: do not know what to do with ${
        JSON.stringify(others[0]!.text)
      }`,
    );
  }
  checkCombinations(values);
  const url = parseHttpUrl(operand.text);
  const { unix } = values;
  if (unix === "" || unix === "@") {
    throw invalid("unix", unix, "neither a path nor @NAME");
  }
  if (url.port === 0) throw new UsageError("Cannot connect to port 0");
  return {
    text: operand.text,
    url,
    values,
    options: optionsOf(values),
    slo: parseSlo(values.slo),
    writeOut: values["write-out"] === undefined
      ? undefined
      : parseWriteOut(values["write-out"]),
  };
}

function checkCombinations(values: HttpValues): void {
  for (const [a, b] of EXCLUSIVE) {
    if (isGiven(values[a]) && isGiven(values[b])) {
      throw new UsageError(`Options "--${a}" and "--${b}" exclude each other`);
    }
  }
  for (const [option, needed] of DEPENDENT) {
    if (isGiven(values[option]) && !isGiven(values[needed])) {
      throw new UsageError(`Option "--${option}" goes with "--${needed}"`);
    }
  }
  if (values.output !== undefined && (values.repeat ?? 1) > 1) {
    throw new UsageError(
      'Options "--output" and "--repeat" exclude each other: there are several bodies',
    );
  }
  if (
    values.output === "-" && (values.json || values["write-out"] !== undefined)
  ) {
    throw new UsageError(
      `Options "--output -" and "--${
        values.json ? "json" : "write-out"
      }" both write to standard output: give a file`,
    );
  }
}

function isGiven(value: HttpValues[keyof HttpValues]): boolean {
  return Array.isArray(value)
    ? value.length > 0
    : value !== undefined && value !== false;
}

function optionsOf(values: HttpValues): HttpOptions {
  return {
    method: values.head ? "HEAD" : values.method,
    headers: values.header.map(parseHeader),
    version: values["http1.0"] ? "1.0" : "1.1",
    user: values.user === undefined ? undefined : parseUser(values.user),
    compressed: values.compressed,
    maxRedirects: values.location
      ? values["max-redirs"] ?? DEFAULT_MAX_REDIRECTS
      : undefined,
    family: values.ipv4 ? 4 : values.ipv6 ? 6 : undefined,
    unixPath: values.unix,
    connectTo: [
      ...values.resolve.map(parseResolve),
      ...values["connect-to"].map(parseConnectTo),
    ],
    verify: !values.insecure,
    lenient: values.lenient,
    maxHeaderBytes: values["max-header"],
    maxHeaders: values["max-headers"],
    maxChunkLine: values["max-chunk-line"],
    maxBody: values["max-body"],
    timeouts: parseTimeouts(values.timeout),
  };
}

/** `Name: value`; `Name:` drops what is sent by default, `Name;` sends it empty, as with curl. */
function parseHeader(
  text: string,
): { name: string; value: string | undefined } {
  const empty = /^([^:;]+);$/.exec(text);
  if (empty !== null) return { name: empty[1]!, value: "" };
  const at = text.indexOf(":");
  if (at <= 0) {
    throw invalid("header", text, "not a field, such as 'Accept: text/html'");
  }
  const value = text.slice(at + 1).replace(/^[ \t]+|[ \t]+$/g, "");
  return { name: text.slice(0, at), value: value === "" ? undefined : value };
}

function parseUser(text: string): { name: string; password: string } {
  const at = text.indexOf(":");
  if (at < 0) {
    throw invalid(
      "user",
      text,
      "not NAME:PASSWORD; an empty password is written NAME:",
    );
  }
  return { name: text.slice(0, at), password: text.slice(at + 1) };
}

/** A host, as people write it here and there: `[::1]` or a name. */
const HOST = String.raw`(\[[^\]]*\]|[^:[\]]*)`;
const RESOLVE = new RegExp(`^\\+?${HOST}:(\\d*):(\\[[^\\]]*\\]|[^,[\\]]+)$`);
const CONNECT_TO = new RegExp(`^${HOST}:(\\d*):${HOST}:(\\d*)$`);

function parseResolve(text: string): Override {
  const match = RESOLVE.exec(text);
  if (match === null || !isPort(match[2]!)) {
    throw invalid("resolve", text, "not HOST:PORT:ADDRESS");
  }
  const [, host, port, address] = match;
  return {
    from: { host: host === "*" ? "" : bare(host!), port: Number(port) },
    to: { host: bare(address!), port: 0 },
  };
}

function parseConnectTo(text: string): Override {
  const match = CONNECT_TO.exec(text);
  if (match === null || !isPort(match[2]!) || !isPort(match[4]!)) {
    throw invalid("connect-to", text, "not HOST1:PORT1:HOST2:PORT2");
  }
  const [, host, port, toHost, toPort] = match;
  return {
    from: { host: bare(host!), port: Number(port) },
    to: { host: bare(toHost!), port: Number(toPort) },
  };
}

function isPort(text: string): boolean {
  return Number(text) <= 65_535;
}

function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}

/** `5s`, `connect=1s,tls=2s`. */
function parseTimeouts(texts: readonly string[]): HttpTimeouts {
  const timeouts: { [P in HttpPhase | "total"]?: number } = {};
  for (const text of texts.flatMap((list) => list.split(","))) {
    const [, phase = "total", time] = /^(?:([a-z-]+)=)?(.*)$/.exec(text)!;
    if (!(PHASES as readonly string[]).includes(phase)) {
      throw invalid(
        "timeout",
        text,
        `no phase is called that: ${PHASES.join(", ")}`,
      );
    }
    const ms = parseDuration(time!);
    if (ms === undefined) {
      throw invalid(
        "timeout",
        text,
        "not a duration, such as 0.5, 200ms or 2s",
      );
    }
    if (ms > MAX_MS) {
      throw invalid("timeout", text, `must be ${MAX_MS}ms at most`);
    }
    timeouts[phase as HttpPhase] = ms;
  }
  return timeouts;
}

function invalid(option: string, text: string, reason: string): UsageError {
  return new UsageError(
    `Invalid value ${JSON.stringify(text)} for "--${option}": ${reason}`,
  );
}

/** The host and port that are connected to first; where redirects lead is asked for then. */
export function permissionsFor(plan: HttpPlan): Permissions {
  const { values, url, options } = plan;
  const place = placeOf(url, options.connectTo);
  const picksAddress = options.family !== undefined &&
    parseAddress(place.host) === undefined;
  return {
    required: [
      ...values.unix === undefined
        ? [{ name: "net" as const, ...place }]
        : unixPermissions(values.unix),
      ...inputFiles(values).map((path) => ({ name: "read" as const, path })),
      ...values.output === undefined || values.output === "-"
        ? []
        : [{ name: "write" as const, path: values.output }],
    ],
    // The addresses that a family picks are known only then.
    advised: picksAddress ? [{ name: "net" }] : [],
    // getaddrinfo, where `net` is granted for more than this host.
    optional: values.unix === undefined ? [{ name: "ffi" }] : [],
  };
}

function unixPermissions(path: string): Permission[] {
  const host = netHostOf(path);
  return [
    { name: "read", path },
    { name: "write", path },
    ...(host === undefined ? [] : [{ name: "net" as const, host }]),
  ];
}

/** Files that are read: bodies and authorities. */
function inputFiles({ data, cacert }: HttpValues): string[] {
  const bodies = data.flatMap((text) =>
    text.startsWith("@") && text !== "@-" ? [text.slice(1)] : []
  );
  return cacert === undefined ? bodies : [...bodies, cacert];
}
