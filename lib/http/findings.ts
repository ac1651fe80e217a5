/** What is unusual or wrong about an exchange, and why it matters. */

import { DEFAULT_SLOW_MS } from "./limits.ts";
import { codingsOf } from "./coding.ts";
import { headerValue } from "./response.ts";
import { isPersistent, isSwitch } from "../wire/http1/framing.ts";
import { quote } from "../wire/http1/octets.ts";
import type { Deviation } from "../wire/http1/events.ts";
import type {
  Exchange,
  Finding,
  HttpOptions,
  HttpPhase,
  HttpPhases,
  RequestInfo,
  ResponseInfo,
} from "./types.ts";

/** What findings are made from, beside the exchange itself. */
export interface Observations {
  readonly deviations: readonly Deviation[];
  /** Bytes that came after the end of the response. */
  readonly extraBytes: number;
  /** Bytes of the body after the end of what was compressed in it. */
  readonly trailingBytes: number;
  /** The server said that it would close the connection, and did not. */
  readonly staysOpen: boolean;
  /** The kept connection that was to be used turned out to be closed. */
  readonly replacesClosed: boolean;
  /** Sending failed although a response came. */
  readonly sendFailure: string | undefined;
  readonly keepAlive: boolean;
}

/** A certificate with fewer days left is a finding. */
const CERTIFICATE_DAYS = 21;
/** Text of this many bytes is worth compressing. */
const LARGE_TEXT_BYTES = 16 * 1024;
const TEXT =
  /^(text\/|application\/(json|javascript|xml|[\w.-]+\+(json|xml))|image\/svg)/i;

/** Fields that mean nothing certain when there are two of them; others are lists, or Set-Cookie. */
const SINGLE: ReadonlySet<string> = new Set([
  "access-control-allow-origin",
  "age",
  "content-disposition",
  "content-encoding",
  "content-location",
  "content-range",
  "content-type",
  "date",
  "etag",
  "expires",
  "last-modified",
  "location",
  "retry-after",
  "server",
  "strict-transport-security",
]);

const PHASE_NAMES: readonly (readonly [HttpPhase, keyof HttpPhases, string])[] =
  [
    ["lookup", "lookupMs", "The name lookup"],
    ["connect", "connectMs", "The TCP connect"],
    ["tls", "tlsMs", "The TLS handshake"],
    ["request", "requestMs", "Sending the request"],
    ["first-byte", "firstByteMs", "The wait for the first byte"],
  ];

/** The findings of one exchange, in the order of its phases. */
export function findFindings(
  exchange: Exchange,
  observations: Observations,
  options: HttpOptions,
): Finding[] {
  return [
    ...connecting(exchange, observations),
    ...certificates(exchange),
    ...slowPhases(exchange, options.slowMs ?? DEFAULT_SLOW_MS),
    ...deviations(observations),
    ...(exchange.response === undefined
      ? []
      : fields(exchange.response, exchange, observations)),
    ...(options.compressed ? codings(exchange.response) : []),
    ...ending(exchange, observations),
  ];
}

function warning(code: string, message: string): Finding {
  return { severity: "warning", code, message };
}

function note(code: string, message: string): Finding {
  return { severity: "note", code, message };
}

function connecting(
  { attempts, connection }: Exchange,
  { replacesClosed }: Observations,
): Finding[] {
  if (connection === undefined) return [];
  const failed = attempts.filter(({ outcome }) => outcome !== "connected");
  const closed = warning(
    "kept-connection-closed",
    "The server closed the kept connection without having said so: the request went over a new one",
  );
  const unreachable = failed.map(({ address, outcome, reason }) =>
    warning(
      "address-unreachable",
      outcome === "failed"
        ? `${address} did not accept the connection (${reason}): clients without Happy Eyeballs meet this first`
        : `${address} had not answered when another address did: clients without Happy Eyeballs wait for it`,
    )
  );
  return replacesClosed ? [closed, ...unreachable] : unreachable;
}

function certificates({ tls, error }: Exchange): Finding[] {
  if (tls === undefined || error?.code === "certificate") return [];
  const findings = tls.problems.map(({ code, message }) =>
    warning(
      `certificate-${code}`,
      `The certificate is not to be trusted: ${message}; other clients refuse it`,
    )
  );
  const [leaf] = tls.chain;
  if (
    leaf !== undefined && leaf.daysLeft >= 0 && leaf.daysLeft < CERTIFICATE_DAYS
  ) {
    findings.push(
      warning(
        "certificate-ends-soon",
        `The certificate ends in ${leaf.daysLeft} days: renew it before clients refuse it`,
      ),
    );
  }
  if (tls.version !== undefined && /^(SSL|TLSv1(\.1)?$)/.test(tls.version)) {
    findings.push(
      warning(
        "tls-version-old",
        `${tls.version} is deprecated (RFC 8996): browsers refuse it`,
      ),
    );
  }
  return findings;
}

