/** A machine on which whatever the documentation shows can be run: commands and snippets. */

import { assertEquals } from "@std/assert";
import {
  type Installation,
  ordinaryInstallation,
  OWN,
} from "./netlab/ordinary_user.ts";
import type { LabProcess } from "./netlab/process.ts";
import { EVERY_GROUP, Lab } from "./netlab/topology.ts";

/** Who runs something. */
export type User = "root" | "ordinary";

/** A fenced block of Markdown. */
export interface Block {
  readonly language: string;
  readonly text: string;
}

/** The fenced blocks of a Markdown text. */
export function fencedBlocks(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .map(([, language, text]) => ({ language: language!, text: text! }));
}

/** What the names in the documentation stand for. */
const HOSTS = `127.0.0.1 localhost
198.51.100.10 example.com
2001:db8::10 example.com
`;

/** The flags that the README gives for a script which uses the library. */
const SNIPPET_FLAGS = ["--no-prompt", "--allow-net", "--allow-ffi"];

/** What the web server of the documentation does, on every address: a script for Deno. */
const WEB_SERVER = `
const body = "<!doctype html>\\n<title>Example</title>\\n";
const head = "HTTP/1.1 200 OK\\r\\nServer: example\\r\\nContent-Type: text/html\\r\\n" +
  "Content-Length: " + body.length + "\\r\\n\\r\\n";
async function serve(conn) {
  const buffer = new Uint8Array(65536);
  while (await conn.read(buffer) !== null) {
    await conn.write(new TextEncoder().encode(head + body));
  }
}
const listener = Deno.listen({ hostname: "::", port: 80 });
console.log("ready");
for await (const conn of listener) serve(conn).catch(() => {});
`;

/** A network namespace with a few addresses of its own, in which everyone may ping. */
export class Machine implements AsyncDisposable {
  readonly #lab: Lab;
  readonly #configuration: string;
  #web: LabProcess | undefined;

  private constructor(lab: Lab) {
    this.#lab = lab;
    this.#configuration = `/etc/netns/${lab.namespace("machine")}`;
  }

  static async create(): Promise<Machine> {
    const machine = new Machine(
      await Lab.create({
        hosts: {
          machine: {
            addresses: [
              "198.51.100.10/32",
              "2001:db8::10/128",
              "192.168.7.1/24",
              "203.0.113.1/24",
            ],
            // 203.0.113.0/24 never answers.
            rules: `table ip silent {
              chain input {
                type filter hook input priority 0;
                ip daddr 203.0.113.0/24 drop
              }
            }`,
            sysctls: { "net.ipv4.ping_group_range": EVERY_GROUP },
          },
        },
      }),
    );
    await Deno.mkdir(machine.#configuration, { recursive: true });
    await Deno.writeTextFile(`${machine.#configuration}/hosts`, HOSTS);
    machine.#web = await machine.#lab.spawn(
      "machine",
      [Deno.execPath(), "eval", WEB_SERVER],
    );
    await machine.#web.line((line) => line === "ready");
    return machine;
  }

  /** Starts a bash script in the folder of the repository, as the leader of a process group. */
  async start(script: string, user: User): Promise<LabProcess> {
    const { folder, binary, env, deno } = await installation(user);
    const setUp = [
      `cd ${folder}`,
      `deno() { ${deno} "$@"; }`,
      'npx() { shift 2; deno "$@"; }', // npx -y deno@VERSION is the Deno that runs this test
      "shopt -s expand_aliases",
      // An alias of the documentation's would come before the function.
      ...binary === undefined
        ? []
        : [`netdiag() { "${binary}" "$@"; }`, "alias() { :; }"],
    ];
    return await this.#lab.spawn(
      "machine",
      ["setsid", "bash", "-c", [...setUp, script].join("\n")],
      { user, env },
    );
  }

  /** Type-checks and runs a snippet that stands in a file of the repository. */
  async runSnippet(text: string, file: string, user: User): Promise<void> {
    const { folder, env, deno } = await installation(user);
    const source = text.replaceAll(
      /(?<=from ")(@netdiag\/netdiag|\.\.?\/[^"]+)(?=")/g,
      (specifier) =>
        specifier.startsWith("@")
          ? `file://${folder}mod.ts`
          : new URL(specifier, `file://${folder}${file}`).href,
    );
    const script = await Deno.makeTempFile({ suffix: ".ts" });
    try {
      await Deno.writeTextFile(script, source);
      await Deno.chmod(script, 0o644);
      const { code, stdout, stderr } = await this.#lab.run(
        "machine",
        [
          ...[deno, "run", "--check", `--config=${folder}deno.json`],
          ...[...SNIPPET_FLAGS, script],
        ],
        { user, env },
      );
      assertEquals(code, 0, `${user}: ${file}\n${text}\n${stdout}${stderr}`);
    } finally {
      await Deno.remove(script);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#web?.[Symbol.asyncDispose]();
    await this.#lab[Symbol.asyncDispose]();
    await Deno.remove(this.#configuration, { recursive: true });
  }
}

async function installation(user: User): Promise<Installation> {
  return user === "root" ? OWN : await ordinaryInstallation();
}
