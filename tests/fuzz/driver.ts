/**
 * Parsers under fire: each is given every prefix and every single-bit flip of
 * real packets, then mutations of them and random bytes, the same ones for
 * the same seed.
 */

import { Random } from "../netlab/internet/random.ts";
import { guarded } from "./guarded_bytes.ts";

/** A parser of bytes, with packets that it understands. */
export interface Parser {
  readonly name: string;
  readonly parse: (bytes: Uint8Array) => unknown;
  readonly corpus: readonly Uint8Array[];
  /** The one class of errors that it may throw. */
  // deno-lint-ignore no-explicit-any -- any error class
  readonly error: abstract new (...args: any[]) => Error;
}

/** Mutations and random inputs each, for each parser; `deno task fuzz` asks for more. */
export const CASES = Number(Deno.env.get("NETDIAG_FUZZ_RUNS") ?? 5000);
/** Where the mutations begin; another seed tries other ones. */
const SEED = Number(Deno.env.get("NETDIAG_FUZZ_SEED") ?? 1);

/** What surrounds an input in its buffer; the result must not depend on it. */
const SURROUNDINGS = 16;
/** Bytes that numbers and lengths tend to go wrong at. */
const EDGES = [0, 1, 0x7f, 0x80, 0xfe, 0xff];
const LONGEST_RANDOM = 200;

/** The bytes in the middle of a larger buffer that is filled with `filler`. */
function surrounded(bytes: Uint8Array, filler: number): Uint8Array {
  const buffer = new Uint8Array(bytes.length + 2 * SURROUNDINGS).fill(filler);
  buffer.set(bytes, SURROUNDINGS);
  return buffer.subarray(SURROUNDINGS, SURROUNDINGS + bytes.length);
}

/** A result, or an error, as text; throws what the parser must not throw. */
function outcome(parser: Parser, bytes: Uint8Array): string {
  try {
    return JSON.stringify(parser.parse(bytes)) ?? "undefined";
  } catch (error) {
    if (error instanceof parser.error) return String(error);
    throw error;
  }
}

/**
 * Gives one input to a parser.
 *
 * @throws {Error} with the input, when the parser threw anything but its own
 * error, read out of bounds or without end, or depended on what is no part of the input
 */
export function challenge(parser: Parser, bytes: Uint8Array): void {
  try {
    const results = [0x00, 0xff].map((filler) =>
      outcome(parser, surrounded(bytes, filler))
    );
    if (results[0] !== results[1]) {
      throw new Error("The result depends on bytes around the input");
    }
    outcome(parser, guarded(bytes));
  } catch (error) {
    throw new Error(`${parser.name} fails for ${bytes.toHex()}`, {
      cause: error,
    });
  }
}

/** Every prefix of every packet. */
export function* prefixes({ corpus }: Parser): Generator<Uint8Array> {
  for (const packet of corpus) {
    for (let length = 0; length <= packet.length; length++) {
      yield packet.slice(0, length);
    }
  }
}

/** Every packet with each of its bits flipped. */
export function* flips({ corpus }: Parser): Generator<Uint8Array> {
  for (const packet of corpus) {
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const flipped = packet.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      yield flipped;
    }
  }
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}

/** Packets that were changed in up to five places. */
export function* mutations(
  { corpus }: Parser,
  cases = CASES,
): Generator<Uint8Array> {
  const random = new Random(SEED, 1);
  const pick = () => corpus[random.below(corpus.length)]!;
  for (let index = 0; index < cases; index++) {
    let packet: Uint8Array = pick().slice();
    for (let edits = 1 + random.below(5); edits > 0; edits--) {
      const at = random.below(packet.length + 1);
      switch (random.below(6)) {
        case 0:
          if (at < packet.length) packet[at] = random.below(256);
          break;
        case 1:
          if (at < packet.length) {
            packet[at] = EDGES[random.below(EDGES.length)]!;
          }
          break;
        case 2: // cut
          packet = packet.slice(0, at);
          break;
        case 3: // repeat a part
          packet = joined(packet.subarray(0, at), packet.subarray(at >> 1));
          break;
        case 4: // go on as another packet
          packet = joined(packet.subarray(0, at), pick());
          break;
        case 5: // leave a part out
          packet = joined(packet.subarray(0, at >> 1), packet.subarray(at));
          break;
      }
    }
    yield packet;
  }
}

/** Random bytes; half of them begin like a packet, which gets them further. */
export function* randomBytes(
  { corpus }: Parser,
  cases = CASES,
): Generator<Uint8Array> {
  const random = new Random(SEED, 2);
  for (let index = 0; index < cases; index++) {
    const bytes = random.fill(new Uint8Array(random.below(LONGEST_RANDOM)));
    if (random.below(2) === 0) {
      const packet = corpus[random.below(corpus.length)]!;
      bytes.set(packet.subarray(0, Math.min(4, bytes.length)));
    }
    yield bytes;
  }
}

/** Registers the tests of one parser. */
export function fuzzTest(parser: Parser): void {
  const kinds = { prefixes, flips, mutations, randomBytes };
  const titles: Readonly<Record<keyof typeof kinds, string>> = {
    prefixes: "every prefix of its packets",
    flips: "every flipped bit of its packets",
    mutations: `${CASES} mutations of its packets`,
    randomBytes: `${CASES} random inputs`,
  };
  for (const [kind, inputs] of Object.entries(kinds)) {
    const title = titles[kind as keyof typeof kinds];
    Deno.test(`fuzz ${parser.name} with ${title}`, () => {
      for (const bytes of inputs(parser)) challenge(parser, bytes);
    });
  }
}
