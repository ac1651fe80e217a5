/**
 * What an operating system provides for TCP, UDP and Unix sockets: a network
 * that calls back. Sockets never block, and nothing is read that nobody asked
 * for. Each engine has one: over FFI (`linux/`), and over Deno's own API
 * (`deno/`); both behave alike, and what one cannot do it refuses.
 */

/** Where a socket is: a port of an address in text (an IPv6 zone included), or a path (`@` begins an abstract one; empty where unnamed). */
export type SocketName =
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

/** What stream sockets can be told. Absent: as the system has it. */
export interface StreamOptions {
  /** Send small messages at once (TCP_NODELAY). */
  readonly noDelay?: boolean | undefined;
  /** Ask silent peers whether they are still there (SO_KEEPALIVE). */
  readonly keepAlive?: boolean | undefined;
  /** Bytes to ask for with SO_SNDBUF and SO_RCVBUF. */
  readonly sendBuffer?: number | undefined;
  readonly receiveBuffer?: number | undefined;
}

/** What a server needs to end the TLS of its clients, in PEM. */
export interface TlsCredentials {
  /** The certificate and those that lead to its authority, in PEM. */
  readonly certificate: string;
  /** The private key, in PEM. */
  readonly key: string;
}

/** How to listen. */
export interface ListenOptions extends StreamOptions {
  /** Connections that may wait to be accepted. */
  readonly backlog?: number | undefined;
  /** Share the port with other listeners that ask for the same (SO_REUSEPORT). */
  readonly reusePort?: boolean | undefined;
  /** On an IPv6 address: false takes IPv4 connections, too (IPV6_V6ONLY). */
  readonly ipv6Only?: boolean | undefined;
  /** Permissions of a Unix socket's file, such as 0o600. */
  readonly mode?: number | undefined;
  /** TCP only: every connection begins with a TLS handshake. */
  readonly tls?: TlsCredentials | undefined;
}

/** How to connect. */
export interface ConnectOptions extends StreamOptions {
  /** TCP only: begin with a TLS handshake, with this server name; `certificates` are trusted beside the system's, in PEM. */
  readonly tls?:
    | {
      readonly serverName: string;
      readonly certificates?: readonly string[] | undefined;
    }
    | undefined;
}

/** Learns what happens on one connection. It is called by its network, never from within a call of the connection's own methods. */
export interface StreamHandler {
  /** Connecting succeeded. Not called for connections that were accepted. */
  opened?(): void;
  /** Bytes that arrived; valid during the call only. */
  data(bytes: Uint8Array<ArrayBuffer>): void;
  /** The peer sends no more. It may still read. */
  end(): void;
  /** All that was written is with the system; {@linkcode StreamConnection.queued} is 0 again. */
  drained(): void;
  /**
   * The last call: both directions have ended, or `error` broke the
   * connection. Not called after {@linkcode StreamConnection.close}.
   */
  closed(error?: Error): void;
}

/** A connection: TCP, TLS or a Unix stream. */
export interface StreamConnection {
  readonly local: SocketName;
  readonly peer: SocketName;
  /** Bytes that were written and that the system has not taken yet; once closed, that it never took. */
  readonly queued: number;
  /** Sends bytes in order; what the system does not take now is copied, and sent as soon as it does. Its caller bounds {@linkcode queued}. */
  write(bytes: Uint8Array<ArrayBuffer>): void;
  /** Reads no more, so that the peer has to wait, until {@linkcode resume}. A paused connection reports `closed` only for errors. */
  pause(): void;
  resume(): void;
  /** Sends no more after what is queued (FIN). The peer may still send. */
  end(): void;
  /** Gives the connection up at once; what is queued is lost. `reset`: with a TCP reset, where the engine can. */
  close(reset?: "reset"): void;
}

