/**
 * Networks on this machine alone: hosts and routers are network namespaces,
 * joined by veth pairs, made from a short description and removed again
 * whatever happens.
 *
 * @example
 * ```ts ignore
 * await using lab = await Lab.create({
 *   hosts: { near: {}, far: { sysctls: { "net.ipv4.icmp_echo_ignore_all": 1 } } },
 *   links: [[
 *     { host: "near", addresses: ["10.9.1.1/24"] },
 *     { host: "far", addresses: ["10.9.1.2/24"] },
 *   ]],
 * });
 * const { code } = await lab.run("near", "netdiag ping -c 1 10.9.1.2");
 * ```
 */

import {
  AS_ORDINARY,
  type Installation,
  ordinaryInstallation,
  OWN,
} from "./ordinary_user.ts";
import { LabProcess, type RunOptions, type RunResult } from "./process.ts";
import { PREFIX } from "./reaper.ts";

/** One host of a lab. */
export interface Host {
  /** It forwards packets, IPv4 and IPv6. Default false. */
  readonly forwarding?: boolean;
  /** Addresses of its loopback interface besides 127.0.0.1 and ::1, as `address/length`. */
  readonly addresses?: readonly string[];
  /** What follows `ip route add`: `default via 10.9.1.2`. */
  readonly routes?: readonly string[];
  /** Kernel settings by name: `"net.ipv4.ping_group_range": "0 2147483647"`. */
  readonly sysctls?: Readonly<Record<string, string | number>>;
  /** A ruleset in the language of nft. */
  readonly rules?: string;
}

/** One end of a link. */
export interface LinkEnd {
  readonly host: string;
  /** As `address/length`. */
  readonly addresses: readonly string[];
  /** Default 1500. */
  readonly mtu?: number;
  /** Default: `eth0`, `eth1`, ... in the order of the links of this host. */
  readonly interface?: string;
}

/** A whole network. */
export interface Topology {
  readonly hosts: Readonly<Record<string, Host>>;
  readonly links?: readonly (readonly [LinkEnd, LinkEnd])[];
}

/** The value of `net.ipv4.ping_group_range` with which everyone may open datagram ICMP sockets. */
export const EVERY_GROUP = "0 2147483647";

/** The flags of the task `netdiag`: with these people run it from source. */
const FLAGS = (await readTask()).split(" ").slice(2, -1);

async function readTask(): Promise<string> {
  const { tasks } = JSON.parse(
    await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
  );
  return tasks.netdiag.command;
}

/** IPv6 addresses, link-local ones included, are usable at once; to be run before the links are made. */
function withoutDuplicateDetection(namespace: string): string {
  return `ip netns exec ${namespace} sysctl -qw` +
    " net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0";
}

