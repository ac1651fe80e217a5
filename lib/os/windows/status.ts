import type { Family } from "../../wire/address.ts";
import { ICMP4, ICMP6 } from "../../wire/icmp.ts";
import * as c from "./constants.ts";

/** An ICMP type with its code. */
export type IcmpReason = readonly [type: number, code: number];

/** The ICMP messages that IP_STATUS codes stand for (ipexport.h, with the codes of RFC 792 and RFC 1122). */
const REASONS4: Readonly<Record<number, IcmpReason>> = {
  [c.IP_DEST_NET_UNREACHABLE]: [ICMP4.DESTINATION_UNREACHABLE, 0],
  [c.IP_DEST_HOST_UNREACHABLE]: [ICMP4.DESTINATION_UNREACHABLE, 1],
  [c.IP_DEST_PROT_UNREACHABLE]: [ICMP4.DESTINATION_UNREACHABLE, 2],
  [c.IP_DEST_PORT_UNREACHABLE]: [ICMP4.DESTINATION_UNREACHABLE, 3],
  [c.IP_PACKET_TOO_BIG]: [ICMP4.DESTINATION_UNREACHABLE, 4],
  [c.IP_BAD_ROUTE]: [ICMP4.DESTINATION_UNREACHABLE, 5],
  [c.IP_SOURCE_QUENCH]: [ICMP4.SOURCE_QUENCH, 0],
  [c.IP_TTL_EXPIRED_TRANSIT]: [ICMP4.TIME_EXCEEDED, 0],
  [c.IP_TTL_EXPIRED_REASSEM]: [ICMP4.TIME_EXCEEDED, 1],
  [c.IP_PARAM_PROBLEM]: [ICMP4.PARAMETER_PROBLEM, 0],
};

/** The same numbers have other names in IPv6 (ipexport.h): IP_DEST_NO_ROUTE and so on, with the codes of RFC 4443. */
const REASONS6: Readonly<Record<number, IcmpReason>> = {
  [c.IP_DEST_NET_UNREACHABLE]: [ICMP6.DESTINATION_UNREACHABLE, 0],
  [c.IP_DEST_PROT_UNREACHABLE]: [ICMP6.DESTINATION_UNREACHABLE, 1],
  [c.IP_DEST_SCOPE_MISMATCH]: [ICMP6.DESTINATION_UNREACHABLE, 2],
  [c.IP_DEST_HOST_UNREACHABLE]: [ICMP6.DESTINATION_UNREACHABLE, 3],
  [c.IP_DEST_PORT_UNREACHABLE]: [ICMP6.DESTINATION_UNREACHABLE, 4],
  // The code is not told.
  [c.IP_DEST_UNREACHABLE]: [ICMP6.DESTINATION_UNREACHABLE, 0],
  [c.IP_PACKET_TOO_BIG]: [ICMP6.PACKET_TOO_BIG, 0],
  [c.IP_TTL_EXPIRED_TRANSIT]: [ICMP6.TIME_EXCEEDED, 0],
  [c.IP_TTL_EXPIRED_REASSEM]: [ICMP6.TIME_EXCEEDED, 1],
  [c.IP_TIME_EXCEEDED]: [ICMP6.TIME_EXCEEDED, 0],
  [c.IP_PARAM_PROBLEM]: [ICMP6.PARAMETER_PROBLEM, 0],
  [c.IP_BAD_HEADER]: [ICMP6.PARAMETER_PROBLEM, 0],
  [c.IP_UNRECOGNIZED_NEXT_HEADER]: [ICMP6.PARAMETER_PROBLEM, 1],
};

/** The ICMP message that an IP_STATUS reports; undefined where it is this machine that speaks. */
export function icmpReason(
  family: Family,
  status: number,
): IcmpReason | undefined {
  return (family === 4 ? REASONS4 : REASONS6)[status];
}
