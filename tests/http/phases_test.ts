import { assert, assertEquals } from "@std/assert";
import { cumulative, phasesOf } from "../../lib/http/phases.ts";
import { ask } from "./_ask.ts";
import type { Exchange, HttpOptions, HttpPhase } from "../../lib/http/types.ts";
import { type Peer, serve } from "./_server.ts";

const OK =
  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nabc";

/** The phases that were reached, in their order, and their sum. */
function reached({ phases }: Pick<Exchange, "phases">) {
  const times = Object.entries(phases)
    .filter(([name, ms]) => name !== "totalMs" && ms !== undefined);
  const sum = times.reduce((sum, [, ms]) => sum + ms!, 0);
  return { last: times.at(-1)?.[0], sum };
}

interface Failing {
  readonly name: string;
  readonly script: (peer: Peer) => Promise<void>;
  readonly options?: HttpOptions;
  readonly scheme?: string;
  /** What the failure may be called. */
  readonly codes: readonly string[];
  readonly phases: readonly HttpPhase[];
}

const silent = (peer: Peer) => peer.closed();

const FAILING: readonly Failing[] = [
  {
    name: "was given up before it began",
    script: silent,
    options: { signal: AbortSignal.abort() },
    codes: ["interrupted"],
    phases: ["lookup"],
  },
  {
    name: "has no end of a TLS handshake",
    script: silent,
    options: { timeouts: { tls: 300 } },
    scheme: "https:",
    codes: ["timeout"],
    phases: ["tls"],
  },
  {
    name: "gets no answer",
    script: silent,
    options: { timeouts: { "first-byte": 300 } },
    codes: ["timeout"],
    phases: ["first-byte"],
  },
  {
    name: "is closed",
    script: (peer) => Promise.resolve(peer.close()),
    codes: ["no-response", "broken"],
    phases: ["request", "first-byte"],
  },
  {
    name: "gets a part of an answer",
    async script(peer) {
      await peer.request();
      await peer.send(OK);
      await peer.closed();
    },
    options: { timeouts: { transfer: 300 } },
    codes: ["timeout"],
    phases: ["transfer"],
  },
];

const KEYS: Readonly<Record<HttpPhase, string>> = {
  lookup: "lookupMs",
  connect: "connectMs",
  tls: "tlsMs",
  request: "requestMs",
  "first-byte": "firstByteMs",
  transfer: "transferMs",
};

function assertFailed(
  exchange: Exchange,
  { codes, phases }: Pick<Failing, "codes" | "phases">,
): void {
  const { code, phase } = exchange.error!;
  assert(codes.includes(code) && phases.includes(phase!), `${code} ${phase}`);
  const { last, sum } = reached(exchange);
  assertEquals(last, KEYS[phase!]);
  const { totalMs } = exchange.phases;
  assert(Math.abs(sum - totalMs) < 1e-6, `${sum} of ${totalMs} ms`);
  assertEquals(exchange.findings, []);
}

for (const failing of FAILING) {
  const { name, script, options, scheme = "http:" } = failing;
  Deno.test(`the phases of an exchange that ${name} add up to the total`, async () => {
    await using server = serve(script);
    const url = server.origin.replace("http:", scheme);
    // The time of the phase that failed is told by the failure alone.
    const { last } = await ask(url, { slowMs: 250, ...options });
    assertFailed(last, failing);
  });
}

Deno.test("the phases of an exchange that nobody takes add up to the total", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const { last } = await ask(`http://127.0.0.1:${port}`);
  assertFailed(last, { codes: ["connect"], phases: ["connect"] });
});

Deno.test("no phase failed where a redirect leads nowhere", async () => {
  await using server = serve(async (peer) => {
    await peer.request();
    await peer.send(
      "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
    );
    await peer.closed();
  });
  const { last } = await ask(server.origin, { maxRedirects: 5 });
  assertEquals(last.error?.code, "redirect-loop");
  assertEquals(last.error?.phase, undefined);
});

Deno.test("phasesOf() goes by the failure, whatever was reached meanwhile", () => {
  const marks = {
    startedAt: 10,
    lookedUpAt: 11,
    connectedAt: 13,
    securedAt: 17,
    requestedAt: 25,
    endedAt: 42,
  };
  const phases = phasesOf(marks, true, "tls");
  assertEquals(phases, {
    lookupMs: 1,
    connectMs: 2,
    tlsMs: 29,
    requestMs: undefined,
    firstByteMs: undefined,
    transferMs: undefined,
    totalMs: 32,
  });
  // curl has 0 for what was not reached.
  const error = { code: "certificate", phase: "tls", message: "" } as const;
  const { connectMs, tlsMs, preTransferMs, totalMs } = cumulative({
    phases,
    error,
  });
  assertEquals([connectMs, tlsMs, preTransferMs, totalMs], [3, 0, 0, 32]);
});