function slowPhases({ phases, error }: Exchange, slowMs: number): Finding[] {
  return PHASE_NAMES.flatMap(([phase, time, name]) => {
    const ms = phases[time];
    return ms === undefined || ms <= slowMs || phase === error?.phase
      ? []
      : [warning("slow-phase", `${name} took ${Math.round(ms)} ms`)];
  });
}

function deviations({ deviations }: Observations): Finding[] {
  return deviations.map(({ code, message, offset, section }) =>
    warning(
      code,
      `${message} (byte ${offset}, ${section}): others may read this response in another way`,
    )
  );
}

function fields(
  response: ResponseInfo,
  exchange: Exchange,
  { keepAlive }: Observations,
): Finding[] {
  const { headers, framing, version, bodyBytes } = response;
  const findings: Finding[] = [];
  const counts = new Map<string, number>();
  for (const { name } of headers) {
    const key = name.toLowerCase();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  for (const [name, count] of counts) {
    if (count === 1 || !SINGLE.has(name)) continue;
    findings.push(
      warning(
        "duplicate-field",
        `${name} comes ${count} times: which one counts is up to whoever reads it`,
      ),
    );
  }
  const location = headerValue(headers, "location");
  if (location?.includes(" ")) {
    findings.push(
      warning(
        "location-space",
        `Location ${
          quote(location)
        } contains a space, which is taken for %20: clients differ in what they make of it`,
      ),
    );
  }
  if (framing.kind === "close" && version.minor >= 1) {
    findings.push(
      warning(
        "length-missing",
        "There is neither Content-Length nor chunked coding: the connection cannot be kept, and a body that was cut looks whole",
      ),
    );
  } else if (
    !keepAlive && exchange.error === undefined && version.minor >= 1 &&
    !switches(exchange) && !asksToClose(exchange.request)
  ) {
    findings.push(
      note(
        "connection-close",
        "The server closes the connection after this response: each further request pays for a new one",
      ),
    );
  }
  const type = headerValue(headers, "content-type");
  if (type === undefined && bodyBytes > 0) {
    findings.push(
      note("type-missing", "Content-Type is missing: browsers guess"),
    );
  }
  const isPlain = headerValue(headers, "content-encoding") === undefined;
  const asked = exchange.request?.headers.some(({ name }) =>
    name.toLowerCase() === "accept-encoding"
  );
  if (
    asked && isPlain && bodyBytes >= LARGE_TEXT_BYTES && TEXT.test(type ?? "")
  ) {
    findings.push(
      warning(
        "not-compressed",
        `${bodyBytes} bytes of text came uncompressed although compression was offered`,
      ),
    );
  }
  return findings;
}

/** Whether another protocol follows the response. */
function switches({ request, response }: Exchange): boolean {
  return request !== undefined && response !== undefined &&
    isSwitch(request.method, response.status);
}

function asksToClose(request: RequestInfo | undefined): boolean {
  if (request === undefined) return false;
  const version = { major: 1, minor: request.version === "1.0" ? 0 : 1 };
  const wishes = headerValue(request.headers, "connection");
  return !isPersistent(version, wishes === undefined ? [] : [wishes]);
}

function codings(response: ResponseInfo | undefined): Finding[] {
  const headers = response?.headers ?? [];
  if (codingsOf(headers) !== undefined) return [];
  const coding = headerValue(headers, "content-encoding");
  return [
    warning(
      "coding-not-undone",
      `The body is in the coding ${
        JSON.stringify(coding)
      }, which is not undone: it is as it came`,
    ),
  ];
}

function ending(
  exchange: Exchange,
  { extraBytes, trailingBytes, staysOpen, sendFailure }: Observations,
): Finding[] {
  const { error, request } = exchange;
  const findings: Finding[] = [];
  if (error !== undefined) return findings;
  if (extraBytes > 0 && !switches(exchange)) {
    findings.push(
      warning(
        "body-longer",
        `At least ${extraBytes} bytes came after the end of the response: on a kept connection they would pass for the next one`,
      ),
    );
  }
  if (trailingBytes > 0) {
    findings.push(
      warning(
        "coding-longer",
        `${trailingBytes} bytes of the body come after the end of what is compressed: they were left out`,
      ),
    );
  }
  if (staysOpen) {
    findings.push(
      note(
        "stays-open",
        "The server said that it closes the connection, and did not at once",
      ),
    );
  }
  if (sendFailure !== undefined) {
    findings.push(
      warning(
        "request-not-taken",
        `The server answered without taking all ${request?.bodyBytes} bytes of the body (${sendFailure})`,
      ),
    );
  }
  return findings;
}
