/**
 * The simulated internet as a process: `main.ts FILE` plays the scenario in
 * FILE behind the TUN device `sim0` of the namespace that it runs in, over
 * which the default routes then lead. Prints `ready`, and when its standard
 * input ends, what it counted.
 */

import { Internet } from "./internet.ts";
import type { Scenario } from "./scenario.ts";
import { Tun } from "./tun.ts";

/** The machine's own addresses on the device. */
const ADDRESSES = ["10.200.0.1/32", "fd00:200::1/128"];
/** Enough for all the requests that a flood may have on the way. */
const QUEUE_PACKETS = 200_000;
/** Packets that are read before those that are due are sent. */
const BATCH = 64;
const LONGEST_WAIT_MS = 1000;

function configure(mtu: number): void {
  const commands = [
    "link set sim0 addrgenmode none",
    `link set sim0 mtu ${mtu} txqueuelen ${QUEUE_PACKETS} up`,
    ...ADDRESSES.map((address) => `address add ${address} dev sim0`),
    "route add default dev sim0",
    "-6 route add default dev sim0",
  ];
  for (const command of commands) {
    const { success, stderr } = new Deno.Command("ip", {
      args: command.split(" "),
      stdin: "null",
    }).outputSync();
    if (!success) {
      throw new Error(`ip ${command}: ${new TextDecoder().decode(stderr)}`);
    }
  }
}

/** Plays until standard input ends. */
function play(internet: Internet, tun: Tun): void {
  const sendDue = () => {
    for (;;) {
      const packet = internet.take(performance.now());
      if (packet === undefined) return;
      tun.write(packet);
    }
  };
  for (;;) {
    let read = 0;
    for (; read < BATCH; read++) {
      const packet = tun.read();
      if (packet === undefined) break;
      internet.receive(packet, performance.now());
    }
    sendDue();
    if (read === BATCH) continue;
    const pause = internet.nextAt - performance.now();
    const ended = tun.wait(
      Math.floor(Math.min(Math.max(pause, 0), LONGEST_WAIT_MS)),
    );
    if (ended) return;
  }
}

function print(value: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(value) + "\n"));
}

const scenario: Scenario = JSON.parse(Deno.readTextFileSync(Deno.args[0]!));
const internet = new Internet(scenario);
using tun = new Tun("sim0");
configure(scenario.mtu ?? 1500);
print("ready");
play(internet, tun);
print(internet.counts);
