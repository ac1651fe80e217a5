/** netdiag http against nginx, Python's http.server and curl, on loopback. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { run } from "../commands/_program.ts";
import { serve } from "../http/_server.ts";
import { openSite, type Site, type SiteServer } from "../http/_site.ts";
import { LabProcess } from "./process.ts";
import { peerTest } from "./requirements.ts";

const SITE = ["nginx", "openssl"] as const;

function siteTest(
  name: string,
  fn: (site: Site) => Promise<void>,
  needs: readonly "curl"[] = [],
): void {
  peerTest(name, async () => {
    await using site = await openSite();
    await fn(site);
  }, [...SITE, ...needs]);
}

/** The one object that `--json` prints. */
async function exchange(...args: string[]) {
  const { code, stdout, stderr } = await run(["http", "--json", ...args]);
  return { code, stderr, ...JSON.parse(stdout) };
}

siteTest(
  "netdiag http keeps a connection to nginx, or opens fresh ones",
  async ({ ports }) => {
    const url = `http://127.0.0.1:${ports.plain}/digits.txt`;
    const repeat = ["http", "--json", "--repeat", "3", "-i", "0", url];
    const cases: readonly (readonly [string[], boolean[]])[] = [
      [[], [false, true, true]],
      [["--fresh"], [false, false, false]],
    ];
    for (const [options, reused] of cases) {
      const { code, stdout, stderr } = await run([...repeat, ...options]);
      assertEquals(code, 0, stderr);
      const lines = stdout.trimEnd().split("\n").map((line) =>
        JSON.parse(line)
      );
      assertEquals(
        lines.slice(0, 3).map(({ connection }) => connection.reused),
        reused,
      );
      assertEquals(
        lines.slice(0, 3).map(({ phases }) => phases.connectMs === 0),
        reused,
      );
      const summary = lines[3];
      assertEquals([summary.type, summary.requests, summary.answered], [
        "summary",
        3,
        3,
      ]);
      assert(summary.others.minMs <= summary.others.maxMs);
    }
  },
);

siteTest(
  "netdiag http reads whole, partial, chunked, compressed and no bodies of nginx",
  async ({ ports, folder }) => {
    const origin = `http://127.0.0.1:${ports.plain}`;
    const body = `${folder}/body`;
    const whole = await exchange("-o", body, `${origin}/digits.txt`);
    assertEquals([whole.code, whole.response.status], [0, 200]);
    assertEquals(whole.response.framing, { kind: "length", length: 10 });
    assertEquals(await Deno.readTextFile(body), "0123456789");

    const part = await exchange(
      "-H",
      "Range: bytes=2-4",
      "-o",
      body,
      `${origin}/digits.txt`,
    );
    assertEquals([part.response.status, part.response.bodyBytes], [206, 3]);
    assertEquals(await Deno.readTextFile(body), "234");

    const compressed = await exchange(
      "--compressed",
      "-o",
      body,
      `${origin}/text.txt`,
    );
    assertEquals(compressed.response.framing, { kind: "chunked" });
    assertEquals(compressed.response.decodedBytes, 30_000);
    assert(compressed.response.bodyBytes < 1000);
    assertEquals(await Deno.readTextFile(body), "lines\n".repeat(5000));

    const head = await exchange("-I", `${origin}/digits.txt`);
    assertEquals([head.request.method, head.response.bodyBytes], ["HEAD", 0]);

    const old = await exchange("--http1.0", `${origin}/digits.txt`);
    assertStringIncludes(old.request.head, "GET /digits.txt HTTP/1.0\r\n");
    assertEquals([old.code, old.response.bodyBytes], [0, 10]);

    const moved = await exchange("-L", `${origin}/moved`);
    assertEquals([moved.url, moved.redirects.length], [`${origin}/`, 1]);
  },
);

siteTest(
  "netdiag http tells about TLS before the request, and trusts who is to be trusted",
  async ({ ports, authority }) => {
    const { code, stdout, stderr } = await run([
      "http",
      ...["--cacert", authority],
      `https://localhost:${ports.good}/digits.txt`,
    ]);
    assertEquals(code, 0, stderr);
    assertMatch(
      stdout,
      /^\* Connected to 127\.0\.0\.1:\d+ from .*\n\* TLS.*ALPN http\/1\.1\n/,
    );
    assertMatch(stdout, /^TLS |, TLS [\d.]+ ms,/m);
    const version = await run(["--version"]);
    if (!version.stdout.includes("deno 2.6.")) {
      assertMatch(
        stdout,
        /^\* TLSv1\.3, TLS_\w+, ALPN http\/1\.1\n\* Certificate: CN=good\n\* +for localhost, 127\.0\.0\.1\n\* +from \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d, 89 days left\n\* +signed by CN=authority$/m,
      );
    }
  },
);

const UNTRUSTED: Readonly<
  Record<Exclude<SiteServer, "plain" | "good">, RegExp>
> = {
  wrongName: /it is not for "localhost" but for other\.example$/,
  expired:
    /localhost: it (has expired|expired on \d{4}-\d\d-\d\d, \d days? ago)$/,
  selfSigned: /it is self-signed: no authority vouches for it$/,
  stranger:
    /it is signed by an unknown authority(, "CN=(stranger|otherAuthority)")?$/,
};

