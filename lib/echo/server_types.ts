/** The options, events and results of {@linkcode serveEcho}. */

import type { TlsCredentials } from "../os/network.ts";
import type { Framing } from "../wire/frames.ts";

export type { Framing, TlsCredentials };

/**
 * What a server does with what it receives. `echo` (RFC 862) sends it back,
 * `discard` (RFC 863) does not; `chargen` (RFC 864) sends characters without
 * end, or some in answer to a datagram; `daytime` (RFC 867) and `greet` say
 * their line and close; `upper` answers in ASCII capitals; `hexdump` is echo
 * with every byte in the log; `delay` and `drop` are bad servers to try
 * clients on.
 */
export type EchoMode =
  | "echo"
  | "discard"
  | "chargen"
  | "daytime"
  | "upper"
  | "greet"
  | "hexdump"
  | "delay"
  | "drop";

/** Options of {@linkcode serveEcho}. */
export interface EchoServerOptions {
  /** Default `"echo"`. */
  readonly mode?: EchoMode | undefined;
  /** What `greet` says; a line feed follows it. */
  readonly message?: string | undefined;
  /** How long `delay` waits, in milliseconds. */
  readonly delayMs?: number | undefined;
  /** The share of messages that `drop` does not answer, 0 to 1. */
  readonly dropRate?: number | undefined;
  /** Answers stream messages one by one. Default `"none"`: whatever a read returns. */
  readonly framing?: Framing | undefined;
  /** The longest message that `framing` takes, in bytes. Default 1 MiB. */
  readonly maxFrame?: number | undefined;
  /** Also report every read: {@linkcode EchoRead}. Default false. */
  readonly reads?: boolean | undefined;
  /** Connections at one time, over all endpoints. Default 1024. */
  readonly maxConnections?: number | undefined;
  /** Closes connections that sent nothing and took nothing for this long, in milliseconds. Default: never. */
  readonly idleTimeoutMs?: number | undefined;
  /** Connections that may wait to be accepted. Default 511. */
  readonly backlog?: number | undefined;
  /** Send small messages at once (TCP_NODELAY). Default true. */
  readonly noDelay?: boolean | undefined;
  /** Ask silent peers whether they are still there (SO_KEEPALIVE). Default false. */
  readonly keepAlive?: boolean | undefined;
  /** SO_SNDBUF and SO_RCVBUF, in bytes. Default: the system's. */
  readonly sendBuffer?: number | undefined;
  /** SO_RCVBUF, in bytes. Default: the system's. */
  readonly receiveBuffer?: number | undefined;
  /** Share TCP and UDP ports with other servers that do so, too (SO_REUSEPORT). Default false. */
  readonly reusePort?: boolean | undefined;
  /** `[::]` takes IPv6 only. Default false: IPv4, too. */
  readonly ipv6Only?: boolean | undefined;
  /** Permissions of Unix sockets' files, such as 0o600. Default: as the umask leaves them. */
  readonly socketMode?: number | undefined;
  /** Answer datagrams from ports below 1024 and from this server's own ports, too. Default false, so that no two servers answer each other for ever. */
  readonly allowLoops?: boolean | undefined;
  /** The longest datagram that is answered, in bytes; a longer one is reported. Default 65,535. */
  readonly maxDatagram?: number | undefined;
  /** How long {@linkcode EchoServer.stop} waits for what is queued, in milliseconds. Default 1000. */
  readonly graceMs?: number | undefined;
  /** `native` is the event loop over FFI (Linux), `deno` Deno's own API, `auto` the best there is. Default `"auto"`. */
  readonly engine?: "auto" | "native" | "deno" | undefined;
  /** Certificate and key, needed by `tls://` endpoints. */
  readonly tls?: TlsCredentials | undefined;
  /** Stops the server as {@linkcode EchoServer.stop} does. */
  readonly signal?: AbortSignal | undefined;
  /** Learns what happens, at once and in order. */
  readonly onEvent?: ((event: EchoServerEvent) => void) | undefined;
}

/** An endpoint receives from now on. */
export interface EchoListening {
  /** Which event this is. */
  readonly type: "listening";
  /** As it was given, with the port that the system chose: `tcp://127.0.0.1:7007`. */
  readonly endpoint: string;
  /** Which sockets serve it. */
  readonly engine: "native" | "deno";
  /** Unix time in seconds. */
  readonly time: number;
}

/** A connection was accepted. */
export interface EchoOpened {
  /** Which event this is. */
  readonly type: "opened";
  /** Numbers the connections of a server from 1. */
  readonly connection: number;
  /** The endpoint, in text. */
  readonly endpoint: string;
  /** `127.0.0.1:50000`; `(unnamed)` for most clients of Unix sockets. */
  readonly peer: string;
  /** Unix time in seconds. */
  readonly time: number;
}

/** One read from a stream, against the messages in it. */
export interface EchoRead {
  /** Which event this is. */
  readonly type: "read";
  /** The number of the connection. */
  readonly connection: number;
  /** How many bytes. */
  readonly bytes: number;
  /** Messages that this read completed; absent without framing. */
  readonly frames?: number;
  /** Bytes of a message whose end has not come yet; absent without framing. */
  readonly incompleteBytes?: number;
  /** Unix time in seconds. */
  readonly time: number;
}

