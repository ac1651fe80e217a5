/**
 * What runs for the first time takes longer: modules are loaded, code is
 * compiled, libraries are opened. None of that is the server's, so it is done
 * before the clock starts.
 */

import { prepareLookups } from "../socket/byte_stream.ts";
import { race } from "../socket/happy_eyeballs.ts";
import { ExchangeRun } from "./exchange.ts";
import { firstState, prepareRequest } from "./request.ts";
import { parseHttpUrl } from "./url.ts";

const RESPONSE = new TextEncoder().encode(
  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok",
);
const NOWHERE = { host: "", port: 0 };
const ROUNDS = 2;

let rehearsed: Promise<void> | undefined;

/** What an exchange will take. */
interface Parts {
  /** A name to look up. */
  readonly lookup: boolean;
  readonly secure: boolean;
  /** Content codings to undo. */
  readonly compressed: boolean;
}

/** Prepares for the first exchange; once is enough. */
export function rehearse(parts: Parts): Promise<void> {
  return rehearsed ??= run(parts);
}

async function run({ lookup, secure, compressed }: Parts): Promise<void> {
  if (lookup) await prepareLookups();
  await rehearseConnecting();
  if (secure) await rehearseTls();
  if (compressed) await import("./decode.ts");
  const url = parseHttpUrl("http://localhost/");
  for (let i = 0; i < ROUNDS; i++) {
    const request = prepareRequest(url, firstState({}), {});
    using exchange = new ExchangeRun(url, request, {}, memory(), () => {});
    await exchange.head();
    await exchange.body(() => {});
    exchange.result();
  }
}

async function rehearseConnecting(): Promise<void> {
  await race(["", ""], {
    connect: (address) => Promise.resolve(address),
    close: () => {},
    signal: new AbortController().signal,
    now: () => performance.now(),
  });
}

/** A handshake with a peer that closes at once. */
async function rehearseTls(): Promise<void> {
  const { startTls, TELLS_ALL, TlsError } = await import("../socket/tls.ts");
  if (!TELLS_ALL) return; // TLS is Deno's own there, unless for -k
  const { stream } = memory();
  await startTls({ ...stream, read: () => Promise.resolve(null) }, {
    serverName: "localhost",
    protocols: ["http/1.1"],
    verify: false,
    signal: new AbortController().signal,
  }).catch((error) => {
    if (!(error instanceof TlsError)) throw error;
  });
}

/** A connection to a server in memory, which gives one answer. */
function memory() {
  return {
    stream: {
      local: NOWHERE,
      remote: NOWHERE,
      read(buffer: Uint8Array<ArrayBuffer>) {
        buffer.set(RESPONSE);
        return Promise.resolve(RESPONSE.length);
      },
      write: () => Promise.resolve(),
      close: () => {},
    },
    buffer: new Uint8Array(new ArrayBuffer(RESPONSE.length)),
    exchanges: 1,
    [Symbol.dispose]: () => {},
  };
}
