/** Servers that do what a script says, byte by byte. */

/** One connection, from the server's end. */
export interface Peer {
  /** Reads up to the empty line that ends a request's header; false when the client has gone. */
  request(): Promise<string>;
  /** Text is sent as Latin-1. Rejects when the client has gone. */
  send(data: string | Uint8Array): Promise<void>;
  /** Resolves when the client closes the connection. */
  closed(): Promise<void>;
  close(): void;
}

/** A listening server; disposing it closes it and every connection. */
export interface ScriptedServer extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** The headers of all requests so far. */
  readonly requests: readonly string[];
  /** Connections so far. */
  readonly connections: number;
}

/** Serves each connection by a script; the connection is closed when that ends. */
export function serve(
  script: (peer: Peer, connection: number) => Promise<void>,
  hostname = "127.0.0.1",
  port = 0,
): ScriptedServer {
  const listener = Deno.listen({ hostname, port });
  const requests: string[] = [];
  const open = new Set<Deno.Conn>();
  const running = new Set<Promise<void>>();
  let connections = 0;
  const accept = async () => {
    for await (const conn of listener) {
      open.add(conn);
      const done = script(peerOf(conn, requests), ++connections)
        .catch((error) => {
          // The client may leave whenever it has seen enough.
          if (!isGone(error)) throw error;
        })
        .finally(() => {
          open.delete(conn);
          close(conn);
          running.delete(done);
        });
      running.add(done);
    }
  };
  const accepting = accept();
  const address = listener.addr as Deno.NetAddr;
  return {
    port: address.port,
    origin: `http://127.0.0.1:${address.port}`,
    requests,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const conn of open) close(conn);
      await accepting;
      await Promise.all(running);
    },
  };
}

/** A server that answers every request on a connection with the same bytes. */
export function serveBytes(response: string | Uint8Array): ScriptedServer {
  return serve(async (peer) => {
    while (await peer.request() !== "") await peer.send(response);
  });
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted;
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

function peerOf(conn: Deno.Conn, requests: string[]): Peer {
  const buffer = new Uint8Array(65_536);
  const decoder = new TextDecoder("latin1");
  let text = "";
  return {
    async request() {
      while (!text.includes("\r\n\r\n")) {
        const count = await conn.read(buffer);
        if (count === null) return "";
        text += decoder.decode(buffer.subarray(0, count));
      }
      const end = text.indexOf("\r\n\r\n") + 4;
      const head = text.slice(0, end);
      const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
      while (text.length < end + length) {
        const count = await conn.read(buffer);
        if (count === null) return "";
        text += decoder.decode(buffer.subarray(0, count));
      }
      const request = text.slice(0, end + length);
      text = text.slice(end + length);
      requests.push(request);
      return request;
    },
    async send(data) {
      const bytes = typeof data === "string"
        ? Uint8Array.from(data, (character) => character.charCodeAt(0))
        : data;
      for (let at = 0; at < bytes.length;) {
        at += await conn.write(bytes.subarray(at));
      }
    },
    async closed() {
      while (await conn.read(buffer) !== null);
    },
    close: () => close(conn),
  };
}
