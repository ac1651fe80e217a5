/** A certificate for one run of a server, signed by itself. */

import type { TlsCredentials } from "../../lib/echo/server_types.ts";
import { parseAddress, withoutZone } from "../../lib/wire/address.ts";

const VALID_MS = 30 * 24 * 60 * 60 * 1000;
/** Clocks differ. */
const MARGIN_MS = 60 * 60 * 1000;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

const OWN_HOSTS = ["localhost", "127.0.0.1", "::1"];

/** A certificate, and how to recognise it. */
export interface SelfSigned extends TlsCredentials {
  /** SHA-256 of the certificate: `AB:CD:...`. */
  readonly sha256: string;
}

/**
 * Makes a key (ECDSA, P-256) and a certificate for 30 days. Nothing is kept.
 *
 * @param hosts names and addresses that the certificate is for, beside those of this machine itself
 */
export async function makeSelfSigned(
  hosts: readonly string[],
): Promise<SelfSigned> {
  const x509 = await import("@peculiar/x509");
  x509.cryptoProvider.set(crypto);
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, [
    "sign",
    "verify",
  ]);
  const now = Date.now();
  const names = new Set([
    ...hosts.map(withoutZone),
    ...OWN_HOSTS,
  ]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=netdiag",
    notBefore: new Date(now - MARGIN_MS),
    notAfter: new Date(now + VALID_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.SubjectAlternativeNameExtension(
        [...names].map((value) => ({ type: typeOf(value), value })),
      ),
      new x509.BasicConstraintsExtension(false),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    ],
  });
  const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  const digest = await crypto.subtle.digest("SHA-256", certificate.rawData);
  return {
    certificate: certificate.toString("pem"),
    key: x509.PemConverter.encode(key, "PRIVATE KEY"),
    sha256: new Uint8Array(digest).toHex().toUpperCase()
      .replaceAll(/..(?=.)/g, "$&:"),
  };
}

function typeOf(host: string): "ip" | "dns" {
  return parseAddress(host) === undefined ? "dns" : "ip";
}
