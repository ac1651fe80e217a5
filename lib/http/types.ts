/** What goes into an HTTP exchange, and what comes out of it. Times are in milliseconds, monotonic. */

import type { SocketName } from "../os/network.ts";
import type { TlsDetails } from "../socket/tls.ts";
import type { Attempt } from "../socket/happy_eyeballs.ts";
import type { Family } from "../wire/address.ts";
import type {
  BodyFraming,
  HeaderField,
  HttpVersion,
} from "../wire/http1/events.ts";

export type {
  Attempt,
  BodyFraming,
  Family,
  HeaderField,
  HttpVersion,
  SocketName,
  TlsDetails,
};
export type { Certificate, CertificateProblem } from "../socket/certificate.ts";

/** The parts of an exchange, in their order. */
export type HttpPhase =
  | "lookup"
  | "connect"
  | "tls"
  | "request"
  | "first-byte"
  | "transfer";

/** How long each part may take, and all of them together; 0 is without limit. */
export type HttpTimeouts = {
  readonly [P in HttpPhase | "total"]?: number | undefined;
};

/** A host and port; an empty host or port 0 matches every one. */
export interface HostPort {
  /** A name, or an address without brackets. */
  readonly host: string;
  /** The TCP port. */
  readonly port: number;
}

/** Where to connect to in place of where a URL points. */
export interface Override {
  /** What a URL points to. */
  readonly from: HostPort;
  /** An empty host or port 0 leaves it as it is. */
  readonly to: HostPort;
}

/** How to ask, and for how long. */
export interface HttpOptions {
  /** Default: GET, or POST with a body. */
  readonly method?: string | undefined;
  /**
   * Sent after the default ones, in this order; a field of the same name as
   * a default one takes its place. An undefined value drops the default.
   */
  readonly headers?:
    | readonly { readonly name: string; readonly value: string | undefined }[]
    | undefined;
  /** Sent as it is, with its length. */
  readonly body?: Uint8Array | undefined;
  /** Default: `1.1`. */
  readonly version?: "1.1" | "1.0" | undefined;
  /** Sent as Basic authentication (RFC 7617), to the first origin only; what the URL has counts where this is absent. */
  readonly user?:
    | { readonly name: string; readonly password: string }
    | undefined;
  /** Ask for gzip, deflate or br, and decode it. */
  readonly compressed?: boolean | undefined;
  /** Redirects to follow; one more is an error. Default: none is followed, and none is an error. */
  readonly maxRedirects?: number | undefined;
  /** Connect by this family only. */
  readonly family?: Family | undefined;
  /** Connect to this Unix socket, whatever the URL says. */
  readonly unixPath?: string | undefined;
  /** The first that matches counts. */
  readonly connectTo?: readonly Override[] | undefined;
  /** False goes on with a certificate that is not to be trusted. */
  readonly verify?: boolean | undefined;
  /** Authorities to trust in place of the built-in ones, in PEM. */
  readonly authorities?: string | undefined;
  /** Accept what browsers accept; each deviation is a finding. */
  readonly lenient?: boolean | undefined;
  /** Bytes of the status line and the header together; default 65,536. */
  readonly maxHeaderBytes?: number | undefined;
  /** Header fields; default 1000. */
  readonly maxHeaders?: number | undefined;
  /** Bytes of a line before a chunk; default 4096. */
  readonly maxChunkLine?: number | undefined;
  /** Bytes of body, as received and as decoded. Default: no limit as received, and 256 MiB as decoded. */
  readonly maxBody?: number | undefined;
  /** Default: 10 s for lookup, connect and tls each, 60 s for the request, 30 s for the first byte; a transfer ends when less than 1 KiB comes in 30 s. */
  readonly timeouts?: HttpTimeouts | undefined;
  /** A phase that takes longer is a finding. Default 1000. */
  readonly slowMs?: number | undefined;
  /** Ends the exchange. */
  readonly signal?: AbortSignal | undefined;
  /** Sees all bytes of HTTP as they are sent and received; valid during the call only. */
  readonly tap?:
    | ((direction: "sent" | "received", bytes: Uint8Array) => void)
    | undefined;
}

/**
 * How long each phase took, the one that failed included: they add up to the
 * total. Undefined where it was not reached, and 0 where there was none, as on
 * a connection that was kept.
 */
