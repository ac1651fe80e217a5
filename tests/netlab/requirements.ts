/** What the tests in network namespaces need, and how they are skipped where it is missing. */

/** Something that a lab test cannot do without. */
export type Requirement =
  | "namespaces"
  | "tun"
  | "nft"
  | "tbf"
  | "curl"
  | "nginx"
  | "openssl"
  | "python3"
  | "ping"
  | "fping"
  | "clock"
  | "python"
  | "nc"
  | "ncat"
  | "socat";

function succeeds(program: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).outputSync().success;
  } catch {
    return false;
  }
}

function prints(text: string, program: string, ...args: string[]): boolean {
  try {
    const { stdout, stderr } = new Deno.Command(program, {
      args,
      stdin: "null",
    }).outputSync();
    const decoder = new TextDecoder();
    return (decoder.decode(stdout) + decoder.decode(stderr)).includes(text);
  } catch {
    return false;
  }
}

function opens(path: string): boolean {
  try {
    Deno.openSync(path, { read: true, write: true }).close();
    return true;
  } catch {
    return false;
  }
}

/** Why no namespaces can be made here; undefined where they can. */
function namespacesMissing(): string | undefined {
  if (Deno.build.os !== "linux") return "needs Linux";
  if (Deno.uid() !== 0) return "needs root";
  if (!succeeds("ip", "-Version")) return "needs iproute2";
  if (!succeeds("setpriv", "--version")) return "needs util-linux";
  if (!succeeds("ip", "netns", "list") || !succeeds("unshare", "-n", "true")) {
    return "needs network namespaces";
  }
  return undefined;
}

/** A slow link with a short queue, as `tc qdisc` has it. */
export const TBF = "tbf rate 400kbit burst 1600 limit 3000".split(" ");

const CHECKS: Readonly<Record<Requirement, () => string | undefined>> = {
  namespaces: namespacesMissing,
  tun: () => opens("/dev/net/tun") ? undefined : "needs /dev/net/tun",
  nft: () => succeeds("nft", "--version") ? undefined : "needs nftables",
  tbf: () =>
    succeeds(
        "unshare",
        "-n",
        "tc",
        ..."qdisc add dev lo root".split(" "),
        ...TBF,
      )
      ? undefined
      : "needs the token bucket filter of tc",
  curl: () => succeeds("curl", "--version") ? undefined : "needs curl",
  nginx: () => succeeds("nginx", "-v") ? undefined : "needs nginx",
  openssl: () => succeeds("openssl", "version") ? undefined : "needs openssl",
  python3: () => succeeds("python3", "--version") ? undefined : "needs Python",
  ping: () => succeeds("ping", "-V") ? undefined : "needs iputils ping",
  // Everyone on the machine would notice.
  clock: () =>
    Deno.env.get("NETDIAG_TEST_CLOCK") === "1"
      ? undefined
      : "steps this machine's clock: set NETDIAG_TEST_CLOCK=1",
  fping: () => succeeds("fping", "-v") ? undefined : "needs fping",
  python: () => succeeds("python3", "-V") ? undefined : "needs Python",
  // Other programs of this name have other options.
  nc: () =>
    prints("OpenBSD netcat", "nc", "-h") ? undefined : "needs OpenBSD's nc",
  ncat: () => succeeds("ncat", "--version") ? undefined : "needs ncat",
  socat: () => succeeds("socat", "-V") ? undefined : "needs socat",
};

const found = new Map<Requirement, string | undefined>();

/** Why a requirement is not met on this machine, in a few words; undefined where it is. */
export function missing(requirement: Requirement): string | undefined {
  if (!found.has(requirement)) found.set(requirement, CHECKS[requirement]());
  return found.get(requirement);
}

/**
 * A test that needs namespaces, and what `needs` names besides. Where
 * something is missing it is reported as ignored, with the reason in its name.
 */
export function labTest(
  name: string,
  fn: (context: Deno.TestContext) => Promise<void>,
  needs: readonly Requirement[] = [],
): void {
  peerTest(name, fn, ["namespaces", ...needs]);
}

/** The same for a test that needs programs, and no namespaces. */
export function peerTest(
  name: string,
  fn: (context: Deno.TestContext) => Promise<void>,
  needs: readonly Requirement[],
): void {
  const reason = needs.map(missing).find((text) => text !== undefined);
  if (reason === undefined) Deno.test(name, fn);
  else Deno.test({ name: `${name} (skipped: ${reason})`, ignore: true, fn });
}
