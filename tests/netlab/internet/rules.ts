/** Which destinations a host rule is about. */

import { address } from "./path.ts";
import type { HostRule } from "./scenario.ts";

/** Whether an address, in network order, belongs to a rule. */
export type RuleMatcher = (address: Uint8Array) => boolean;

function networkMatcher(text: string): RuleMatcher {
  const [base, length] = text.split("/");
  const network = address(base!);
  const bits = Number(length ?? network.length * 8);
  const whole = bits >> 3;
  const mask = 0xff00 >> (bits & 7) & 0xff;
  return (bytes) => {
    if (bytes.length !== network.length) return false;
    for (let i = 0; i < whole; i++) if (bytes[i] !== network[i]) return false;
    return mask === 0 || ((bytes[whole]! ^ network[whole]!) & mask) === 0;
  };
}

function remainder(bytes: Uint8Array, divisor: number): number {
  let rest = 0;
  for (const byte of bytes) rest = (rest * 256 + byte) % divisor;
  return rest;
}

/** Prepares the test for the destinations of a rule. */
export function compileRule(rule: HostRule): RuleMatcher {
  const networks = rule.match.map(networkMatcher);
  const { every } = rule;
  return (bytes) =>
    networks.some((matches) => matches(bytes)) &&
    (every === undefined ||
      remainder(bytes, every.divisor) === every.remainder);
}
