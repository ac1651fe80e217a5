/** The seam between the engine, which decides when and what, and the protocols that carry probes. */

import type { SystemError } from "../os/errno.ts";
import type { ClockSource, IcmpErrorReport } from "../os/types.ts";
import type { Family } from "../wire/address.ts";
import { describeIcmpError } from "../wire/icmp.ts";
import type { PingError, ProbeEvent } from "./types.ts";

/** One answer to one probe. */
export interface Answer {
  /** Monotonic time in milliseconds; `NaN` where the kernel gave none. */
  readonly at: number;
  /** When the program read it. */
  readonly readAt: number;
  /** The round-trip time in milliseconds, where the transport took it itself, and with which clock. */
  readonly roundTrip?: { readonly ms: number; readonly clock: ClockSource };
  /** Who answered; valid during the call only. */
  readonly from: Uint8Array;
  readonly bytes: number;
  /** -1 where unknown. */
  readonly ttl: number;
  readonly truncated: boolean;
  readonly corrupt?:
    | {
      readonly offset: number;
      readonly expected: number;
      readonly actual: number;
    }
    | undefined;
  readonly refused: boolean;
}

/** Why a probe was not delivered. */
export type DeliveryError = Omit<
  PingError,
  keyof ProbeEvent | "type" | "time"
>;

/** @param from who reported it, as text */
export function deliveryError(
  family: Family,
  { type, code, mtu, pointer }: IcmpErrorReport,
  from: string,
): DeliveryError {
  return {
    from,
    icmpType: type,
    icmpCode: code,
    message: describeIcmpError(family, type, code),
    ...(mtu > 0 ? { mtu } : {}),
    ...(pointer === undefined ? {} : { pointer }),
  };
}

/** What becomes of probes; probes are named by their number. */
export interface ProbeSink {
  /** The kernel sent the probe at this monotonic time. */
  sent(number: number, at: number): void;
  answered(number: number, answer: Answer): void;
  /** An answer came whose checksum is wrong. */
  badChecksum(number: number, from: Uint8Array, bytes: number): void;
  undelivered(number: number, error: DeliveryError): void;
  /** `from` advises to use `gateway` for the probe's target. */
  redirected(
    number: number,
    from: string,
    gateway: string,
    message: string,
  ): void;
}

/** Carries probes of one kind and family. */
export interface Prober extends Disposable {
  readonly socket: "datagram" | "raw" | "tcp" | "udp";
  readonly identifier?: number;
  /** How many probes go out in one call, at the most. */
  readonly batch: number;
  /** Makes a probe ready, as number `index` of the next batch. */
  write(index: number, number: number, target: number): void;
  /**
   * Sends `count` probes of the batch from `from` on; returns how many were taken, 0 for none now.
   *
   * @throws {SystemError} when the one at `from` was refused
   */
  send(from: number, count: number): number;
  /** Why the system took nothing, where waiting may not help; undefined where it is this side that waits. */
  readonly congestion?: SystemError | undefined;
  /** The first answer to a probe is not waited for any more. */
  done?(number: number): void;
  /** Reports what has come, without waiting; returns 0 when nothing was left. */
  receive(sink: ProbeSink): number;
}
