/** The text of an exchange, in the marks of curl -v: `*` the connection, `>` the request, `<` the response. Pure: events in, text out. */

import type { HttpEvent } from "../../lib/http/exchange.ts";
import type {
  Attempt,
  Certificate,
  ConnectionInfo,
  Exchange,
  HeaderField,
  SocketName,
  TlsDetails,
} from "../../lib/http/types.ts";
import { oneLine } from "../cli/errors.ts";
import type { Style } from "../cli/style.ts";
import { visibleText } from "./fields.ts";
import { formatMs, phaseBar, phaseLine } from "./bar.ts";

/** How an exchange is to be told. */
export interface TextOptions {
  /** Leave out the request and the response: their bytes are shown in another way. */
  readonly isRaw: boolean;
  /** Draw the phases. */
  readonly drawn: boolean;
  /** Where the body goes: a file, `-`, or nowhere. */
  readonly output: string | undefined;
  readonly style: Style;
}

/** Renders what happens. */
export class HttpText {
  readonly #options: TextOptions;

  constructor(options: TextOptions) {
    this.#options = options;
  }

  /** The text of something that became known; often none. */
  event(event: HttpEvent): string {
    switch (event.type) {
      case "connected":
        return this.#connected(event.connection, event.attempts);
      case "tls":
        return this.#tls(event.tls);
      case "request":
        return this.#options.isRaw ? "" : marked(">", event.request.head);
      case "interim":
      case "response": {
        if (this.#options.isRaw) return "";
        const { status, reason, headers } = event.response;
        const version = "version" in event.response
          ? `HTTP/${event.response.version.major}.${event.response.version.minor}`
          : "HTTP/1.1";
        return this.#response(version, status, reason, headers);
      }
      case "redirect":
        return `* Redirected to ${oneLine(event.location)}\n\n`;
    }
  }

  #connected(
    { reused, local, remote }: ConnectionInfo,
    attempts: readonly Attempt[],
  ): string {
    const lost = attempts.filter(({ outcome }) => outcome !== "connected");
    const from = "path" in local ? "" : ` from ${socketText(local)}`;
    return this.#attempts(lost) +
      (reused
        ? `* Kept connection to ${socketText(remote)}\n`
        : `* Connected to ${socketText(remote)}${from}\n`);
  }

  #attempts(attempts: readonly Attempt[]): string {
    return attempts.map(({ address, outcome, durationMs, reason }) => {
      const what = `${address}: ${reason ?? outcome}`;
      const after = `after ${formatMs(durationMs)} ms`;
      return `* ${this.#options.style.warn(`${what} ${after}`)}\n`;
    }).join("");
  }

  #tls({ version, cipher, alpn, chain, problems }: TlsDetails): string {
    const { style } = this.#options;
    const lines = [
      [version ?? "TLS", cipher, `ALPN ${alpn ?? "not used"}`]
        .filter((part) => part !== undefined).join(", "),
    ];
    chain.forEach((certificate, i) => {
      lines.push(...certificateLines(certificate, i));
    });
    for (const { message } of problems) {
      lines.push(style.bad(`Not to be trusted: ${oneLine(message)}`));
    }
    return lines.map((line) => `* ${line}\n`).join("");
  }

  #response(
    version: string,
    status: number,
    reason: string,
    headers: readonly HeaderField[],
  ): string {
    const { style } = this.#options;
    const line = visibleText(`${version} ${status} ${reason}`.trimEnd());
    const paint = status < 300
      ? style.good
      : status < 400
      ? style.warn
      : style.bad;
    return [
      `< ${paint(line)}`,
      ...headers.map(fieldLine),
      "<",
      "",
    ].join("\n");
  }

  /**
   * What remains to be told when an exchange is over.
   *
   * @param isKept whether the body is where it was to go
   */
  end(exchange: Exchange, isKept: boolean): string {
    const { drawn } = this.#options;
    const phases = drawn ? phaseBar(exchange) : phaseLine(exchange);
    const attempts = exchange.connection === undefined
      ? this.#attempts(exchange.attempts)
      : "";
    return attempts + this.#body(exchange, isKept) + "\n" + phases +
      this.#findings(exchange);
  }

  /** All of an exchange on a line: of repetitions, one is like the other. */
  brief(exchange: Exchange): string {
    const { response, connection, error } = exchange;
    const status = response === undefined
      ? this.#options.style.bad(error?.code ?? "no response")
      : String(response.status);
    const how = connection?.reused ? "kept" : "new";
    return `${status} ${how}: ${phaseLine(exchange)}` +
      this.#findings(exchange);
  }

  #body({ response }: Exchange, isKept: boolean): string {
    if (response === undefined) return "";
    const { bodyBytes, decodedBytes, trailers, framing } = response;
    const lines = trailers.map((field) => `${fieldLine(field)}\n`);
    if (framing.kind === "none" && bodyBytes === 0) return lines.join("");
    const decoded = decodedBytes === undefined
      ? ""
      : `, ${bytesText(decodedBytes)} decoded`;
    const { output, isRaw } = this.#options;
    const where = output === undefined
      ? isRaw || bodyBytes === 0 ? "" : " (-o - shows it, -o FILE keeps it)"
      : output === "-"
      ? ""
      : isKept
      ? ` in ${oneLine(output)}`
      : bodyBytes === 0
      ? ""
      : " (not kept)";
    return `${lines.join("")}* Body: ${
      bytesText(bodyBytes)
    }${decoded}${where}\n`;
  }

  #findings({ findings }: Exchange): string {
    const { style } = this.#options;
    return findings.map(({ severity, message }) =>
      severity === "warning"
        ? style.warn(`! ${oneLine(message)}`) + "\n"
        : `- ${oneLine(message)}\n`
    ).join("");
  }
}

function certificateLines(
  { subject, issuer, names, validFromMs, validToMs, daysLeft }: Certificate,
  depth: number,
): string[] {
  const title = depth === 0 ? "Certificate" : `Issuer ${depth}`;
  const lines = [`${title}: ${oneLine(subject)}`];
  if (names.length > 0) lines.push(`  for ${oneLine(names.join(", "))}`);
  lines.push(
    `  from ${day(validFromMs)} to ${day(validToMs)}, ${
      daysLeft < 0 ? "which is over" : `${daysLeft} days left`
    }`,
    issuer === subject ? "  self-signed" : `  signed by ${oneLine(issuer)}`,
  );
  return lines;
}

function day(ms: number): string {
  return Number.isNaN(ms) ? "?" : new Date(ms).toISOString().slice(0, 10);
}

/** `1 byte`, `512 bytes`, `1,048,576 bytes`. */
function bytesText(count: number): string {
  // Not toLocaleString(), which loads the data of all languages.
  const digits = String(count).replaceAll(/\B(?=(\d{3})+$)/g, ",");
  return count === 1 ? "1 byte" : `${digits} bytes`;
}

function fieldLine({ name, value }: HeaderField): string {
  return `< ${visibleText(`${name}: ${value}`)}`;
}

/** Each line of a head with its mark. */
function marked(mark: string, head: string): string {
  return head.slice(0, -2).split("\r\n").map((line) =>
    `${mark} ${visibleText(line)}`.trimEnd() + "\n"
  ).join("");
}

/** A socket's name as people write it. */
function socketText(name: SocketName): string {
  if ("path" in name) return oneLine(name.path.replace(/^\0/, "@"));
  return name.host.includes(":")
    ? `[${name.host}]:${name.port}`
    : `${name.host}:${name.port}`;
}
