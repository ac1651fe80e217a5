/** What happens to the answers of a host on their way. */

import {
  buildError,
  buildPacket,
  copyPacket,
  type ErrorContent,
  get16,
  type Packet,
  put16,
  sealBody,
} from "./packets.ts";
import { address } from "./path.ts";
import type { Random } from "./random.ts";
import type { Counts, Effect, ErrorMessage, Quote } from "./scenario.ts";
import { Selector } from "./selector.ts";

const ICMP_HEADER = 8;

/** An answer and when it arrives. */
export interface Answer {
  readonly packet: Packet;
  readonly at: number;
  /** It is what the request asked for: no copy, no error, nothing of a stranger's. */
  readonly genuine: boolean;
}

/** How much an error quotes, with the defaults filled in. */
export function quoteContent(
  quote: Quote,
): Pick<ErrorContent, "quote" | "mpls" | "withoutLength"> {
  return {
    quote: quote.quote ?? "full",
    mpls: (quote.mpls ?? []).map(({ label, trafficClass = 0, ttl = 1 }) => ({
      label,
      trafficClass,
      ttl,
    })),
    withoutLength: quote.withoutLength ?? false,
  };
}

function inTurn(value: number | readonly number[], turn: number): number {
  return typeof value === "number" ? value : value[turn % value.length]!;
}

/** Bytes 4 to 7 of an ICMP error: an MTU or a pointer where that family has it, or a router's address. */
function restOfHeader(spec: ErrorMessage, request: Packet): Uint8Array {
  const rest = new Uint8Array(4);
  if (spec.gateway !== undefined) rest.set(address(spec.gateway));
  if (spec.pointer !== undefined) {
    rest[request.family === 4 ? 0 : 3] = spec.pointer;
  }
  if (spec.mtu !== undefined) {
    put16(rest, 2, spec.mtu);
    if (request.family === 6) put16(rest, 0, spec.mtu >>> 16);
  }
  return rest;
}

/** One effect with what it remembers. */
class EffectState {
  readonly #effect: Effect;
  readonly #selector: Selector;
  readonly #counts: Counts;
  #turn = 0;
  #held: readonly Answer[] | undefined;

  constructor(effect: Effect, random: Random, counts: Counts) {
    this.#effect = effect;
    this.#selector = new Selector(effect.when, random);
    this.#counts = counts;
  }

  apply(request: Packet, answers: readonly Answer[]): readonly Answer[] {
    if (this.#effect.do === "swap") {
      return this.#swap(answers, this.#effect.gapMs ?? 0);
    }
    return this.#selector.next() ? this.#change(request, answers) : answers;
  }

  /** Answers that pass unselected release those that wait. */
  #swap(answers: readonly Answer[], gapMs: number): readonly Answer[] {
    const selected = this.#selector.next();
    if (selected && this.#held === undefined) {
      this.#counts.swapped++;
      this.#held = answers;
      return [];
    }
    const at = answers.at(-1)!.at + gapMs;
    const released = (this.#held ?? []).map((answer) => ({ ...answer, at }));
    this.#held = undefined;
    return [...answers, ...released];
  }

  #change(request: Packet, answers: readonly Answer[]): readonly Answer[] {
    const effect = this.#effect;
    const counts = this.#counts;
    switch (effect.do) {
      case "drop":
        counts.dropped++;
        return [];
      case "duplicate": {
        const gap = effect.gapMs ?? 0;
        counts.duplicates += answers.length * effect.copies;
        return answers.flatMap(({ packet, at, genuine }) =>
          Array.from({ length: effect.copies + 1 }, (_, copy) => ({
            packet,
            at: at + copy * gap,
            genuine: genuine && copy === 0,
          }))
        );
      }
      case "delay":
        counts.delayed++;
        return answers.map((answer) => ({
          ...answer,
          at: answer.at + effect.byMs,
        }));
      case "corrupt":
        counts.corrupted++;
        return each(answers, (packet) => {
          packet.body[ICMP_HEADER + effect.offset]! ^= effect.xor;
          if (!effect.badChecksum) sealBody(packet);
        });
      case "renumber":
        counts.renumbered++;
        return each(answers, ({ body }) => {
          put16(body, 4, get16(body, 4) + (effect.identifier ?? 0));
          put16(body, 6, get16(body, 6) + (effect.sequence ?? 0));
        }, sealBody);
      case "truncate":
        counts.truncated++;
        return resized(answers, (payload) => Math.min(payload, effect.bytes));
      case "extend":
        counts.extended++;
        return resized(answers, (payload) => payload + effect.bytes);
      case "impersonate":
        counts.impersonated++;
        return answers.map((answer) => {
          const source = address(effect.from);
          const packet = copyPacket(answer.packet, { source });
          sealBody(packet);
          return { ...answer, packet };
        });
      case "stranger": {
        counts.strangers++;
        const [first] = each(answers.slice(0, 1), ({ body }) => {
          body.fill(effect.payload, ICMP_HEADER);
        }, sealBody);
        return [{ ...first!, genuine: false }, ...answers];
      }
      case "error": {
        counts.errors++;
        const error = buildError(
          effect.from === undefined
            ? request.destination
            : address(effect.from),
          request,
          {
            type: inTurn(effect.type, this.#turn),
            code: inTurn(effect.code, this.#turn),
            rest: restOfHeader(effect, request),
            ...quoteContent(effect),
          },
        );
        this.#turn++;
        const { at } = answers[0]!;
        const message = { packet: error, at, genuine: false };
        if (!effect.besides) return [message];
        const later = answers.map((answer) => ({
          ...answer,
          at: answer.at + (effect.gapMs ?? 0),
        }));
        return [message, ...later];
      }
      case "swap":
        return answers;
    }
  }
}

/** Changes copies of the answers. */
function each(
  answers: readonly Answer[],
  ...changes: ((packet: Packet) => void)[]
): readonly Answer[] {
  return answers.map((answer) => {
    const packet = copyPacket(answer.packet);
    for (const change of changes) change(packet);
    return { ...answer, packet };
  });
}

/** Gives the answers' ICMP payloads another length. */
function resized(
  answers: readonly Answer[],
  length: (payload: number) => number,
): readonly Answer[] {
  return answers.map((answer) => {
    const { source, destination, protocol, hopLimit, body } = answer.packet;
    const resized = new Uint8Array(
      ICMP_HEADER + length(body.length - ICMP_HEADER),
    );
    resized.set(body.subarray(0, resized.length));
    return {
      ...answer,
      packet: buildPacket(source, destination, protocol, hopLimit, resized),
    };
  });
}

/** All effects of a host rule, in their order. */
export class Effects {
  readonly #states: readonly EffectState[];

  constructor(
    effects: readonly Effect[],
    nextRandom: () => Random,
    counts: Counts,
  ) {
    this.#states = effects.map((effect) =>
      new EffectState(effect, nextRandom(), counts)
    );
  }

  /** What arrives in place of one answer. */
  apply(request: Packet, answer: Answer): readonly Answer[] {
    let answers: readonly Answer[] = [answer];
    for (const state of this.#states) {
      if (answers.length === 0) break;
      answers = state.apply(request, answers);
    }
    return answers;
  }
}
