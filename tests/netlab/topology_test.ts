import { assert, assertEquals, assertRejects } from "@std/assert";
import { PREFIX } from "./reaper.ts";
import { labTest } from "./requirements.ts";
import { EVERY_GROUP, Lab, type Topology } from "./topology.ts";

const TWO_HOPS: Topology = {
  hosts: {
    near: {
      routes: ["default via 10.9.1.2", "default via fd09:1::2"],
      sysctls: { "net.ipv4.ping_group_range": EVERY_GROUP },
    },
    router: { forwarding: true },
    far: {
      routes: ["default via 10.9.2.1", "default via fd09:2::1"],
    },
  },
  links: [[
    { host: "near", addresses: ["10.9.1.1/24", "fd09:1::1/64"] },
    { host: "router", addresses: ["10.9.1.2/24", "fd09:1::2/64"] },
  ], [
    { host: "router", addresses: ["10.9.2.1/24", "fd09:2::1/64"], mtu: 1400 },
    { host: "far", addresses: ["10.9.2.2/24", "fd09:2::2/64"], mtu: 1400 },
  ]],
};

/** Linux has no process numbers above 2^22. */
const BEYOND_EVERY_PID = 2 ** 22 + 1;

async function namespaces(): Promise<string[]> {
  const { stdout } = await new Deno.Command("ip", { args: ["netns", "list"] })
    .output();
  return new TextDecoder().decode(stdout).trim().split("\n");
}

labTest(
  "Lab.create() joins hosts through a router, IPv4 and IPv6",
  async () => {
    await using lab = await Lab.create(TWO_HOPS);
    for (const address of ["10.9.2.2", "fd09:2::2"]) {
      const { code, stdout } = await lab.run(
        "near",
        `ping -c 1 -W 2 ${address}`,
      );
      assertEquals(code, 0, stdout);
    }
  },
  ["ping"],
);

labTest("Lab.create() applies rules of nftables", async () => {
  await using lab = await Lab.create({
    hosts: {
      alone: {
        rules: `table ip lab { chain input {
          type filter hook input priority 0;
          icmp type echo-request numgen inc mod 3 0 drop
        }
        }`,
      },
    },
  });
  const { stdout } = await lab.run(
    "alone",
    "ping -c 9 -i 0.002 -W 0.1 -q 127.0.0.1",
  );
  assert(stdout.includes("9 packets transmitted, 6 received"), stdout);
}, ["nft", "ping"]);

labTest("Lab.run() runs a program as an ordinary user", async () => {
  await using lab = await Lab.create({ hosts: { alone: {} } });
  const { stdout } = await lab.run(
    "alone",
    ["sh", "-c", "id -u; id -g; grep CapEff /proc/self/status"],
    { user: "ordinary" },
  );
  assertEquals(stdout, "65534\n65534\nCapEff:\t0000000000000000\n");
});

labTest(
  "Lab.run() fails and kills the program that runs too long",
  async () => {
    await using lab = await Lab.create({ hosts: { alone: {} } });
    await assertRejects(
      () => lab.run("alone", ["sleep", "60"], { timeoutMs: 50 }),
      Error,
      "Ran too long",
    );
  },
);

labTest(
  "Lab is removed after the test, and what ran inside is killed",
  async () => {
    let name: string;
    let child;
    {
      await using lab = await Lab.create({ hosts: { alone: {} } });
      name = lab.namespace("alone");
      child = await lab.spawn("alone", ["sh", "-c", "echo up; exec sleep 60"]);
      await child.line((line) => line === "up");
    }
    assertEquals((await child.finish()).code, 128 + 9);
    assertEquals((await namespaces()).includes(name), false);
  },
);

labTest("Lab is removed when its creation fails half way", async () => {
  const own = (name: string) => name.startsWith(PREFIX);
  const before = (await namespaces()).filter(own);
  await assertRejects(
    () =>
      Lab.create({ hosts: { alone: { routes: ["default via 10.99.99.99"] } } }),
    Error,
    "Failed on alone",
  );
  assertEquals((await namespaces()).filter(own), before);
});

for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
  labTest(`Lab is removed after ${signal} ends the test run`, async () => {
    const program = `
      import { Lab } from "${new URL("topology.ts", import.meta.url)}";
      const lab = await Lab.create({ hosts: { alone: {} } });
      await lab.spawn("alone", ["sleep", "60"]);
      console.log(lab.namespace("alone"));
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    `;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", program],
      stdout: "piped",
    }).spawn();
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const name = (await lines.read()).value!.trim();
    assert((await namespaces()).some((line) => line.startsWith(name)));
    child.kill(signal);
    await child.status;
    await lines.cancel();
    const path = `/run/netns/${name}`;
    while (await Deno.stat(path).then(() => true, () => false)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
}

labTest(
  "what a killed run has left behind is removed by the next one",
  async () => {
    const name = `nd-${BEYOND_EVERY_PID}-x-1-alone`;
    await new Deno.Command("ip", { args: ["netns", "add", name] }).output();
    await new Deno.Command(Deno.execPath(), {
      args: ["eval", `import "${new URL("reaper.ts", import.meta.url)}"`],
    }).output();
    assertEquals((await namespaces()).includes(name), false);
  },
);
