/** Servers that do wrong, in every way that is known: one clear line each, and status 1. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Peer, serve } from "../http/_server.ts";
import { run } from "./_program.ts";

const OK = "HTTP/1.1 200 OK\r\n";

async function gzip(text: BlobPart[]): Promise<Uint8Array> {
  const stream = new Blob(text).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return await new Response(stream).bytes();
}

interface BadServer {
  readonly name: string;
  readonly script: (peer: Peer, connection: number) => Promise<void>;
  readonly args?: readonly string[];
  /** The one line on standard error, after `netdiag http: `. */
  readonly says: RegExp;
}

/** Answers every request with the same text. */
function answering(...parts: string[]) {
  return async (peer: Peer) => {
    await peer.request();
    for (const part of parts) await peer.send(part);
    await peer.closed();
  };
}

const SERVERS: readonly BadServer[] = [
  {
    name: "closes at once",
    script: (peer) => Promise.resolve(peer.close()),
    says:
      /^(Connection was closed before a response came|The connection broke after 0 bytes of response: .*)$/,
  },
  {
    name: "sends nothing",
    script: (peer) => peer.closed(),
    args: ["--timeout", "first-byte=100ms"],
    says: /^Timed out after 100 ms while waiting for the first byte$/,
  },
  {
    name: "sends nothing, and the whole is limited",
    script: (peer) => peer.closed(),
    args: ["--timeout", "150ms"],
    says:
      /^Timed out after 150 ms while waiting for the first byte \(the whole may take 150 ms\)$/,
  },
  {
    name: "sends headers for ever",
    async script(peer) {
      await peer.request();
      await peer.send(OK);
      for (;;) await peer.send(`X-Filler: ${"a".repeat(1000)}\r\n`);
    },
    says:
      /^Header section is longer than 65536 bytes \(--max-header allows more\)$/,
  },
  {
    name: "sends many headers",
    script: answering(OK, "A: b\r\n".repeat(11)),
    args: ["--max-headers", "10"],
    says:
      /^Header section has more than 10 fields \(--max-headers allows more\)$/,
  },
  {
    name: "sends a byte now and then",
    async script(peer) {
      await peer.request();
      for (const character of `${OK}Content-Length: 1000\r\n\r\n`) {
        await peer.send(character);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    args: ["--timeout", "transfer=300ms"],
    says: /^Timed out after 300 ms during the transfer$/,
  },
  {
    name: "has a chunk of FFFFFFFFFFFFFFFF bytes",
    script: answering(
      `${OK}Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\nabc`,
    ),
    says: /^Bad response: Chunk size "FFFFFFFFFFFFFFFF" is more than /,
  },
  {
    name: "has a negative length",
    script: answering(`${OK}Content-Length: -1\r\n\r\nabc`),
    says:
      /^Bad response: Content-Length "-1" is negative \(byte \d+, RFC 9112, section 6\.3\)$/,
  },
  {
    name: "has a huge length",
    script: answering(`${OK}Content-Length: 99999999999999999999\r\n\r\nabc`),
    says: /^Bad response: Content-Length "99999999999999999999" is more than /,
  },
  {
    name: "has two lengths",
    script: answering(
      `${OK}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`,
    ),
    says: /^Bad response: Content-Length/,
  },
  {
    name: "says more than it sends",
    async script(peer) {
      await peer.request();
      await peer.send(`${OK}Content-Length: 10\r\n\r\nabc`);
    },
    says: /^Connection was closed after 3 of 10 bytes of the body$/,
  },
  {
    name: "has a body longer than is allowed",
    script: answering(`${OK}Content-Length: 11\r\n\r\nhello world`),
    args: ["--max-body", "10"],
    says:
      /^Body is longer than 10 bytes: Content-Length is 11 \(--max-body allows more\)$/,
  },
  {
    name: "has a chunk line longer than is allowed",
    script: answering(
      `${OK}Transfer-Encoding: chunked\r\n\r\n5;name="a long value"\r\nhello\r\n`,
    ),
    args: ["--max-chunk-line", "10"],
    says:
      /^Chunk line is longer than 10 bytes \(--max-chunk-line allows more\)$/,
  },
  {
    name: "cuts its gzip",
    async script(peer) {
      const body = (await gzip(["x".repeat(100_000)])).slice(0, -20);
      await peer.request();
      await peer.send(
        `${OK}Content-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`,
      );
      await peer.send(body);
      await peer.closed();
    },
    args: ["--compressed"],
    says: /^The gzip body ends in the middle, after \d+ bytes$/,
  },
  {
    name: "says gzip and sends text",
    script: answering(
      `${OK}Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello`,
    ),
    args: ["--compressed"],
    says: /^The body is not gzip: /,
  },
  {
    name: "sends a gzip bomb",
    async script(peer) {
      const zeros = new Uint8Array(16 * 2 ** 20);
      const body = await gzip(Array.from({ length: 20 }, () => zeros));
      await peer.request();
      await peer.send(
        `${OK}Content-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`,
      );
      await peer.send(body);
      await peer.closed();
    },
    args: ["--compressed"],
    says:
      /^The gzip body decodes to more than 268435456 bytes, from \d+ \(--max-body allows more\)$/,
  },
  {
    name: "redirects to itself",
    script: answering(
      "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
    ),
    args: ["-L"],
    says: /^Redirect loop: http:\/\/127\.0\.0\.1:\d+\/ was asked for already$/,
  },
  {
    name: "redirects on and on",
    async script(peer, connection) {
      await peer.request();
      await peer.send(
        `HTTP/1.1 302 Found\r\nLocation: /${connection}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      );
    },
    args: ["-L", "--max-redirs", "3"],
    says:
      /^Too many redirects: the next would lead to http:\/\/127\.0\.0\.1:\d+\/4 \(--max-redirs allows more\)$/,
  },
  {
    name: "redirects where no redirect is to be followed",
    script: answering(
      "HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n",
    ),
    args: ["-L", "--max-redirs", "0"],
    says:
      /^Too many redirects: the next would lead to http:\/\/127\.0\.0\.1:\d+\/next \(--max-redirs allows more\)$/,
  },
  {
    name: "redirects to nowhere",
    script: answering(
      "HTTP/1.1 302 Found\r\nLocation: http://[::\r\nContent-Length: 0\r\n\r\n",
    ),
    args: ["-L"],
    says:
      /^Bad redirect: Cannot use URL "http:\/\/\[::": it has no valid host and port$/,
  },
  {
    name: "speaks another protocol",
    script: answering("SSH-2.0-OpenSSH_9.2\r\n"),
    says:
      /^The server does not speak HTTP: it answered "SSH-2\.0-OpenSSH_9\.2\\r\\n"$/,
  },
  {
    name: "waits for TLS",
    async script(peer) {
      await peer.request();
      await peer.send(Uint8Array.of(0x15, 3, 1, 0, 2, 2, 70)); // a fatal alert
    },
    says:
      /^The server speaks TLS on this port, not plain HTTP: use https:\/\/$/,
  },
];

for (const { name, script, args = [], says } of SERVERS) {
  Deno.test(`netdiag http: a server that ${name}`, async () => {
    await using server = serve(script);
    const { code, stderr } = await run(["http", ...args, server.origin]);
    const [line, ...others] = stderr.trimEnd().split("\n");
    assertMatch(line!.replace(/^netdiag http: /, ""), says);
    assertEquals(others, []);
    assertEquals(code, 1);
  });
}

Deno.test("netdiag http: a server that speaks plain HTTP on the TLS port", async () => {
  await using server = serve(async (peer) => {
    await peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    await peer.closed();
  });
  const { code, stderr } = await run([
    "http",
    server.origin.replace("http:", "https:"),
  ]);
  assertMatch(
    stderr,
    /^netdiag http: TLS handshake with 127\.0\.0\.1 failed: the server .*plain HTTP.*\n$/,
  );
  assertEquals(code, 1);
});

Deno.test("netdiag http: a server that never ends its TLS handshake", async () => {
  await using server = serve((peer) => peer.closed());
  const { code, stderr, stdout } = await run([
    "http",
    "--timeout",
    "tls=150ms",
    server.origin.replace("http:", "https:"),
  ]);
  assertEquals(
    stderr,
    "netdiag http: Timed out after 150 ms during the TLS handshake\n",
  );
  assertEquals(code, 1);
  assertMatch(stdout, /^\* Connected to 127\.0\.0\.1:\d+/);
});

Deno.test("netdiag http -k: a server that closes in place of a TLS handshake", async () => {
  await using server = serve((peer) => Promise.resolve(peer.close()));
  const { code, stderr } = await run([
    ...["http", "-k", "--timeout", "tls=60s"],
    server.origin.replace("http:", "https:"),
  ]);
  assertMatch(
    stderr,
    /^netdiag http: TLS handshake with 127\.0\.0\.1 failed: the server closed the connection in place of an answer\n$/,
  );
  assertEquals(code, 1);
});

Deno.test("netdiag http: a port where nobody listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const { code, stderr } = await run(["http", `127.0.0.1:${port}`]);
  assertEquals(
    stderr,
    `netdiag http: Cannot connect to 127.0.0.1:${port}: 127.0.0.1: Connection refused\n`,
  );
  assertEquals(code, 1);
});

Deno.test("netdiag http --lenient takes what is wrong, and tells", async () => {
  await using server = serve(
    answering(`${OK}Content-Length: 5\r\nName : x\r\n\r\nhello`),
  );
  const strict = await run(["http", server.origin]);
  assertEquals(strict.code, 1);
  const lenient = await run(["http", "--lenient", server.origin]);
  assertEquals(lenient.code, 0, lenient.stderr);
  assert(/^! .*RFC 9112, section 5/m.test(lenient.stdout), lenient.stdout);
});
