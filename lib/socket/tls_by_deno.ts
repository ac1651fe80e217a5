/** TLS by Deno's own API: for versions whose Node API does not tell whether a certificate was trusted. */

import { systemWords } from "../os/errno.ts";
import { type ByteStream, DenoByteStream } from "./byte_stream.ts";
import { problemOfDeno } from "./certificate.ts";
import {
  type TlsConnection,
  TlsError,
  type TlsOptions,
  UNTOLD,
} from "./tls.ts";

/**
 * Begins TLS as `startTls()` does. With a certificate that is not to be
 * trusted there is no connection: reading and writing it fail.
 */
export async function startDenoTls(
  stream: ByteStream,
  { serverName, protocols, authorities, signal }: TlsOptions,
): Promise<TlsConnection> {
  const secured = await Deno.startTls(stream.conn as Deno.TcpConn, {
    hostname: serverName,
    alpnProtocols: [...protocols],
    ...(authorities === undefined ? {} : { caCerts: [authorities] }),
  });
  const close = () => secured.close();
  signal.addEventListener("abort", close);
  const details = { ...UNTOLD, serverName, alpn: undefined };
  try {
    const { alpnProtocol } = await secured.handshake();
    return {
      stream: new DenoByteStream(secured),
      details: { ...details, alpn: alpnProtocol ?? undefined },
    };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const { message } = error as Error;
    const problem = problemOfDeno(message, [], serverName);
    if (problem === undefined) {
      secured.close();
      throw new TlsError(explain(message), { cause: error });
    }
    return {
      stream: new DenoByteStream(secured),
      details: { ...details, problems: [problem] },
    };
  } finally {
    signal.removeEventListener("abort", close);
  }
}

function explain(message: string): string {
  return /InvalidContentType/.test(message)
    ? "the server does not speak TLS on this port, but perhaps plain HTTP"
    : systemWords(message);
}
