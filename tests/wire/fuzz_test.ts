import { PacketError } from "../../lib/wire/errors.ts";
import { decodeIcmp } from "../../lib/wire/icmp.ts";
import {
  decodeIpv4Header,
  decodeIpv6Header,
  quotedEcho,
} from "../../lib/wire/ip.ts";
import * as vectors from "./_vectors.ts";
import { concat, seeded } from "./_vectors.ts";

/** How many random inputs each fuzz test makes; `deno task fuzz` sets more. */
const RUNS = Number(Deno.env.get("NETDIAG_FUZZ_RUNS") ?? 20_000);

const QUOTES = [
  vectors.QUOTE_4,
  vectors.RECORD_ROUTE_4,
  vectors.QUOTE_6,
  vectors.QUOTE_6_EXTENDED,
  vectors.LABELLED_6,
];

const INPUTS = [
  ...vectors.ICMP_MESSAGES.map(([, packet]) => packet),
  ...QUOTES,
];

/** Anything but a result or a PacketError fails the test with the input that led to it. */
function decodeEverything(packet: Uint8Array): void {
  for (
    const decode of [
      () => {
        for (const family of [4, 6] as const) {
          const message = decodeIcmp(family, packet);
          if ("quoted" in message) quotedEcho(family, message.quoted);
        }
      },
      () => decodeIpv4Header(packet),
      () => decodeIpv6Header(packet),
      () => quotedEcho(4, packet),
      () => quotedEcho(6, packet),
    ]
  ) {
    try {
      decode();
    } catch (error) {
      if (error instanceof PacketError && error.offset <= packet.length) {
        continue;
      }
      throw new Error(`Input ${packet.toHex()}`, { cause: error });
    }
  }
}

Deno.test("fuzz decoders with every prefix of every packet", () => {
  for (const packet of INPUTS) {
    for (let length = 0; length <= packet.length; length++) {
      decodeEverything(packet.slice(0, length));
    }
  }
});

Deno.test("fuzz decoders with every flipped bit of every packet", () => {
  for (const packet of INPUTS) {
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const flipped = packet.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      decodeEverything(flipped);
    }
  }
});

Deno.test("fuzz decoders with mutated packets", () => {
  const random = seeded(3);
  for (let run = 0; run < RUNS; run++) {
    let packet: Uint8Array = INPUTS[random(INPUTS.length)]!.slice();
    for (let edits = 1 + random(5); edits > 0; edits--) {
      const at = random(packet.length);
      switch (random(5)) {
        case 0:
          packet[at] = random(256);
          break;
        case 1:
          packet[at] = [0, 1, 0x7f, 0x80, 0xff][random(5)]!;
          break;
        case 2:
          packet = packet.slice(0, at + 1);
          break;
        case 3:
          packet = concat(packet.subarray(0, at), packet.subarray(at >> 1));
          break;
        case 4:
          packet = concat(
            packet.subarray(0, at),
            INPUTS[random(INPUTS.length)]!,
          );
          break;
      }
    }
    decodeEverything(packet);
  }
});

Deno.test("fuzz decoders with random bytes", () => {
  const random = seeded(4);
  for (let run = 0; run < RUNS; run++) {
    const packet = Uint8Array.from(
      { length: random(200) },
      () => random(256),
    );
    // A plausible first byte gets further than a random one.
    if (packet.length > 0 && random(2) === 0) {
      packet[0] = INPUTS[random(INPUTS.length)]![0]!;
    }
    decodeEverything(packet);
  }
});
