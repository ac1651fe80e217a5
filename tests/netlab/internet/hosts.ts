/** How a host that works answers: echo, a minimal TCP, UDP. */

import {
  buildError,
  buildPacket,
  type ErrorContent,
  get16,
  ICMP,
  ICMP6,
  type Packet,
  put16,
  TCP,
  UDP,
} from "./packets.ts";
import type { HostRule } from "./scenario.ts";

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;
const TCP_HEADER = 20;

const PORT_UNREACHABLE: Readonly<Record<4 | 6, ErrorContent>> = {
  4: { type: 3, code: 3, quote: "full", mpls: [], withoutLength: false },
  6: { type: 1, code: 4, quote: "full", mpls: [], withoutLength: false },
};

/** Whether a packet is an echo request. */
export function isEchoRequest({ protocol, body }: Packet): boolean {
  return body.length >= 8 &&
    ((protocol === ICMP && body[0] === 8) ||
      (protocol === ICMP6 && body[0] === 128));
}

/** What a host says to a request; undefined for nothing. */
export function answer(rule: HostRule, request: Packet): Packet | undefined {
  if (rule.silent) return undefined;
  if (isEchoRequest(request)) return echoReply(rule, request);
  switch (request.protocol) {
    case TCP:
      return answerTcp(rule, request);
    case UDP:
      return answerUdp(rule, request);
    default:
      return undefined;
  }
}

function reply(rule: HostRule, request: Packet, body: Uint8Array): Packet {
  return buildPacket(
    request.destination,
    request.source,
    request.protocol,
    rule.ttl ?? 64,
    body,
  );
}

function echoReply(rule: HostRule, request: Packet): Packet {
  const body = request.body.slice();
  body[0] = request.protocol === ICMP ? 0 : 129;
  return reply(rule, request, body);
}

function answerUdp(rule: HostRule, request: Packet): Packet | undefined {
  const { body } = request;
  if (body.length < 8) return undefined;
  const port = get16(body, 2);
  switch (rule.udp?.[port] ?? rule.udp?.["*"] ?? "closed") {
    case "silent":
      return undefined;
    case "closed":
      return buildError(
        request.destination,
        request,
        PORT_UNREACHABLE[request.family],
        rule.ttl,
      );
    case "echo": {
      const echoed = body.slice();
      put16(echoed, 0, port);
      put16(echoed, 2, get16(body, 0));
      return reply(rule, request, echoed);
    }
  }
}

/** Without memory: a handshake, and the acknowledgement of whatever ends or carries a connection. */
function answerTcp(rule: HostRule, request: Packet): Packet | undefined {
  const { body } = request;
  if (body.length < TCP_HEADER) return undefined;
  const port = get16(body, 2);
  const state = rule.tcp?.[port] ?? rule.tcp?.["*"] ?? "closed";
  const flags = body[13]!;
  if (state === "silent" || (flags & RST) !== 0) return undefined;
  const data = body.length - (body[12]! >> 4) * 4;
  const length = data + ((flags & (SYN | FIN)) === 0 ? 0 : 1);
  if (length === 0) return undefined;
  const segment = new Uint8Array(TCP_HEADER);
  const view = new DataView(segment.buffer);
  const received = new DataView(body.buffer, body.byteOffset, TCP_HEADER);
  put16(segment, 0, port);
  put16(segment, 2, get16(body, 0));
  view.setUint32(4, (flags & ACK) === 0 ? 0 : received.getUint32(8));
  view.setUint32(8, received.getUint32(4) + length);
  segment[12] = (TCP_HEADER / 4) << 4;
  segment[13] = ACK | (state === "closed" ? RST : flags & (SYN | FIN));
  put16(segment, 14, 0xffff);
  return reply(rule, request, segment);
}