/** Decides on connections that arrive. */
export interface ListenHandler {
  /** Who serves the connection; undefined closes it at once. */
  accept(connection: StreamConnection): StreamHandler | undefined;
  /** The system, or the peer in its TLS handshake, prevented a connection. Listening goes on. */
  refused(error: Error): void;
}

/** A listening socket; disposing it accepts no more, and connections live on. The file of a Unix socket is removed. */
export interface Listener extends Disposable {
  /** Where it listens, with the port that the system chose. */
  readonly name: SocketName;
}

/** What datagram sockets can be told. */
export interface DatagramOptions {
  /** The longest datagram that is read whole. */
  readonly maxDatagram: number;
  readonly sendBuffer?: number | undefined;
  readonly receiveBuffer?: number | undefined;
  readonly reusePort?: boolean | undefined;
  readonly ipv6Only?: boolean | undefined;
  /** Permissions of a Unix socket's file. */
  readonly mode?: number | undefined;
}

/** Who sent a datagram; valid during the call that hands it over, unless {@linkcode keep} is used. */
export interface DatagramPeer {
  /** The source port; 0 for Unix sockets. */
  readonly port: number;
  readonly name: SocketName;
  /** The same, for as long as it is needed. */
  keep(): DatagramPeer;
}

/** Learns what happens on a datagram socket. */
export interface DatagramHandler {
  /** A datagram. `bytes` is cut at `maxDatagram`, and `length` what there was; valid during the call only. */
  datagram(
    bytes: Uint8Array<ArrayBuffer>,
    from: DatagramPeer,
    length: number,
  ): void;
  /**
   * The system could not send a datagram, or reports what became of one that
   * it did (ECONNREFUSED).
   *
   * @param to @param length whom it was for and how long it was, where that is known
   */
  error(error: Error, to?: DatagramPeer, length?: number): void;
  /** There is room again after {@linkcode DatagramSocket.send} returned false. */
  drained(): void;
}

/** A datagram socket: UDP or Unix. */
export interface DatagramSocket extends Disposable {
  readonly name: SocketName;
  /**
   * Sends a copy of a datagram, together with others of the same moment: at
   * the latest when control is back at the network. False: as many wait to be
   * sent as may, and this one was not taken.
   *
   * @param to the recipient; on a connected socket, undefined
   */
  send(bytes: Uint8Array<ArrayBuffer>, to?: DatagramPeer): boolean;
}

/** Ends something that was planned. Harmless when it is over. */
export type Cancel = () => void;

/**
 * The sockets of one run. Disposing it closes them all, and calls nobody back;
 * from then on it opens none, but throws. Who disposes of it asynchronously
 * waits for the thread that it had, too.
 */
export interface Network extends Disposable, AsyncDisposable {
  readonly engine: "native" | "deno";
  /** Monotonic time in milliseconds, with microseconds. */
  now(): number;
  /** Calls back once when {@linkcode now} reaches `at`, or soon after. */
  schedule(at: number, callback: () => void): Cancel;
  /**
   * Listens for streams. Names have been resolved, and are allowed.
   *
   * @throws {Error} with the system's `code` when it refuses; UnsupportedError when the engine cannot do what an option asks for
   */
  listen(
    at: SocketName,
    options: ListenOptions,
    handler: ListenHandler,
  ): Promise<Listener>;
  /**
   * Begins to connect: `opened`, or `closed` with an error, follows.
   *
   * @throws {Error} with the system's `code` where no socket can be had
   */
  connect(
    to: SocketName,
    options: ConnectOptions,
    handler: StreamHandler,
  ): StreamConnection;
  /** A datagram socket that receives at a name. Throws as {@linkcode listen} does. */
  bind(
    at: SocketName,
    options: DatagramOptions,
    handler: DatagramHandler,
  ): Promise<DatagramSocket>;
  /** A datagram socket that talks to one peer. Throws as {@linkcode listen} does. */
  associate(
    to: SocketName,
    options: DatagramOptions,
    handler: DatagramHandler,
  ): Promise<DatagramSocket>;
}
