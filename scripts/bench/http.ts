/** netdiag http against curl. */

import { compare, limit, NETDIAG, type Result, run } from "./measure.ts";

const BYTES = 2 ** 30;
const MOST_MIB = 128;

/** Runs the command that its arguments are, and prints the most memory that it had resident, in KiB. */
const PEAK = "import resource, subprocess, sys; " +
  "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); " +
  "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";

/** Port of the web server, in the namespace of the benchmarks. */
const PORT = 8080;

/** nginx with one file of zeros. Disposing of it ends it. */
async function startNginx(): Promise<AsyncDisposable> {
  const folder = await Deno.makeTempDir();
  const file = await Deno.open(`${folder}/large`, {
    create: true,
    write: true,
  });
  await file.truncate(BYTES);
  file.close();
  await Deno.writeTextFile(
    `${folder}/nginx.conf`,
    `user root; worker_processes 1; pid ${folder}/nginx.pid;
    error_log ${folder}/error.log; events {}
    http {
      access_log off; sendfile on;
      server { listen 127.0.0.1:${PORT}; root ${folder}; }
    }`,
  );
  // It leaves its parent only when it listens.
  const nginx = ["nginx", "-c", `${folder}/nginx.conf`, "-e", "stderr"];
  await run(nginx, "discard");
  return {
    async [Symbol.asyncDispose]() {
      await run([...nginx, "-s", "stop"], "discard");
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** 1 GiB from nginx over loopback, as whole processes. */
export async function* download(): AsyncGenerator<Result> {
  await using _nginx = await startNginx();
  const url = `http://127.0.0.1:${PORT}/large`;
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
