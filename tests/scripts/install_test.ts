/** Runs install.sh against a server on this machine. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { tarGz } from "../../scripts/build/archive.ts";
import { AS_ORDINARY, ORDINARY_ID } from "../netlab/ordinary_user.ts";
import { LabProcess, type RunResult } from "../netlab/process.ts";

const SCRIPT = new URL("../../install.sh", import.meta.url);

const TARGETS = [
  "linux-x86_64",
  "linux-aarch64",
  "macos-x86_64",
  "macos-aarch64",
];

/** A release as a server has it: files by their names. */
type Release = Map<string, Uint8Array<ArrayBuffer>>;

/** A release whose program is a script. */
async function makeRelease(version: string): Promise<Release> {
  const release: Release = new Map();
  let sums = "";
  for (const target of TARGETS) {
    const name = `netdiag-${version}-${target}`;
    const file = (path: string, text: string, isExecutable = false) => ({
      path: `${name}/${path}`,
      contents: new TextEncoder().encode(text),
      isExecutable,
    });
    const archive = await tarGz([
      file("netdiag", `#!/bin/sh\necho "netdiag ${version} $1"\n`, true),
      file("completions/netdiag.bash", "bash\n"),
      file("completions/_netdiag", "zsh\n"),
      file("completions/netdiag.fish", "fish\n"),
      file("man/netdiag.1", "page\n"),
    ], new Date(0));
    const sum = await crypto.subtle.digest("SHA-256", archive);
    release.set(`${name}.tar.gz`, archive);
    sums += `${new Uint8Array(sum).toHex()}  ${name}.tar.gz\n`;
  }
  return release.set("SHA256SUMS", new TextEncoder().encode(sums));
}

