/** What certificates say, and in plain words why one is not to be trusted. */

import type { PeerCertificate } from "node:tls";
import { parseAddress } from "../wire/address.ts";

/** One certificate of a chain. */
export interface Certificate {
  /** A distinguished name, such as `CN=example.com, O=Example`. */
  readonly subject: string;
  /** The distinguished name of who signed it. */
  readonly issuer: string;
  /** The host names and addresses that it is for. */
  readonly names: readonly string[];
  /** Unix time in milliseconds; `NaN` where it cannot be read. */
  readonly validFromMs: number;
  /** The same, for its end. */
  readonly validToMs: number;
  /** Whole days that are left; negative once it has expired. */
  readonly daysLeft: number;
  /** SHA-256 of the certificate, hexadecimal with colons. */
  readonly fingerprint: string;
}

/** Why a chain was not trusted. */
export interface CertificateProblem {
  /** What kind of problem. */
  readonly code:
    | "expired"
    | "not-yet-valid"
    | "wrong-name"
    | "self-signed"
    | "unknown-authority"
    | "revoked"
    | "invalid";
  /** A clause without a subject of its own: `it expired on 2026-01-31, 3 days ago`. */
  readonly message: string;
}

const DAY_MS = 86_400_000;
/** Longer chains than this are cut: nothing bounds what a server sends. */
const MAX_CHAIN = 16;

type ChainedCertificate = PeerCertificate & {
  readonly issuerCertificate?: ChainedCertificate;
};

/** The certificates that a server sent, its own first, as far as the platform tells. */
export function readChain(leaf: unknown): readonly Certificate[] {
  const chain: Certificate[] = [];
  const seen = new Set<unknown>();
  let next = leaf as ChainedCertificate | undefined;
  while (
    next?.subject !== undefined && !seen.has(next.fingerprint256) &&
    chain.length < MAX_CHAIN
  ) {
    seen.add(next.fingerprint256);
    chain.push(readCertificate(next));
    next = next.issuerCertificate;
  }
  return chain;
}

function readCertificate(certificate: ChainedCertificate): Certificate {
  const validToMs = Date.parse(certificate.valid_to);
  return {
    subject: formatName(certificate.subject),
    issuer: formatName(certificate.issuer),
    names: alternativeNames(certificate.subjectaltname),
    validFromMs: Date.parse(certificate.valid_from),
    validToMs,
    daysLeft: Math.floor((validToMs - Date.now()) / DAY_MS),
    fingerprint: certificate.fingerprint256,
  };
}

function formatName(name: PeerCertificate["subject"]): string {
  return Object.entries(name as unknown as Record<string, string | string[]>)
    .flatMap(([key, value]) => [value].flat().map((text) => `${key}=${text}`))
    .join(", ");
}

/** `DNS:a.example, IP Address:192.0.2.1` as a list. */
function alternativeNames(text: string | undefined): string[] {
  if (!text) return [];
  return text.split(", ").flatMap((entry) =>
    /^(?:DNS|IP Address):(.*)$/.exec(entry)?.[1] ?? []
  );
}

/** Whether a certificate is for a host (RFC 6125 section 6.4: one wildcard, as the whole leftmost label). */
export function isFor({ names }: Certificate, host: string): boolean {
  const address = parseAddress(host);
  if (address !== undefined) {
    return names.some((name) =>
      parseAddress(name)?.toHex() === address.toHex()
    );
  }
  const wanted = host.toLowerCase().replace(/\.$/, "");
  const parent = wanted.replace(/^[^.]+/, "*");
  return names.some((name) => {
    const candidate = name.toLowerCase().replace(/\.$/, "");
    return candidate === wanted ||
      candidate === parent && parent.split(".").length > 2;
  });
}

/**
 * Every reason not to trust a chain, the platform's own first.
 *
 * @param code what the platform found wrong with it; undefined when nothing
 */
