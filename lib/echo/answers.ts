/** What the modes of a server say: bytes in, bytes out, no I/O. */

import type { ServerPlan } from "./server_options.ts";

const encoder = new TextEncoder();

/** Characters in a line of the character generator, its printable characters, and the first of them (RFC 864). */
const LINE_CHARACTERS = 72;
const PRINTABLE = 95;
const FIRST_PRINTABLE = 0x20;
const ROTATION_BYTES = PRINTABLE * (LINE_CHARACTERS + 2);
/** The longest datagram of the character generator (RFC 864). */
const MAX_CHARACTERS = 512;
/** Whole rotations that one write holds, so that the next one goes on where it ends. */
const ROTATIONS = 9;

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const WEEKDAYS = [
  "Sunday",
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
];

/** Lines of the character generator: RFC 864's 72 characters, each line one further, without a seam when repeated. */
export function characters(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(ROTATIONS * ROTATION_BYTES);
  let at = 0;
  for (let line = 0; at < bytes.length; line++) {
    for (let i = 0; i < LINE_CHARACTERS; i++) {
      bytes[at++] = FIRST_PRINTABLE + (line + i) % PRINTABLE;
    }
    bytes[at++] = 0x0d;
    bytes[at++] = 0x0a;
  }
  return bytes;
}

/** The time in the first form that RFC 867 suggests: `Saturday, November 21, 2026 06:40:00-UTC`. */
export function daytime(now: Date): Uint8Array<ArrayBuffer> {
  const time = now.toISOString().slice(11, 19);
  return encoder.encode(
    `${WEEKDAYS[now.getUTCDay()]}, ${MONTHS[now.getUTCMonth()]} ` +
      `${now.getUTCDate()}, ${now.getUTCFullYear()} ${time}-UTC\r\n`,
  );
}

/** ASCII letters in capitals, in place, but for the first `from` bytes. */
export function toUpper(
  bytes: Uint8Array<ArrayBuffer>,
  from: number,
): Uint8Array<ArrayBuffer> {
  for (let i = from; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte >= 0x61 && byte <= 0x7a) bytes[i] = byte - 0x20;
  }
  return bytes;
}

/** What is said to whoever connects, before the connection ends; undefined where the mode listens. */
export function greeting(
  { mode, message }: ServerPlan,
): Uint8Array<ArrayBuffer> | undefined {
  switch (mode) {
    case "greet":
      return encoder.encode(`${message}\n`);
    case "daytime":
      return daytime(new Date());
    default:
      return undefined;
  }
}

/**
 * The answer to a message, or undefined for none. It may be the message
 * itself, changed in place.
 *
 * @param prefix bytes of framing before the message's own
 */
export function answer(
  { mode, dropRate }: ServerPlan,
  message: Uint8Array<ArrayBuffer>,
  prefix: number,
): Uint8Array<ArrayBuffer> | undefined {
  switch (mode) {
    case "echo":
    case "hexdump":
    case "delay":
      return message;
    case "upper":
      return toUpper(message, prefix);
    case "drop":
      return Math.random() < dropRate ? undefined : message;
    default:
      return undefined;
  }
}

const someCharacters = characters();

/** The answer to a datagram, which has no connection to say anything before or after it. */
export function datagramAnswer(
  plan: ServerPlan,
  datagram: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> | undefined {
  if (plan.mode === "chargen") {
    const length = Math.floor(Math.random() * (MAX_CHARACTERS + 1));
    return someCharacters.subarray(0, length);
  }
  return greeting(plan) ?? answer(plan, datagram, 0);
}