/** Serves releases by their folders, such as `/latest/download/`. */
function serve(releases: Readonly<Record<string, Release>>) {
  const requests: string[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    ({ url }) => {
      const { pathname } = new URL(url);
      requests.push(pathname);
      const [, folder, name] = /^(.*\/)(.*)$/.exec(pathname)!;
      const file = releases[folder!]?.get(name!);
      return file === undefined
        ? new Response("None", { status: 404 })
        : new Response(file);
    },
  );
  return {
    requests,
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

interface Installed {
  readonly result: RunResult;
  /** The files below the home, with their modes. */
  readonly files: readonly string[];
}

/** Runs the script with a home of its own; as the ordinary user where root runs this. */
async function install(
  url: string,
  env: Readonly<Record<string, string>> = {},
  script: string = Deno.readTextFileSync(SCRIPT),
  homeName = "ho me",
): Promise<Installed> {
  const folder = await Deno.makeTempDir();
  try {
    const home = `${folder}/${homeName}`;
    await Deno.mkdir(home);
    await Deno.chmod(folder, 0o755);
    const isRoot = Deno.uid() === 0;
    if (isRoot) await Deno.chown(home, ORDINARY_ID, ORDINARY_ID);
    const result = await new LabProcess(
      [...isRoot ? AS_ORDINARY : [], "sh", "-s"],
      {
        stdin: script,
        env: { HOME: home, TMPDIR: home, NETDIAG_BASE_URL: url, ...env },
      },
    ).finish();
    const { stdout } = await new Deno.Command("find", {
      args: [home, "-type", "f", "-printf", "%m %P\n"],
    }).output();
    const files = new TextDecoder().decode(stdout).trimEnd().split("\n").sort();
    const text = (told: string) => told.replaceAll(home, "HOME");
    const { code } = result;
    return {
      result: {
        code,
        stdout: text(result.stdout),
        stderr: text(result.stderr),
      },
      files: files.filter((line) => line !== ""),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function shellTest(name: string, fn: () => Promise<void>): void {
  const missing = Deno.build.os === "linux" ? undefined : "needs Linux";
  if (missing === undefined) Deno.test(name, fn);
  else Deno.test({ name: `${name} (skipped: ${missing})`, ignore: true, fn });
}

const EVERYTHING = [
  "644 .local/share/bash-completion/completions/netdiag",
  "644 .local/share/fish/vendor_completions.d/netdiag.fish",
  "644 .local/share/man/man1/netdiag.1",
  "644 .local/share/zsh/site-functions/_netdiag",
  "755 .local/bin/netdiag",
];

shellTest(
  "install.sh installs the newest release for an ordinary user, and leaves nothing else",
  async () => {
    const release = await makeRelease("2.0.0");
    await using server = serve({ "/latest/download/": release });
    const { result, files } = await install(server.url);
    assertEquals(result, {
      code: 0,
      stdout: "Installed netdiag 2.0.0 --version as HOME/.local/bin/netdiag\n" +
        "Add HOME/.local/bin to PATH\n",
      stderr: "",
    });
    assertEquals(files, EVERYTHING);
  },
);

shellTest(
  "install.sh installs the version and to the place that it is told",
  async () => {
    const release = await makeRelease("1.2.3");
    await using server = serve({ "/download/v1.2.3/": release });
    const script = await Deno.readTextFile(SCRIPT);
    const { result, files } = await install(
      server.url,
      { NETDIAG_VERSION: "1.2.3" },
      `NETDIAG_PREFIX="$HOME/own place"\n${script}`,
    );
    assertEquals([result.code, result.stderr], [0, ""]);
    assertEquals(
      files,
      EVERYTHING.map((line) => line.replace(".local", "own place")).sort(),
    );
  },
);

shellTest("install.sh says where it may not write", async () => {
  const release = await makeRelease("2.0.0");
  await using server = serve({ "/latest/download/": release });
  const { result, files } = await install(server.url, {
    NETDIAG_PREFIX: "/proc/none",
  });
  assertEquals([result.code, result.stdout, files], [1, "", []]);
  assertMatch(
    result.stderr,
    /(^|\n)install\.sh: Cannot write \/proc\/none\/bin\/netdiag\n$/,
  );
});

shellTest(
  "install.sh installs nothing that its checksum does not vouch for",
  async () => {
    const release = await makeRelease("2.0.0");
    for (const [name, bytes] of release) {
      if (name.endsWith(".tar.gz")) {
        const changed = bytes.slice();
        changed[100]! ^= 1;
        release.set(name, changed);
      }
    }
    await using server = serve({ "/latest/download/": release });
    const { result, files } = await install(server.url);
    assertEquals([result.code, result.stdout], [1, ""]);
    assertMatch(
      result.stderr,
      /^install\.sh: netdiag-2\.0\.0-\S+ is not what SHA256SUMS says: its checksum is [0-9a-f]{64}\. Nothing was installed\n$/,
    );
    assertEquals(files, []);
  },
);

shellTest(
  "install.sh says in one line what it cannot find, and installs nothing",
  async () => {
    const sums = (text: string): Release =>
      new Map([["SHA256SUMS", new TextEncoder().encode(text)]]);
    const sum = "0".repeat(64);
    const here = Deno.build.arch;
    const cases: [Release, RegExp][] = [
      [
        new Map(),
        /^install\.sh: Cannot download http:\S+\/SHA256SUMS: .*404.*\n$/,
      ],
      [
        sums("<html>"),
        /^install\.sh: SHA256SUMS names no archive for linux-\w+\n$/,
      ],
      [
        sums(`${sum}  netdiag-2.0.0-linux-${here}.tar.gz/../../x\n`),
        /^install\.sh: SHA256SUMS names no archive for linux-\w+\n$/,
      ],
      [
        sums(`${sum}  netdiag-2.0.0-linux-${here}.tar.gz\n`),
        /^install\.sh: Cannot download http:\S+\/netdiag-2\.0\.0-linux-\w+\.tar\.gz: .*404.*\n$/,
      ],
    ];
    for (const [release, message] of cases) {
      await using server = serve({ "/latest/download/": release });
      const { result, files } = await install(server.url);
      assertEquals([result.code, result.stdout, files], [1, "", []]);
      assertMatch(result.stderr, message);
    }
  },
);

shellTest("install.sh does nothing when it arrives in part", async () => {
  const release = await makeRelease("2.0.0");
  const script = await Deno.readTextFile(SCRIPT);
  await using server = serve({ "/latest/download/": release });
  for (let part = 1; part < 12; part++) {
    const cut = script.slice(0, script.length * part / 12);
    const { files } = await install(server.url, {}, cut);
    assertEquals(files, []);
  }
  assertEquals(server.requests, []);
});

shellTest("install.sh replaces the version before", async () => {
  await using server = serve({
    "/download/v1.0.0/": await makeRelease("1.0.0"),
    "/latest/download/": await makeRelease("2.0.0"),
  });
  const script = await Deno.readTextFile(SCRIPT);
  const twice = `(NETDIAG_VERSION=1.0.0; export NETDIAG_VERSION
    ${script})
    ${script}`;
  const { result, files } = await install(server.url, {}, twice);
  assertEquals(result.code, 0, result.stderr);
  assertEquals(files, EVERYTHING);
  const installed = result.stdout.split("\n")
    .filter((line) => line.startsWith("Installed"));
  assert(installed[0]?.includes("1.0.0") && installed[1]?.includes("2.0.0"));
});