siteTest(
  "netdiag http sends nothing to a server whose certificate is wrong, unless -k",
  async ({ ports, authority }) => {
    for (const [server, says] of Object.entries(UNTRUSTED)) {
      const url = `https://localhost:${ports[server as SiteServer]}/digits.txt`;
      const refused = await run(["http", "--cacert", authority, url]);
      assertEquals(refused.code, 1, server);
      assertMatch(
        refused.stderr,
        /^netdiag http: Cannot trust the certificate of localhost: .*\n$/,
      );
      assertMatch(refused.stderr.trimEnd(), says);
      assert(!refused.stdout.includes("GET /"), refused.stdout);
      const forced = await exchange("-k", "--cacert", authority, url);
      assertEquals(
        [forced.code, forced.response?.status],
        [0, 200],
        forced.stderr,
      );
    }
  },
);

siteTest("netdiag http says that nginx wants TLS", async ({ ports }) => {
  const { code, stderr } = await run(["http", `localhost:${ports.good}`]);
  assertEquals(
    stderr,
    "netdiag http: The server wants TLS on this port, not plain HTTP: use https://\n",
  );
  assertEquals(code, 1);
});

peerTest("netdiag http reads Python's http.server", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/file.txt`, "from Python\n");
  try {
    await using server = new LabProcess([
      ...["python3", "-u", "-m", "http.server", "0"],
      ...["--bind", "127.0.0.1", "--directory", folder],
    ]);
    const line = await server.line((line) => line.includes("http://"));
    const origin = /http:\/\/[\d.:]+/.exec(line)![0];
    const { code, response, findings } = await exchange(`${origin}/file.txt`);
    assertEquals([code, response.status, response.bodyBytes], [0, 200, 12]);
    assertEquals(response.version, { major: 1, minor: 0 });
    assertEquals(findings, []);
    const missing = await exchange(`${origin}/none`);
    assertEquals([missing.code, missing.response.status], [0, 404]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}, ["python3"]);

/** What both programs print for the same URL, by the same words. */
const SAME = [
  "http_code",
  "size_download",
  "size_header",
  "num_headers",
  "num_redirects",
  "num_connects",
  "content_type",
  "url_effective",
  "http_version",
  "scheme",
  "method",
  "remote_ip",
  "remote_port",
];
const TIMES = [
  "time_namelookup",
  "time_connect",
  "time_appconnect",
  "time_pretransfer",
  "time_starttransfer",
  "time_total",
];
const FORMAT = `${
  [...SAME, ...TIMES].map((name) => `%{${name}}`).join("|")
}\\n`;

/** What is the program's own, or the machine's: everything that was waited for is far above it. */
const TOLERANCE_S = 0.1;
const ROUNDS = 3;

interface Measured {
  readonly same: string[];
  readonly times: number[];
}

function measured(stdout: string): Measured {
  const words = stdout.trimEnd().split("|");
  return {
    // The scheme is HTTP in older versions of curl, http in newer ones.
    same: words.slice(0, SAME.length).map((word) => word.toLowerCase()),
    times: words.slice(SAME.length).map(Number),
  };
}

/** The least of each time: load makes them longer, nothing makes them shorter. */
function least(rounds: readonly Measured[]): number[] {
  return TIMES.map((_, i) => Math.min(...rounds.map(({ times }) => times[i]!)));
}

async function compareWithCurl(
  url: string,
  options: readonly string[],
  /** What must at least have passed at each mark, in seconds. */
  atLeast: Readonly<Partial<Record<string, number>>>,
): Promise<void> {
  const netdiag: Measured[] = [];
  const curl: Measured[] = [];
  const args = [...options, "-o", "/dev/null", "-w", FORMAT, url];
  for (let round = 0; round < ROUNDS; round++) {
    const own = await run(["http", ...args]);
    assertEquals(own.code, 0, own.stderr);
    const peer = await new LabProcess(["curl", "-s", ...args]).finish();
    assertEquals(peer.code, 0, peer.stderr);
    netdiag.push(measured(own.stdout));
    curl.push(measured(peer.stdout));
  }
  assertEquals(netdiag[0]!.same, curl[0]!.same);
  const [own, peer] = [least(netdiag), least(curl)];
  TIMES.forEach((name, i) => {
    const what = `${name}: netdiag ${own[i]} s, curl ${peer[i]} s`;
    assert(Math.abs(own[i]! - peer[i]!) < TOLERANCE_S, what);
    assert(own[i]! >= (atLeast[name] ?? 0) - 0.005, what);
    // Zero where there is no such phase, and only there.
    assertEquals(own[i] === 0, peer[i] === 0, what);
  });
}

const FIRST_BYTE_MS = 400;
const TRANSFER_MS = 300;
/** The delays are what is measured; nobody waits for them. */
const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

peerTest("netdiag http measures a slow server as curl does", async () => {
  await using server = serve(async (peer) => {
    await peer.request();
    await delay(FIRST_BYTE_MS);
    await peer.send(
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nhello",
    );
    await delay(TRANSFER_MS);
    await peer.send("world");
    await peer.closed();
  });
  await compareWithCurl(`${server.origin}/`, [], {
    time_starttransfer: FIRST_BYTE_MS / 1000,
    time_total: (FIRST_BYTE_MS + TRANSFER_MS) / 1000,
  });
}, ["curl"]);

siteTest(
  "netdiag http measures nginx over TLS as curl does",
  async ({ ports, authority }) => {
    // 48 KiB at 64 KiB/s, of which a part comes at once.
    await compareWithCurl(
      `https://localhost:${ports.good}/slow`,
      ["--cacert", authority],
      { time_total: 0.4 },
    );
  },
  ["curl"],
);
