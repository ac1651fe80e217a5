/** The certificate and key of a server's `tls://` endpoints. */

import type { TlsCredentials } from "../../lib/echo/server_types.ts";
import type { Endpoint } from "../../lib/socket/endpoint.ts";
import { systemReason, UsageError } from "../cli/errors.ts";
import type { Permission } from "../command.ts";
import type { ServeValues } from "./serve_options.ts";

/** Where they come from. */
export type CredentialsSource =
  | { readonly certificate: string; readonly key: string }
  | {
    /** Made for this run; where its certificate is written, if anywhere. */
    readonly selfSigned: { readonly saveTo: string | undefined };
  };

/**
 * Where the options say that they come from; undefined where none are needed.
 *
 * @throws {UsageError} when they are missing, incomplete, or for nothing
 */
export function credentialsSource(
  endpoints: readonly Endpoint[],
  {
    cert,
    key,
    "self-signed": isSelfSigned,
    "save-cert": saveTo,
  }: ServeValues,
): CredentialsSource | undefined {
  if (saveTo !== undefined && !isSelfSigned) {
    throw new UsageError('Option "--save-cert" goes with --self-signed only');
  }
  const isNeeded = endpoints.some(({ transport }) => transport === "tls");
  const isGiven = isSelfSigned || cert !== undefined || key !== undefined;
  if (!isNeeded && isGiven) {
    throw new UsageError(
      'Options "--cert", "--key" and "--self-signed" go with a tls:// endpoint only',
    );
  }
  if (!isNeeded) return undefined;
  if (isSelfSigned) {
    if (cert === undefined && key === undefined) {
      return { selfSigned: { saveTo } };
    }
    throw new UsageError(
      `Options "--self-signed" and "--${
        cert === undefined ? "key" : "cert"
      }" exclude each other`,
    );
  }
  if (cert === undefined || key === undefined) {
    throw new UsageError(
      "A tls:// endpoint needs --cert FILE and --key FILE, or --self-signed",
    );
  }
  return { certificate: cert, key };
}

/** What reading them, or saving them, takes. */
export function credentialsPermissions(
  source: CredentialsSource,
): Permission[] {
  if (!("selfSigned" in source)) {
    return [source.certificate, source.key]
      .map((path) => ({ name: "read", path }));
  }
  const { saveTo } = source.selfSigned;
  return saveTo === undefined ? [] : [{ name: "write", path: saveTo }];
}

/**
 * Reads or makes them.
 *
 * @param made learns the SHA-256 fingerprint of a certificate that was made
 * @throws {UsageError} when a file cannot be read, or written
 */
export async function loadCredentials(
  source: CredentialsSource,
  endpoints: readonly Endpoint[],
  made: (sha256: string) => void,
): Promise<TlsCredentials> {
  if ("selfSigned" in source) {
    const { makeSelfSigned } = await import("./self_signed.ts");
    const hosts = endpoints.flatMap((endpoint) =>
      endpoint.transport === "tls" && endpoint.host !== ""
        ? [endpoint.host]
        : []
    );
    const { sha256, ...credentials } = await makeSelfSigned(hosts);
    const { saveTo } = source.selfSigned;
    if (saveTo !== undefined) await savePem(saveTo, credentials.certificate);
    made(sha256);
    return credentials;
  }
  return {
    certificate: await readPem(source.certificate, "certificate"),
    key: await readPem(source.key, "private key"),
  };
}

async function readPem(path: string, what: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new UsageError(
      `Cannot read the ${what} from ${JSON.stringify(path)}: ${
        systemReason(error)
      }`,
    );
  }
}

async function savePem(path: string, certificate: string): Promise<void> {
  try {
    await Deno.writeTextFile(path, certificate);
  } catch (error) {
    throw new UsageError(
      `Cannot write the certificate to ${JSON.stringify(path)}: ${
        systemReason(error)
      }`,
    );
  }
}