/** What arrived, byte for byte (`hexdump`). */
export interface EchoData {
  /** Which event this is. */
  readonly type: "data";
  /** Absent for a datagram. */
  readonly connection?: number;
  /** The endpoint, in text. */
  readonly endpoint: string;
  /** Who is at the other end: `127.0.0.1:50000`; `(unnamed)` for most clients of Unix sockets. */
  readonly peer: string;
  /** The bytes themselves. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Unix time in seconds. */
  readonly time: number;
}

/**
 * Why a connection ended: the peer ended it (`end`) or reset it (`reset`),
 * everything that the mode has to say was said (`done`), it was silent for
 * too long (`idle`), a message was longer than allowed (`frame`), the server
 * was stopped (`stopped`), or something broke it (`error`).
 */
export type EchoCloseReason =
  | "end"
  | "reset"
  | "done"
  | "idle"
  | "frame"
  | "stopped"
  | "error";

/** A connection is over. */
export interface EchoClosed {
  /** Which event this is. */
  readonly type: "closed";
  /** The number of the connection. */
  readonly connection: number;
  /** The endpoint, in text. */
  readonly endpoint: string;
  /** Who is at the other end: `127.0.0.1:50000`; `(unnamed)` for most clients of Unix sockets. */
  readonly peer: string;
  /** Why. */
  readonly reason: EchoCloseReason;
  /** What broke it, or which message was too long. */
  readonly message?: string;
  /** The system's name of the error. */
  readonly code?: string;
  /** Bytes that came. */
  readonly bytesReceived: number;
  /** Bytes that the system took. */
  readonly bytesSent: number;
  /** Reads that returned something. */
  readonly reads: number;
  /** Complete messages; absent without framing. */
  readonly frames?: number;
  /** How long it lasted, in milliseconds. */
  readonly durationMs: number;
  /** Unix time in seconds. */
  readonly time: number;
}

/** Nothing came of a connection: too many (`max-connections`), no descriptor left (`descriptors`), no TLS (`tls`), or the system's own reason (`error`). */
export interface EchoRefused {
  /** Which event this is. */
  readonly type: "refused";
  /** The endpoint, in text. */
  readonly endpoint: string;
  /** Why. */
  readonly reason: "max-connections" | "descriptors" | "tls" | "error";
  /** Who it was, where that is known. */
  readonly peer?: string;
  /** In words. */
  readonly message: string;
  /** Unix time in seconds. */
  readonly time: number;
}

/**
 * Datagrams that were not answered: answering could go on for ever (`loop`),
 * they were longer than allowed (`oversize`), or the way back is full
 * (`congested`). At most one event a second for each endpoint and reason.
 */
export interface EchoIgnored {
  /** Which event this is. */
  readonly type: "ignored";
  /** The endpoint, in text. */
  readonly endpoint: string;
  /** Why. */
  readonly reason: "loop" | "oversize" | "congested";
  /** Who sent the last one. */
  readonly peer: string;
  /** Bytes of the last one. */
  readonly bytes: number;
  /** How many since the last such event. */
  readonly count: number;
  /** Unix time in seconds. */
  readonly time: number;
}

/** Something failed that ends no connection, such as the answer to a datagram. At most one event a second for each endpoint. */
export interface EchoError {
  /** Which event this is. */
  readonly type: "error";
  /** The endpoint, in text. */
  readonly endpoint: string;
  /** Who is at the other end: `127.0.0.1:50000`; `(unnamed)` for most clients of Unix sockets. */
  readonly peer?: string;
  /** In words. */
  readonly message: string;
  /** The system's name of the error. */
  readonly code?: string;
  /** How many since the last such event. */
  readonly count: number;
  /** Unix time in seconds. */
  readonly time: number;
}

/** What a server has done; the last event. */
export interface EchoServerSummary {
  /** Which event this is. */
  readonly type: "summary";
  /** Counts of connections. */
  readonly connections: {
    readonly accepted: number;
    readonly refused: number;
    /** How they ended; those that are open are in none. */
    readonly closed: Readonly<Partial<Record<EchoCloseReason, number>>>;
    readonly open: number;
    /** The most at one time. */
    readonly peak: number;
  };
  /** Counts of datagrams. */
  readonly datagrams: {
    readonly received: number;
    readonly sent: number;
    readonly ignored: number;
    readonly failed: number;
  };
  /** Over streams and datagrams. */
  readonly bytesReceived: number;
  /** Bytes that the system took. */
  readonly bytesSent: number;
  /** How long it lasted, in milliseconds. */
  readonly durationMs: number;
  /** Unix time in seconds. */
  readonly time: number;
}

/** What happens on a server. */
export type EchoServerEvent =
  | EchoListening
  | EchoOpened
  | EchoRead
  | EchoData
  | EchoClosed
  | EchoRefused
  | EchoIgnored
  | EchoError
  | EchoServerSummary;

/** A server that runs. Disposing it stops it. */
export interface EchoServer extends AsyncDisposable {
  /** The endpoints in text, with the ports that the system chose, in the order in which they were given. */
  readonly endpoints: readonly string[];
  /** What it has done so far. */
  summary(): EchoServerSummary;
  /** Accepts nothing new, sends what is queued within `graceMs`, closes everything. */
  stop(): Promise<EchoServerSummary>;
  /** Resolves when it has stopped, by whatever. */
  readonly stopped: Promise<EchoServerSummary>;
}
