/**
 * The simulated internet without any I/O: packets go in with the time at
 * which they came, and come out when they are due.
 */

import { answer, isEchoRequest } from "./hosts.ts";
import { type Answer, Effects, quoteContent } from "./effects.ts";
import { noise } from "./noise.ts";
import {
  buildError,
  copyPacket,
  isBodySound,
  type Packet,
  readPacket,
  TCP,
  UDP,
} from "./packets.ts";
import { Path, type RouterState } from "./path.ts";
import { Random } from "./random.ts";
import { compileRule, type RuleMatcher } from "./rules.ts";
import {
  type Counts,
  type HostRule,
  type Scenario,
  zeroCounts,
} from "./scenario.ts";
import { Schedule } from "./schedule.ts";

interface Destination {
  readonly rule: HostRule;
  readonly matches: RuleMatcher;
  readonly path: Path;
  readonly effects: Effects;
  readonly random: Random;
}

/** An error that a router has cause for. */
interface Complaint {
  readonly type: number;
  readonly code: number;
  readonly mtu?: number;
}

/** Everything beyond the first link. */
export class Internet {
  readonly counts: Counts = zeroCounts();
  readonly #scenario: Scenario;
  readonly #destinations: readonly Destination[];
  readonly #due = new Schedule<Uint8Array>();
  readonly #noiseRandom: Random;
  #noiseFor: Packet | undefined;
  #noiseFrom = Infinity;
  #noiseSent = 0;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    let streams = 0;
    const nextRandom = () => new Random(scenario.seed ?? 1, streams++);
    this.#noiseRandom = nextRandom();
    const paths = new Map<string | undefined, Path>([
      [undefined, new Path([], nextRandom)],
    ]);
    for (const [name, hops] of Object.entries(scenario.paths ?? {})) {
      paths.set(name, new Path(hops, nextRandom));
    }
    this.#destinations = scenario.hosts.map((rule) => {
      const path = paths.get(rule.path);
      if (path === undefined) throw new Error(`No path "${rule.path}"`);
      return {
        rule,
        matches: compileRule(rule),
        path,
        effects: new Effects(rule.effects ?? [], nextRandom, this.counts),
        random: nextRandom(),
      };
    });
  }

  /** Takes a packet from the machine. The bytes are not kept. */
  receive(bytes: Uint8Array, now: number): void {
    const packet = readPacket(bytes);
    if (packet !== undefined && isMulticast(packet)) return;
    const { counts } = this;
    counts.received++;
    if (packet === undefined || (!packet.fragment && !isBodySound(packet))) {
      counts.malformed++;
      return;
    }
    if (packet.fragment) {
      counts.fragments++;
      return;
    }
    if (isEchoRequest(packet)) counts.echoRequests++;
    else if (packet.protocol === TCP) counts.tcpSegments++;
    else if (packet.protocol === UDP) counts.udpDatagrams++;
    else return;
    if (this.#scenario.noise !== undefined && this.#noiseFor === undefined) {
      this.#noiseFor = copyPacket(packet);
      this.#noiseFrom = now;
    }
    const destination = this.#destinations.find(({ matches }) =>
      matches(packet.destination)
    );
    if (destination === undefined) counts.unanswered++;
    else this.#deliver(packet, destination, now);
  }

  /** Brings a packet along its path to the host, and the answer back. */
  #deliver(packet: Packet, destination: Destination, now: number): void {
    const { counts } = this;
    const { rule, path, random } = destination;
    const routers = path.routers(packet);
    let at = now;
    for (let index = 0; index < routers.length; index++) {
      const router = routers[index]!;
      at += router.crossing();
      if (router.drops()) {
        counts.dropped++;
        return;
      }
      if (packet.hopLimit - index <= 1) {
        counts.expired++;
        const complaint = { type: packet.family === 4 ? 11 : 3, code: 0 };
        this.#complain(routers, index, packet, complaint, at);
        return;
      }
      const { mtu, blackHole } = router.spec;
      if (mtu !== undefined && packet.whole && packet.bytes.length > mtu) {
        counts.tooBig++;
        const complaint = packet.family === 4
          ? { type: 3, code: 4, mtu }
          : { type: 2, code: 0, mtu };
        if (!blackHole) this.#complain(routers, index, packet, complaint, at);
        return;
      }
    }
    const reply = answer(rule, packet);
    if (reply === undefined) {
      counts.unanswered++;
      return;
    }
    const { delayMs = 0, jitterMs = 0 } = rule;
    at += delayMs + (jitterMs === 0 ? 0 : jitterMs * random.next());
    const back = returned(reply, routers, routers.length, routers.length, at);
    for (
      const { packet: { bytes }, at, genuine } of destination.effects.apply(
        packet,
        { ...back, genuine: true },
      )
    ) {
      if (genuine) counts.answered++;
      this.#send(bytes, at);
    }
  }

  /** Lets the router at `index` say what is wrong with a packet, if it does say anything. */
  #complain(
    routers: readonly RouterState[],
    index: number,
    packet: Packet,
    { type, code, mtu = 0 }: Complaint,
    at: number,
  ): void {
    const router = routers[index]!;
    if (!router.mayComplain(at)) {
      this.counts.withheld++;
      return;
    }
    let seen = copyPacket(packet, { hopLimit: packet.hopLimit - index });
    for (const before of routers.slice(0, index)) {
      seen = before.translated(seen);
    }
    const rest = new Uint8Array(4);
    new DataView(rest.buffer).setUint32(0, mtu);
    const error = buildError(
      router.address(packet.family),
      seen,
      { type, code, rest, ...quoteContent(router.spec) },
      64,
      packet.source,
    );
    this.counts.errors++;
    const back = returned(error, routers, index + 1, index, at);
    this.#send(back.packet.bytes, back.at);
  }

  #send(bytes: Uint8Array, at: number): void {
    this.counts.sent++;
    this.#due.add(at, bytes);
  }

  #noiseAt(): number {
    const { noise: spec } = this.#scenario;
    if (spec === undefined || this.#noiseSent >= spec.packets) return Infinity;
    return this.#noiseFrom + this.#noiseSent * 1000 / spec.perSecond;
  }

  /** When the next packet is due; `Infinity` when there is none. */
  get nextAt(): number {
    return Math.min(this.#due.nextAt, this.#noiseAt());
  }

  /** The next packet for the machine, if one is due. */
  take(now: number): Uint8Array | undefined {
    if (this.#noiseAt() <= Math.min(now, this.#due.nextAt)) {
      this.counts.noise++;
      this.counts.sent++;
      return noise(this.#noiseFor!, this.#noiseRandom, this.#noiseSent++).bytes;
    }
    return this.#due.take(now);
  }
}

/** A packet after the way back: over the links ahead of the first `links` routers, through `crossed` of them. */
function returned(
  packet: Packet,
  routers: readonly RouterState[],
  links: number,
  crossed: number,
  at: number,
): Omit<Answer, "genuine"> {
  let arrival = at;
  for (let index = 0; index < links; index++) {
    arrival += routers[index]!.crossing();
  }
  if (crossed === 0) return { packet, at: arrival };
  const hopLimit = packet.hopLimit - crossed;
  return { packet: copyPacket(packet, { hopLimit }), at: arrival };
}

function isMulticast({ family, destination }: Packet): boolean {
  return family === 4
    ? (destination[0]! & 0xf0) === 0xe0
    : destination[0] === 0xff;
}