export interface HttpPhases {
  /** Name to addresses. */
  readonly lookupMs: number | undefined;
  /** From the first SYN until a connection stood. */
  readonly connectMs: number | undefined;
  /** From there until the TLS handshake was done. */
  readonly tlsMs: number | undefined;
  /** Until the system had the whole request. */
  readonly requestMs: number | undefined;
  /** From there until the first byte of the response; 0 when that came before the request was out. */
  readonly firstByteMs: number | undefined;
  /** From the first byte of the response to its last one. */
  readonly transferMs: number | undefined;
  /** From the start to the end, or to the failure. */
  readonly totalMs: number;
}

/** What was sent. */
export interface RequestInfo {
  /** As it was sent. */
  readonly method: string;
  /** Without user and password. */
  readonly url: string;
  /** Path and query, as in the request line. */
  readonly target: string;
  /** Of HTTP. */
  readonly version: "1.1" | "1.0";
  /** In the order in which they were sent. */
  readonly headers: readonly HeaderField[];
  /** The request line and header, as they were sent. */
  readonly head: string;
  /** Its length in bytes. */
  readonly headBytes: number;
  /** Bytes of the body; 0 where there is none. */
  readonly bodyBytes: number;
}

/** What it was sent over. */
export interface ConnectionInfo {
  /** This end of it. */
  readonly local: SocketName;
  /** The server's end of it. */
  readonly remote: SocketName;
  /** Kept from an exchange before this one. */
  readonly reused: boolean;
  /** How many exchanges were begun on it before. */
  readonly exchangesBefore: number;
}

/** A response up to its body. */
export interface ResponseHead {
  /** Of HTTP, as the server has it. */
  readonly version: HttpVersion;
  /** The status code, such as 200. */
  readonly status: number;
  /** The words after the status code; may be empty. */
  readonly reason: string;
  /** In their order, with their case. */
  readonly headers: readonly HeaderField[];
  /** How the end of the body is found. */
  readonly framing: BodyFraming;
  /** Bytes of the status line and the header together. */
  readonly headerBytes: number;
}

/** What came back. */
export interface ResponseInfo extends ResponseHead {
  /** Fields after a chunked body. */
  readonly trailers: readonly HeaderField[];
  /** Interim responses (1xx) before it. */
  readonly interim: readonly InterimResponse[];
  /** Without chunk framing. */
  readonly bodyBytes: number;
  /** After decoding, with `compressed`. */
  readonly decodedBytes: number | undefined;
  /** Everything that was received for it. */
  readonly receivedBytes: number;
}

/** A 1xx response. */
export interface InterimResponse {
  /** The status code, such as 103. */
  readonly status: number;
  /** The words after it; may be empty. */
  readonly reason: string;
  /** In their order, with their case. */
  readonly headers: readonly HeaderField[];
}

/** Something unusual or wrong. */
export interface Finding {
  /** A note is no more than unusual. */
  readonly severity: "note" | "warning";
  /** What kind of finding, as one word for programs. */
  readonly code: string;
  /** What it is and why it matters, in a sentence without a final period. */
  readonly message: string;
}

/** Why an exchange failed. */
export interface Failure {
  /** What kind of failure, as one word for programs. */
  readonly code: string;
  /** The phase that failed; undefined where each went well, and the response leads nowhere. */
  readonly phase: HttpPhase | undefined;
  /** In a sentence without a final period. */
  readonly message: string;
}

/** One request and what became of it. */
export interface Exchange {
  /** Always `exchange`. */
  readonly type: "exchange";
  /** What was asked for, without user and password. */
  readonly url: string;
  /** Undefined where none was sent. */
  readonly request: RequestInfo | undefined;
  /** Undefined where there was none. */
  readonly connection: ConnectionInfo | undefined;
  /** At connections; empty for a connection that was kept. */
  readonly attempts: readonly Attempt[];
  /** What the handshake showed; undefined without TLS, and for a connection that was kept. */
  readonly tls: TlsDetails | undefined;
  /** Where the time went. */
  readonly phases: HttpPhases;
  /** Undefined where none came, or no more than a part of its header. */
  readonly response: ResponseInfo | undefined;
  /** What is unusual or wrong. */
  readonly findings: readonly Finding[];
  /** Where it redirects to, where `maxRedirects` is given. */
  readonly redirect: string | undefined;
  /** Why it failed; undefined where it did not. */
  readonly error: Failure | undefined;
}
