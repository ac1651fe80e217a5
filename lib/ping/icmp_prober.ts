import type { SystemError } from "../os/errno.ts";
import type {
  IcmpErrorReport,
  IcmpHandler,
  IcmpTransport,
} from "../os/types.ts";
import { foldChecksum, sum16 } from "../wire/checksum.ts";
import { PacketError } from "../wire/errors.ts";
import {
  decodeIcmp,
  describeIcmpError,
  ICMP4,
  ICMP6,
  ICMP_HEADER_BYTES,
  type IcmpMessage,
  writeEchoHeader,
} from "../wire/icmp.ts";
import type { Payload } from "../wire/payload.ts";
import { deliveryError, type Prober, type ProbeSink } from "./prober.ts";
import { Probes } from "./probes.ts";
import type { Targets } from "./targets.ts";

const CHECKSUM = 2;
const SEQUENCE = 6;
/** Where the number of the probe stands in its message. */
const NUMBER = ICMP_HEADER_BYTES + 8;
const NUMBER_END = NUMBER + 8;

/** Probes made of ICMP echo requests (RFC 792, RFC 4443). */
export class IcmpProber implements Prober {
  readonly socket: "datagram" | "raw";
  readonly identifier: number;
  readonly batch: number;
  readonly #transport: IcmpTransport;
  readonly #probes: Probes;
  readonly #targets: Targets;
  readonly #payload: Payload;
  /** Answers may come from another address than the probe went to: broadcast and multicast. */
  readonly #anySource: boolean;
  /** One's complement sum of all that never changes in a message. */
  readonly #constantSum: number;

  constructor(
    transport: IcmpTransport,
    probes: Probes,
    targets: Targets,
    payload: Payload,
    anySource: boolean,
  ) {
    this.socket = transport.kind;
    this.identifier = transport.identifier;
    this.batch = transport.outgoing.length;
    this.#transport = transport;
    this.#probes = probes;
    this.#targets = targets;
    this.#payload = payload;
    this.#anySource = anySource;
    for (const { packet } of transport.outgoing) {
      writeEchoHeader(packet, transport.family, this.identifier, 0);
      payload.initialise(packet);
    }
    const message = transport.outgoing[0]!.packet.slice();
    payload.writeNumber(message, 0);
    this.#constantSum = sum16(message);
  }

  write(index: number, number: number, target: number): void {
    const slot = this.#transport.outgoing[index]!;
    const { packet } = slot;
    const sequence = Probes.sequence(number);
    packet[SEQUENCE] = sequence >> 8;
    packet[SEQUENCE + 1] = sequence & 0xff;
    this.#payload.writeNumber(packet, number);
    // The kernel fills in the checksums of IPv6 and of datagram sockets.
    if (this.socket === "raw" && this.#transport.family === 4) {
      const changing = sum16(
        packet,
        Math.min(NUMBER, packet.length),
        Math.min(NUMBER_END, packet.length),
        this.#constantSum + sequence,
      );
      const checksum = foldChecksum(changing);
      packet[CHECKSUM] = checksum >> 8;
      packet[CHECKSUM + 1] = checksum & 0xff;
    }
    this.#targets.writeAddress(target, slot.address);
    slot.scopeId = this.#targets.scopeId(target);
    slot.cookie = number;
  }

  send(from: number, count: number): number {
    return this.#transport.send(from, count);
  }

  get congestion(): SystemError | undefined {
    return this.#transport.congestion;
  }

  receive(sink: ProbeSink): number {
    const handler: IcmpHandler = {
      sent: (number, at) => sink.sent(number, at),
      message: (packet, bytes, from, hopLimit, at, readAt) =>
        this.#message(sink, packet, bytes, from, hopLimit, at, readAt),
      error: (report) => this.#report(sink, report),
      failed: (number, { code, description }) =>
        sink.undelivered(number, { code, message: description }),
    };
    return this.#transport.receive(handler);
  }

  #message(
    sink: ProbeSink,
    packet: Uint8Array,
    bytes: number,
    from: Uint8Array,
    ttl: number,
    at: number,
    readAt: number,
  ): void {
    let message: IcmpMessage;
    try {
      message = decodeIcmp(this.#transport.family, packet);
    } catch (error) {
      if (error instanceof PacketError) return;
      throw error;
    }
    if (
      message.kind !== "echo-reply" || message.identifier !== this.identifier
    ) return;
    if (!this.#payload.isOurs(packet)) return;
    const number = this.#find(
      message.sequence,
      packet,
      this.#anySource ? undefined : from,
    );
    if (number === undefined) return;
    // The kernel has checked what comes by a datagram socket; of what was cut nothing can be told.
    const isChecked = this.socket === "datagram" || bytes > packet.length;
    if (!message.checksumValid && !isChecked) {
      sink.badChecksum(number, from, bytes);
      return;
    }
    sink.answered(number, {
      at,
      readAt,
      from,
      bytes,
      ttl,
      truncated: this.#payload.length(packet) < this.#payload.size,
      corrupt: this.#payload.fault(packet, number),
      refused: false,
    });
  }

  /**
   * The probe that a message is about. The payload numbers it; where that is
   * cut off or damaged, it is the latest one of that sequence number to that address.
   */
  #find(
    sequence: number,
    packet: Uint8Array,
    address: Uint8Array | undefined,
  ): number | undefined {
    const number = this.#payload.number(packet);
    if (
      number !== undefined && number < this.#probes.next &&
      Probes.sequence(number) === sequence
    ) {
      // A number that fits and is forgotten must not be taken for a later one.
      return this.#probes.has(number) && this.#isTo(number, address)
        ? number
        : undefined;
    }
    for (const candidate of this.#probes.withSequence(sequence)) {
      if (this.#isTo(candidate, address)) return candidate;
    }
    return undefined;
  }

  /** Whether a probe went to an address; undefined stands for any. */
  #isTo(number: number, address: Uint8Array | undefined): boolean {
    return address === undefined ||
      this.#targets.hasAddress(this.#probes.target(number), address);
  }

  #report(sink: ProbeSink, report: IcmpErrorReport): void {
    const { family } = this.#transport;
    const number = this.#quoted(report);
    if (number === undefined) return;
    const target = this.#probes.target(number);
    const inZone = (address: Uint8Array) =>
      this.#targets.inZone(target, address);
    const from = inZone(report.from);
    if (report.type === (family === 4 ? ICMP4.REDIRECT : ICMP6.REDIRECT)) {
      if (report.gateway !== undefined) {
        const message = describeIcmpError(family, report.type, report.code);
        sink.redirected(number, from, inZone(report.gateway), message);
      }
      return;
    }
    sink.undelivered(number, deliveryError(family, report, from));
  }

  /** The probe that an ICMP error quotes; routers may quote no more than its ICMP header. */
  #quoted(report: IcmpErrorReport): number | undefined {
    const { quoted, destination } = report;
    if (quoted.length < ICMP_HEADER_BYTES) return this.#latest(destination);
    const view = new DataView(quoted.buffer, quoted.byteOffset);
    if (
      view.getUint16(4) !== this.identifier || !this.#payload.isOurs(quoted)
    ) return undefined;
    return this.#find(view.getUint16(6), quoted, destination);
  }

  /** The last probe, if it went to this address: what an error that quotes nothing is about. */
  #latest(destination: Uint8Array): number | undefined {
    const number = this.#probes.next - 1;
    return this.#probes.has(number) &&
        this.#targets.hasAddress(this.#probes.target(number), destination)
      ? number
      : undefined;
  }

  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]();
  }
}
