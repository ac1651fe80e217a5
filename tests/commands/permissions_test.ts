import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../commands/cli/errors.ts";
import { flags, hosts, requireAll } from "../../commands/cli/permissions.ts";
import { parseCommandLine } from "../../commands/cli/parse.ts";
import type { Permissions } from "../../commands/command.ts";
import { loadCommand } from "../../commands/registry.ts";
import { libraryPath, PermissionError } from "../../lib/socket/permission.ts";

const FFI = { name: "ffi" } as const;
const NET = { name: "net" } as const;

async function permissionsOf(
  name: string,
  ...args: string[]
): Promise<Permissions> {
  const { command, args: own } = await loadCommand([name, ...args]);
  const parsed = parseCommandLine(command.options, own, command.wraps);
  return (await command.prepare(parsed)).permissions;
}

async function required(...args: string[]) {
  return (await permissionsOf("ping", ...args)).required;
}

Deno.test("a ping needs the host that was named, and FFI", async () => {
  assertEquals(
    await required("-c", "3", "example.com"),
    [{ name: "net", host: "example.com" }, FFI],
  );
  assertEquals(
    await required("--udp", "7", "::1"),
    [{ name: "net", host: "::1", port: 7 }, FFI],
  );
});

Deno.test("a TCP ping needs one port of the host, and keeps FFI where it is granted", async () => {
  assertEquals(await permissionsOf("ping", "--tcp", "443", "example.com"), {
    required: [{ name: "net", host: "example.com", port: 443 }],
    advised: [],
    optional: [FFI],
  });
});

Deno.test("who picks an address of a name needs FFI, or net for what it finds", async () => {
  const advised = async (...words: string[]) =>
    (await permissionsOf(words[0]!, ...words.slice(1))).advised;
  const isLinux = Deno.build.os === "linux";
  for (
    const [words, permissions] of [
      ["ping --tcp 443 -4 example.com", [FFI]],
      ["ping --tcp 443 -4 192.0.2.1", []],
      ["http -6 example.com", [NET]],
      ["http -6 [::1]", []],
      ["echo send -4 tcp://example.com:7", isLinux ? [FFI] : []],
      ["echo send -4 tcp://192.0.2.1:7", []],
      [
        "echo load -4 tls://example.com:7",
        isLinux ? [FFI, NET] : [],
      ],
    ] as const
  ) {
    assertEquals(await advised(...words.split(" ")), permissions, words);
  }
});

Deno.test("a ping to a few targets needs each of them, to many all hosts", async () => {
  assertEquals(
    await required("a", "b", "a"),
    [{ name: "net", host: "a" }, { name: "net", host: "b" }, FFI],
  );
  assertEquals(
    await required("-g", "10.0.0.0/30"),
    [
      { name: "net", host: "10.0.0.1" },
      { name: "net", host: "10.0.0.2" },
      FFI,
    ],
  );
  assertEquals(await required("-g", "10.0.0.0/24"), [{ name: "net" }, FFI]);
  const many = Array.from({ length: 17 }, (_, i) => `host${i}`);
  assertEquals(await required(...many), [{ name: "net" }, FFI]);
  assertEquals(hosts(many.slice(1), undefined).length, 16);
});

Deno.test("a ping to the targets in a file needs that file, and all hosts", async () => {
  assertEquals(
    await required("--file", "hosts"),
    [{ name: "read", path: "hosts" }, { name: "net" }, FFI],
  );
  assertEquals(await required("-f", "-"), [{ name: "net" }, FFI]);
});

Deno.test("help and permissions need nothing", async () => {
  for (const [name, ...args] of [["help"], ["permissions", "ping", "a"]]) {
    assertEquals(
      await permissionsOf(name!, ...args),
      { required: [], optional: [] },
    );
  }
});

Deno.test("flags() writes one flag a name, for a shell", () => {
  assertEquals(
    flags([
      { name: "net", host: "example.com" },
      { name: "net", host: "::1" },
      { name: "net", host: "fe80::1%eth0", port: 80 },
      { name: "read", path: "hosts.txt" },
      { name: "write", path: "log,1" },
    ]),
    [
      "--allow-net=example.com,[::1],[fe80::1]:80",
      "--allow-read=hosts.txt",
      "--allow-write=log,,1",
    ],
  );
  assertEquals(
    flags([{ name: "net" }, { name: "read", path: "my 'hosts', too" }]),
    ["--allow-net", `'--allow-read=my '\\''hosts'\\'',, too'`],
  );
  assertEquals(flags([]), []);
});

Deno.test("flags() scopes FFI to the C library where its path is known", () => {
  const path = libraryPath();
  assertEquals(
    flags([FFI]),
    [path === undefined ? "--allow-ffi" : `--allow-ffi=${path}`],
  );
});

Deno.test({
  name: "requireAll() names every missing flag at once",
  permissions: { net: ["example.com"], ffi: false, read: false },
  fn() {
    requireAll({
      required: [{ name: "net", host: "example.com", port: 80 }],
      optional: [FFI],
    });
    const error = assertThrows(
      () =>
        requireAll({
          required: [
            { name: "net", host: "example.com" },
            { name: "net", host: "::1" },
            { name: "read", path: "hosts" },
            FFI,
          ],
          optional: [],
        }),
      PermissionError,
    );
    assertEquals(
      error.message,
      `Requires net access to "[::1]" and read access to "hosts" and ` +
        "ffi access to the system's C library: run again with " +
        "--allow-net=[::1] --allow-read=hosts --allow-ffi",
    );
    assertThrows(
      () =>
        requireAll({ required: [{ name: "net", host: "a b" }], optional: [] }),
      UsageError,
      'Cannot use "a b" as a host name',
    );
  },
});
