/**
 * Measures netdiag against its peers, in turns, in a network namespace of its
 * own. Prints one line of JSON a figure and exits with 1 when one misses what
 * is required. Arguments select benchmarks by name; Linux, as root.
 */

import {
  echoIdle,
  echoLoad,
  echoPeers,
  echoTcp,
  echoUdp,
} from "./bench/echo.ts";
import type { Result } from "./bench/measure.ts";
import { download } from "./bench/http.ts";
import { chunkedBody, httpParser } from "./bench/http_parser.ts";
import { binary, roundTrip, startup, sweep } from "./bench/ping.ts";

const BENCHMARKS: Readonly<Record<string, () => AsyncGenerator<Result>>> = {
  sweep,
  "round-trip": roundTrip,
  startup,
  binary,
  "echo-tcp": echoTcp,
  "echo-peers": echoPeers,
  "echo-udp": echoUdp,
  "echo-load": echoLoad,
  "echo-idle": echoIdle,
  "http-parser": httpParser,
  "http-chunked": chunkedBody,
  "http-download": download,
};

/** Set in the environment of the process that runs inside the namespace. */
const INSIDE = "NETDIAG_BENCH_NAMESPACE";

function fail(message: string): never {
  console.error(message);
  Deno.exit(2);
}

async function setUpNetwork(): Promise<void> {
  for (
    const line of [
      "ip link set lo up",
      "ip route add local 10.77.0.0/16 dev lo",
    ]
  ) {
    const [program, ...args] = line.split(" ");
    const { success } = await new Deno.Command(program!, { args }).spawn()
      .status;
    if (!success) fail(`Cannot set up the network: ${line}`);
  }
}

async function measure(names: readonly string[]): Promise<void> {
  let pass = true;
  for (const name of names) {
    for await (const result of BENCHMARKS[name]!()) {
      console.log(JSON.stringify(result));
      pass &&= result.pass;
    }
  }
  if (!pass) Deno.exit(1);
}

/** Runs this script again in a namespace that ends with it. */
async function enterNamespace(names: readonly string[]): Promise<never> {
  const { code } = await new Deno.Command("unshare", {
    args: ["--net", Deno.execPath(), "run", "-A", import.meta.url, ...names],
    env: { [INSIDE]: "1" },
  }).spawn().status;
  Deno.exit(code);
}

const names = Deno.args.length > 0 ? Deno.args : Object.keys(BENCHMARKS);
for (const name of names) {
  if (!Object.hasOwn(BENCHMARKS, name)) {
    fail(
      `No benchmark is called "${name}": there are ${
        Object.keys(BENCHMARKS).join(", ")
      }`,
    );
  }
}
if (Deno.build.os !== "linux" || Deno.uid() !== 0) {
  fail("The benchmarks need Linux and root, for a network namespace");
}
if (Deno.env.get(INSIDE) === undefined) await enterNamespace(names);
await setUpNetwork();
await measure(names).catch((error: Error) => fail(error.message));