export function findProblems(
  chain: readonly Certificate[],
  host: string,
  code: string | undefined,
): readonly CertificateProblem[] {
  const [leaf] = chain;
  const now = Date.now();
  // Deno has this code for whatever does not verify, an expired certificate among others.
  const isVague = code === "UNABLE_TO_VERIFY_LEAF_SIGNATURE";
  const timed = isVague ? chain : chain.slice(0, 1);
  const times = [
    ...(timed.some(({ validToMs }) => validToMs < now) ? [expired(chain)] : []),
    ...(timed.some(({ validFromMs }) => validFromMs > now)
      ? [notYetValid(chain)]
      : []),
  ];
  const problems: CertificateProblem[] = code === undefined
    ? []
    : isVague && times.length > 0
    ? times
    : [platformProblem(code, chain, host), ...times];
  if (leaf === undefined) return problems;
  if (!isFor(leaf, host)) problems.push(wrongName(leaf, host));
  return problems.filter(({ code }, i) =>
    problems.findIndex((other) => other.code === code) === i
  );
}

/** OpenSSL's verification codes, which Node's API has, in plain words. */
function platformProblem(
  code: string,
  chain: readonly Certificate[],
  host: string,
): CertificateProblem {
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return expired(chain);
    case "CERT_NOT_YET_VALID":
      return notYetValid(chain);
    case "ERR_TLS_CERT_ALTNAME_INVALID":
    case "HOSTNAME_MISMATCH":
      return wrongName(chain[0], host);
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return {
        code: "self-signed",
        message: "it is self-signed: no authority vouches for it",
      };
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
      return unknownAuthority(chain);
    case "CERT_REVOKED":
      return { code: "revoked", message: "its authority has revoked it" };
    default:
      return { code: "invalid", message: `it does not verify (${code})` };
  }
}

/** What Deno's own TLS says about a certificate, in plain words; undefined where it is about something else. */
export function problemOfDeno(
  message: string,
  chain: readonly Certificate[],
  host: string,
): CertificateProblem | undefined {
  const reason = /^invalid peer certificate: (.*)$/s.exec(message)?.[1];
  if (reason === undefined) return undefined;
  if (/^(certificate )?expired/i.test(reason)) return expired(chain);
  if (/not ?valid ?yet/i.test(reason)) return notYetValid(chain);
  if (/not ?valid ?for ?name/i.test(reason)) {
    const names = [...reason.matchAll(/(?:DnsName|IpAddress)\("?([^")]+)/g)]
      .map(([, name]) => name!);
    return wrongName(chain[0] ?? { names }, host);
  }
  // An authority's certificate in a server's place: self-signed, if by itself.
  if (/CaUsedAsEndEntity/.test(reason)) {
    return platformProblem("DEPTH_ZERO_SELF_SIGNED_CERT", chain, host);
  }
  if (/UnknownIssuer/.test(reason)) return unknownAuthority(chain);
  return { code: "invalid", message: `it does not verify (${reason})` };
}

function unknownAuthority(chain: readonly Certificate[]): CertificateProblem {
  const issuer = chain.at(-1)?.issuer;
  return {
    code: "unknown-authority",
    message: "it is signed by an unknown authority" +
      (issuer === undefined ? "" : `, ${JSON.stringify(issuer)}`),
  };
}

function wrongName(
  leaf: Pick<Certificate, "names"> | undefined,
  host: string,
): CertificateProblem {
  const names = leaf?.names ?? [];
  const shown = names.slice(0, 5).join(", ") +
    (names.length > 5 ? ", ..." : "");
  return {
    code: "wrong-name",
    message: `it is not for ${JSON.stringify(host)}` +
      (names.length === 0 ? "" : ` but for ${shown}`),
  };
}

function expired(chain: readonly Certificate[]): CertificateProblem {
  const ended = chain.find(({ daysLeft }) => daysLeft < 0);
  return {
    code: "expired",
    message: ended === undefined
      ? "it has expired"
      : `it expired on ${day(ended.validToMs)}, ${
        days(-ended.daysLeft - 1)
      } ago`,
  };
}

function notYetValid(chain: readonly Certificate[]): CertificateProblem {
  const from = chain.find(({ validFromMs }) => validFromMs > Date.now());
  return {
    code: "not-yet-valid",
    message: from === undefined
      ? "it is not valid yet"
      : `it is not valid before ${day(from.validFromMs)}`,
  };
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function days(count: number): string {
  return count === 1 ? "1 day" : `${count} days`;
}
