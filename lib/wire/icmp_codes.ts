/** ICMP message types, and what their codes mean in the words of ping. */

import type { Family } from "./address.ts";

/** ICMPv4 message types, RFC 792 and RFC 1256. */
export const ICMP4 = {
  ECHO_REPLY: 0,
  DESTINATION_UNREACHABLE: 3,
  SOURCE_QUENCH: 4,
  REDIRECT: 5,
  ECHO_REQUEST: 8,
  ROUTER_ADVERTISEMENT: 9,
  ROUTER_SOLICITATION: 10,
  TIME_EXCEEDED: 11,
  PARAMETER_PROBLEM: 12,
  TIMESTAMP_REQUEST: 13,
  TIMESTAMP_REPLY: 14,
} as const;

/** ICMPv6 message types, RFC 4443, RFC 4861 and RFC 2710. Types below 128 are errors. */
export const ICMP6 = {
  DESTINATION_UNREACHABLE: 1,
  PACKET_TOO_BIG: 2,
  TIME_EXCEEDED: 3,
  PARAMETER_PROBLEM: 4,
  ECHO_REQUEST: 128,
  ECHO_REPLY: 129,
  MULTICAST_LISTENER_QUERY: 130,
  MULTICAST_LISTENER_REPORT: 131,
  MULTICAST_LISTENER_DONE: 132,
  ROUTER_SOLICITATION: 133,
  ROUTER_ADVERTISEMENT: 134,
  NEIGHBOR_SOLICITATION: 135,
  NEIGHBOR_ADVERTISEMENT: 136,
  REDIRECT: 137,
} as const;

/** By code, RFC 792, RFC 1122 section 3.2.2.1 and RFC 1812 section 5.2.7.1. */
const UNREACHABLE4 = [
  "Destination Net Unreachable",
  "Destination Host Unreachable",
  "Destination Protocol Unreachable",
  "Destination Port Unreachable",
  "Frag needed and DF set",
  "Source Route Failed",
  "Destination Net Unknown",
  "Destination Host Unknown",
  "Source Host Isolated",
  "Destination Net Prohibited",
  "Destination Host Prohibited",
  "Destination Net Unreachable for Type of Service",
  "Destination Host Unreachable for Type of Service",
  "Packet filtered",
  "Precedence Violation",
  "Precedence Cutoff",
];

const REDIRECT4 = [
  "Redirect Network",
  "Redirect Host",
  "Redirect Type of Service and Network",
  "Redirect Type of Service and Host",
];

const TIME_EXCEEDED4 = [
  "Time to live exceeded",
  "Frag reassembly time exceeded",
];

/** By code, RFC 4443 section 3.1. */
const UNREACHABLE6 = [
  "No route",
  "Administratively prohibited",
  "Beyond scope of source address",
  "Address unreachable",
  "Port unreachable",
  "Source address failed ingress/egress policy",
  "Reject route to destination",
];

const TIME_EXCEEDED6 = ["Hop limit", "Defragmentation failure"];

const PARAMETER_PROBLEM6 = [
  "Wrong header field",
  "Unknown header",
  "Unknown option",
];

/** Whether a message tells which byte of a packet was wrong. */
export function isParameterProblem(family: Family, type: number): boolean {
  return type ===
    (family === 4 ? ICMP4.PARAMETER_PROBLEM : ICMP6.PARAMETER_PROBLEM);
}

/**
 * What an ICMP error or redirect means, in the words of iputils' ping, so
 * that people and scripts recognise them. The MTU, the pointer and the gateway
 * that some messages carry are left to the caller to add.
 */
export function describeIcmpError(
  family: Family,
  type: number,
  code: number,
): string {
  return family === 4 ? describe4(type, code) : describe6(type, code);
}

function describe4(type: number, code: number): string {
  switch (type) {
    case ICMP4.DESTINATION_UNREACHABLE:
      return UNREACHABLE4[code] ?? `Dest Unreachable, Bad Code: ${code}`;
    case ICMP4.SOURCE_QUENCH:
      return "Source Quench";
    case ICMP4.REDIRECT:
      return REDIRECT4[code] ?? `Redirect, Bad Code: ${code}`;
    case ICMP4.TIME_EXCEEDED:
      return TIME_EXCEEDED4[code] ?? `Time exceeded, Bad Code: ${code}`;
    case ICMP4.PARAMETER_PROBLEM:
      return "Parameter problem";
    default:
      return `Bad ICMP type: ${type}`;
  }
}

function describe6(type: number, code: number): string {
  switch (type) {
    case ICMP6.DESTINATION_UNREACHABLE:
      return `Destination unreachable: ${
        UNREACHABLE6[code] ?? `Unknown code ${code}`
      }`;
    case ICMP6.PACKET_TOO_BIG:
      return "Packet too big";
    case ICMP6.TIME_EXCEEDED:
      return `Time exceeded: ${TIME_EXCEEDED6[code] ?? `code ${code}`}`;
    case ICMP6.PARAMETER_PROBLEM:
      return `Parameter problem: ${PARAMETER_PROBLEM6[code] ?? `code ${code}`}`;
    case ICMP6.REDIRECT:
      return "Redirect";
    default:
      return `unknown icmp type: ${type}`;
  }
}