async function shell(script: string): Promise<void> {
  const child = new LabProcess(["sh", "-e"], { stdin: script });
  const { code, stderr } = await child.finish();
  if (code !== 0) throw new Error(`Cannot set up the lab: ${stderr}${script}`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function withInterfaceNames(
  links: readonly (readonly [LinkEnd, LinkEnd])[],
): Required<LinkEnd>[][] {
  const used = new Map<string, number>();
  return links.map((ends) =>
    ends.map((end) => {
      const count = used.get(end.host) ?? 0;
      used.set(end.host, count + 1);
      return { mtu: 1500, interface: `eth${count}`, ...end };
    })
  );
}

/** The shell commands that configure one host from the inside. */
function hostScript(host: Host, ends: readonly Required<LinkEnd>[]): string {
  const lines = ["ip link set lo up"];
  const sysctls = {
    ...(host.forwarding
      ? { "net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1 }
      : {}),
    ...host.sysctls,
  };
  for (const [name, value] of Object.entries(sysctls)) {
    lines.push(`sysctl -qw ${quote(`${name}=${value}`)}`);
  }
  for (const address of host.addresses ?? []) {
    lines.push(`ip address add ${address} dev lo`);
  }
  for (const end of ends) {
    for (const address of end.addresses) {
      lines.push(`ip address add ${address} dev ${end.interface}`);
    }
    lines.push(
      `until [ "$(cat /sys/class/net/${end.interface}/operstate)" = up ]`,
      "do sleep 0.002; done",
    );
  }
  for (const route of host.routes ?? []) {
    lines.push(`ip route add ${route}`);
  }
  if (host.rules !== undefined) {
    lines.push(`nft -f - <<'RULES'\n${host.rules}\nRULES`);
  }
  return lines.join("\n");
}

let created = 0;

/** A network that exists. Disposing of it kills what runs inside and removes it. */
export class Lab implements AsyncDisposable {
  readonly #prefix: string;
  readonly #hosts: readonly string[];
  readonly #processes = new Set<LabProcess>();

  private constructor(prefix: string, hosts: readonly string[]) {
    this.#prefix = prefix;
    this.#hosts = hosts;
  }

  /**
   * Makes the hosts and the links between them, and waits until they carry packets.
   *
   * @throws {Error} with what the tool said that failed
   */
  static async create(topology: Topology): Promise<Lab> {
    const lab = new Lab(
      `${PREFIX}-${++created}`,
      Object.keys(topology.hosts),
    );
    try {
      await lab.#build(topology);
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
    return lab;
  }

  async #build(topology: Topology): Promise<void> {
    const links = withInterfaceNames(topology.links ?? []);
    const script: string[] = [];
    for (const host of this.#hosts) {
      const name = this.namespace(host);
      script.push(`ip netns add ${name}`, withoutDuplicateDetection(name));
    }
    for (const [a, b] of links) {
      script.push(
        `ip link add ${a!.interface} mtu ${a!.mtu} netns ${
          this.namespace(a!.host)
        } type veth peer name ${b!.interface} mtu ${b!.mtu} netns ${
          this.namespace(b!.host)
        }`,
      );
    }
    for (const end of links.flat()) {
      script.push(
        `ip -n ${this.namespace(end.host)} link set ${end.interface} up`,
      );
    }
    await shell(script.join("\n"));
    await Promise.all(this.#hosts.map((host) =>
      this.shell(
        host,
        hostScript(
          topology.hosts[host]!,
          links.flat().filter((end) => end.host === host),
        ),
      )
    ));
  }

  /** The name of a host's namespace. */
  namespace(host: string): string {
    return `${this.#prefix}-${host}`;
  }

  /** Runs shell commands as root in a host's namespace; for set-up and for changes in the middle. */
  async shell(host: string, script: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(host, ["sh", "-e"], {
      stdin: script,
    });
    if (code !== 0) throw new Error(`Failed on ${host}: ${stderr}${script}`);
    return stdout;
  }

  /**
   * Starts a program in a host's namespace. A command in one text is split
   * at its spaces. `netdiag` is the one of this repository, with the
   * permissions of the task `netdiag`, or the binary that NETDIAG_BIN names.
   */
  async spawn(
    host: string,
    command: string | readonly string[],
    options: RunOptions = {},
  ): Promise<LabProcess> {
    const argv = typeof command === "string" ? command.split(" ") : command;
    const ordinary = options.user === "ordinary";
    const prefix = [
      ...["ip", "netns", "exec", this.namespace(host)],
      ...ordinary ? AS_ORDINARY : [],
    ];
    let child: LabProcess;
    if (argv[0] === "netdiag") {
      const netdiag = ordinary ? await ordinaryInstallation() : OWN;
      child = new LabProcess(
        [...prefix, ...netdiagCommand(netdiag, argv.slice(1))],
        { ...options, env: { ...netdiag.env, ...options.env } },
      );
    } else {
      child = new LabProcess([...prefix, ...argv], options);
    }
    this.#processes.add(child);
    child.finish().catch(() => {}).finally(() => this.#processes.delete(child));
    return child;
  }

  /** The command that is netdiag in this repository, for a shell that runs it. */
  netdiag(args: readonly string[]): readonly string[] {
    return netdiagCommand(OWN, args);
  }

  /** Runs a program in a host's namespace to its end. */
  async run(
    host: string,
    command: string | readonly string[],
    options: RunOptions = {},
  ): Promise<RunResult> {
    const child = await this.spawn(host, command, options);
    return await child.finish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of [...this.#processes]) {
      await child[Symbol.asyncDispose]();
    }
    const script = this.#hosts.map((host) => {
      const name = this.namespace(host);
      return `if [ -e /run/netns/${name} ]; then
  for pid in $(ip netns pids ${name}); do kill -KILL $pid || true; done
  ip netns delete ${name}
fi`;
    });
    await shell(script.join("\n"));
  }
}

function netdiagCommand(
  installation: Installation,
  args: readonly string[],
): readonly string[] {
  const { binary, deno, folder } = installation;
  if (binary !== undefined) return [binary, ...args];
  return [deno, "run", "--cached-only", ...FLAGS, `${folder}main.ts`, ...args];
}
