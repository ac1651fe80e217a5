/** Option values from text. */

import type { OptionSpec } from "../command.ts";
import { UsageError } from "./errors.ts";

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  "": 1000,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
};

const BYTES_PER_UNIT: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  ki: 2 ** 10,
  kib: 2 ** 10,
  m: 1e6,
  mb: 1e6,
  mi: 2 ** 20,
  mib: 2 ** 20,
  g: 1e9,
  gb: 1e9,
  gi: 2 ** 30,
  gib: 2 ** 30,
};

/** A decimal number and the unit behind it. */
const QUANTITY = /^(\d+\.?\d*|\.\d+)([a-z]*)$/i;

/** Milliseconds: `200ms`, `2s`, `1m`, `1.5h`, `50us`; a bare number is seconds. Undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  return quantity(text, MS_PER_UNIT);
}

/** Whole bytes: `1500`, `1k` and `1kB` (1000), `64KiB` and `64Ki` (1024). Undefined when it is none. */
export function parseSize(text: string): number | undefined {
  const bytes = quantity(text, BYTES_PER_UNIT);
  return Number.isInteger(bytes) ? bytes : undefined;
}

function quantity(
  text: string,
  units: Readonly<Record<string, number>>,
): number | undefined {
  const match = QUANTITY.exec(text);
  if (match === null) return undefined;
  const unit = match[2]!.toLowerCase();
  return Object.hasOwn(units, unit)
    ? Number(match[1]) * units[unit]!
    : undefined;
}

/** A whole number, decimal or `0x` hexadecimal. Undefined when it is none. */
export function parseInteger(text: string): number | undefined {
  return /^([+-]?\d+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : undefined;
}

/** A number from 0 to 1: `10%` or `0.1`. Undefined when it is none. */
export function parseShare(text: string): number | undefined {
  const match = /^(\d+\.?\d*|\.\d+)(%?)$/.exec(text);
  if (match === null) return undefined;
  const share = Number(match[1]) / (match[2] === "%" ? 100 : 1);
  return share <= 1 ? share : undefined;
}

/**
 * The value of an option that takes one.
 *
 * @param name the option as errors name it, with its dashes
 * @throws {UsageError} when the text is no value of that type, or out of range
 */
export function parseValue(
  spec: OptionSpec,
  name: string,
  text: string,
): string | number {
  const fail = (reason: string): never => {
    throw new UsageError(
      `Invalid value ${JSON.stringify(text)} for "${name}": ${reason}`,
    );
  };
  const inRange = (
    value: number | undefined,
    { min, max }: { min: number; max: number },
    what: string,
  ): number => {
    if (value === undefined) return fail(`not ${what}`);
    if (value >= min && value <= max) return value;
    return fail(
      max === Infinity ? `must be at least ${min}` : `must be ${min} to ${max}`,
    );
  };
  switch (spec.type) {
    case "integer":
      if (spec.words !== undefined && Object.hasOwn(spec.words, text)) {
        return spec.words[text]!;
      }
      return inRange(parseInteger(text), spec, "a whole number");
    case "size":
      return inRange(
        parseSize(text),
        spec,
        "a number of bytes, such as 1500 or 64KiB",
      );
    case "duration": {
      const ms = parseDuration(text) ??
        fail("not a duration, such as 0.5, 200ms or 2s");
      return ms <= spec.max ? ms : fail(`must be ${spec.max}ms at most`);
    }
    case "share":
      return parseShare(text) ??
        fail("not a share from 0 to 1, such as 10% or 0.1");
    case "file-mode":
      return /^[0-7]{1,4}$/.test(text) && parseInt(text, 8) <= 0o777
        ? parseInt(text, 8)
        : fail("not an octal file mode, such as 600");
    case "choice":
      return spec.choices.includes(text)
        ? text
        : fail(`must be ${orList(spec.choices)}`);
    case "string":
    case "strings":
      return text;
    case "flag":
      return fail("it takes none");
  }
}

function orList(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
