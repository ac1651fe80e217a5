import type { SystemError } from "../os/errno.ts";
import type { IcmpErrorReport, PortTransport } from "../os/types.ts";
import type { Family } from "../wire/address.ts";
import type { Payload } from "../wire/payload.ts";
import { deliveryError, type Prober, type ProbeSink } from "./prober.ts";
import type { Probes } from "./probes.ts";
import type { Targets } from "./targets.ts";

/** Probes of a TCP or UDP port: a handshake, or a datagram that is echoed; a refusal is an answer too. */
export class PortProber implements Prober {
  readonly socket: "tcp" | "udp";
  readonly batch = 1;
  readonly #transport: PortTransport;
  readonly #family: Family;
  readonly #probes: Probes;
  readonly #targets: Targets;
  readonly #payload: Payload;
  readonly #datagram: Uint8Array<ArrayBuffer>;
  readonly #address: Uint8Array<ArrayBuffer>;
  #number = 0;

  constructor(
    protocol: "tcp" | "udp",
    family: Family,
    transport: PortTransport,
    probes: Probes,
    targets: Targets,
    payload: Payload,
  ) {
    this.socket = protocol;
    this.#family = family;
    this.#transport = transport;
    this.#probes = probes;
    this.#targets = targets;
    this.#payload = payload;
    this.#datagram = new Uint8Array(protocol === "tcp" ? 0 : payload.size);
    if (protocol === "udp") payload.initialise(this.#datagram);
    this.#address = new Uint8Array(family === 4 ? 4 : 16);
  }

  write(_index: number, number: number, target: number): void {
    this.#number = number;
    this.#targets.writeAddress(target, this.#address);
    if (this.socket === "udp") {
      this.#payload.writeNumber(this.#datagram, number);
    }
  }

  send(): number {
    const target = this.#probes.target(this.#number);
    const isTaken = this.#transport.send(this.#number, {
      bytes: this.#address,
      scopeId: this.#targets.scopeId(target),
    }, this.#datagram);
    return isTaken ? 1 : 0;
  }

  get congestion(): SystemError | undefined {
    return this.#transport.congestion;
  }

  done(number: number): void {
    this.#transport.done(number);
  }

  receive(sink: ProbeSink): number {
    return this.#transport.receive({
      sent: (number, at) => sink.sent(number, at),
      answered: (number, answer) => {
        this.#targets.writeAddress(
          this.#probes.target(number),
          this.#address,
        );
        const isEcho = this.socket === "udp" && !answer.refused;
        sink.answered(number, {
          ...answer,
          from: this.#address,
          bytes: answer.data.length,
          ttl: answer.hopLimit,
          truncated: isEcho && answer.data.length < this.#payload.size,
          corrupt: isEcho
            ? this.#payload.fault(answer.data, number)
            : undefined,
        });
      },
      error: (number, report) => this.#report(sink, number, report),
      failed: (number, error) =>
        sink.undelivered(number, {
          message: "description" in error
            ? String(error.description)
            : error.message,
          ...("code" in error ? { code: String(error.code) } : {}),
        }),
    });
  }

  #report(sink: ProbeSink, number: number, report: IcmpErrorReport): void {
    const target = this.#probes.target(number);
    const from = this.#targets.inZone(target, report.from);
    sink.undelivered(number, deliveryError(this.#family, report, from));
  }

  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]();
  }
}
