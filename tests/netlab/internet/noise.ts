/** ICMP that nobody asked for, much of it broken. */

import {
  buildPacket,
  get16,
  icmpProtocol,
  type Packet,
  put16,
} from "./packets.ts";
import type { Random } from "./random.ts";

type Kind = (request: Packet, random: Random) => Packet;

/** An ICMP message of random bytes with this type and code, and an identifier that is not the request's. */
function message(
  request: Packet,
  random: Random,
  type: number,
  code: number,
  sealed = true,
  from = request.destination,
): Packet {
  const body = random.fill(new Uint8Array(8 + random.below(120)));
  body[0] = type;
  body[1] = code;
  put16(body, 4, get16(request.body, 4) ^ (1 + random.below(0xffff)));
  const protocol = icmpProtocol(request.family);
  return buildPacket(from, request.source, protocol, 64, body, sealed);
}

function elsewhere(request: Packet, random: Random): Uint8Array {
  const bytes = request.destination.slice();
  bytes[bytes.length - 1]! ^= 1 + random.below(255);
  return bytes;
}

const isIpv4 = (request: Packet) => request.family === 4;
const replyType = (request: Packet) => isIpv4(request) ? 0 : 129;
const requestType = (request: Packet) => isIpv4(request) ? 8 : 128;
const unreachable = (request: Packet) => isIpv4(request) ? 3 : 1;

const KINDS: readonly Kind[] = [
  /** A reply to nothing, from the host that is pinged. */
  (request, random) => message(request, random, replyType(request), 0),
  /** One from somewhere else. */
  (request, random) =>
    message(
      request,
      random,
      replyType(request),
      0,
      true,
      elsewhere(request, random),
    ),
  /** A reply with the right identifier and sequence and none of the payload. */
  (request, random) => {
    const body = random.fill(new Uint8Array(request.body.length));
    body.set(request.body.subarray(0, 8));
    body[0] = replyType(request);
    return buildPacket(
      request.destination,
      request.source,
      request.protocol,
      64,
      body,
    );
  },
  /** One whose checksum is wrong, too. */
  (request, random) => message(request, random, replyType(request), 0, false),
  /** One that ends within its header. */
  (request, random) => {
    const { destination, source, protocol } = request;
    const body = random.fill(new Uint8Array(random.below(8)));
    if (body.length > 0) body[0] = replyType(request);
    return buildPacket(destination, source, protocol, 64, body);
  },
  /** An error that quotes what is no packet. */
  (request, random) =>
    message(request, random, unreachable(request), random.below(16)),
  /** An error that quotes a probe of somebody else's. */
  (request, random) => {
    const { destination, source, protocol } = request;
    const quoted = message(request, random, requestType(request), 0);
    const quote = buildPacket(source, destination, protocol, 1, quoted.body);
    const body = new Uint8Array(8 + quote.bytes.length);
    body[0] = unreachable(request);
    body[1] = 1;
    body.set(quote.bytes, 8);
    return buildPacket(destination, source, protocol, 64, body);
  },
  /** A type that does not exist. */
  (request, random) => message(request, random, 200, random.below(256)),
];

/** The next packet of noise, about a request that was seen. */
export function noise(request: Packet, random: Random, index: number): Packet {
  return KINDS[index % KINDS.length]!(request, random);
}
