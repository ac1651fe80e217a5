/** netdiag http against curl. */

import { openSite } from "../../tests/http/_site.ts";
import { compare, limit, NETDIAG, type Result, run } from "./measure.ts";

const BYTES = 2 ** 30;
const MOST_MIB = 128;

/** Runs the command that its arguments are, and prints the most memory that it had resident, in KiB. */
const PEAK = "import resource, subprocess, sys; " +
  "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); " +
  "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";

/** 1 GiB from nginx over loopback, as whole processes. */
export async function* download(): AsyncGenerator<Result> {
  await using site = await openSite();
  const file = await Deno.open(`${site.folder}/www/large`, {
    create: true,
    write: true,
  });
  await file.truncate(BYTES);
  file.close();
  const url = `http://127.0.0.1:${site.ports.plain}/large`;
  const size = ["-w", "%{size_download}", "-o", "/dev/null", url];
  const netdiag = [...NETDIAG, "http", ...size];
  const curl = ["curl", "-s", ...size];
  yield await compare({
    name: "http-download",
    unit: "MB/s",
    against: curl.join(" "),
    required: { atLeast: 0.8 },
    rounds: 9,
    netdiag: () => rate(netdiag),
    peer: () => rate(curl),
  });
  const { text } = await run(["python3", "-c", PEAK, ...netdiag], "text");
  const peak = Math.round(Number(text) / 1024);
  yield limit("http-download-memory", "MiB", peak, MOST_MIB);
}

/** Megabytes a second. */
async function rate(command: readonly string[]): Promise<number> {
  const { seconds, text } = await run(command, "text");
  if (Number(text) !== BYTES) {
    throw new Error(`${command.join(" ")} read ${text} of ${BYTES} bytes`);
  }
  return BYTES / 1e6 / seconds;
}
