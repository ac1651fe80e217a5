/** Finds the mistakes that a scenario file can have: misspelt and missing fields. */

type Check = (value: unknown, path: string) => string[];

const isNumber: Check = (value, path) =>
  typeof value === "number" ? [] : [`${path}: not a number`];
const isText: Check = (value, path) =>
  typeof value === "string" ? [] : [`${path}: not a text`];
const isTrue: Check = (value, path) =>
  typeof value === "boolean" ? [] : [`${path}: neither true nor false`];
const anything: Check = () => [];

function listOf(check: Check): Check {
  return (value, path) =>
    Array.isArray(value)
      ? value.flatMap((item, index) => check(item, `${path}[${index}]`))
      : [`${path}: not a list`];
}

function mapOf(check: Check): Check {
  return (value, path) =>
    Object.entries(Object(value)).flatMap(([key, item]) =>
      check(item, `${path}.${key}`)
    );
}

function either(...checks: Check[]): Check {
  return (value, path) => {
    const faults = checks.map((check) => check(value, path));
    return faults.find((found) => found.length === 0) ?? faults.at(-1)!;
  };
}

/** An object with these fields and no others. */
function record(required: Fields, optional: Fields = {}): Check {
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return [`${path}: not an object`];
    }
    const known: Fields = { ...required, ...optional };
    return [
      ...Object.keys(required).filter((key) => !(key in value))
        .map((key) => `${path}: no ${key}`),
      ...Object.entries(value).flatMap(([key, item]) =>
        key in known
          ? known[key]!(item, `${path}.${key}`)
          : [`${path}: unknown ${key}`]
      ),
    ];
  };
}

type Fields = Readonly<Record<string, Check>>;

const when = either(
  record({ probability: isNumber }),
  record({ pattern: isText }),
  record({ first: isNumber, count: isNumber }),
);

const quote: Fields = {
  quote: either(isNumber, isText),
  mpls: listOf(record({ label: isNumber }, {
    trafficClass: isNumber,
    ttl: isNumber,
  })),
  withoutLength: isTrue,
};

const numbers = either(isNumber, listOf(isNumber));

const EFFECTS: Readonly<Record<string, [required: Fields, optional?: Fields]>> =
  {
    drop: [{}],
    duplicate: [{ copies: isNumber }, { gapMs: isNumber }],
    delay: [{ byMs: isNumber }],
    swap: [{}, { gapMs: isNumber }],
    corrupt: [{ offset: isNumber, xor: isNumber }, { badChecksum: isTrue }],
    renumber: [{}, { identifier: isNumber, sequence: isNumber }],
    truncate: [{ bytes: isNumber }],
    extend: [{ bytes: isNumber }],
    impersonate: [{ from: isText }],
    error: [{ type: numbers, code: numbers }, {
      besides: isTrue,
      gapMs: isNumber,
      from: isText,
      mtu: isNumber,
      pointer: isNumber,
      gateway: isText,
      ...quote,
    }],
    stranger: [{ payload: isNumber }],
  };

const effect: Check = (value, path) => {
  const { do: name } = Object(value) as { do?: string };
  const fields = EFFECTS[name ?? ""];
  if (fields === undefined) return [`${path}: unknown effect ${name}`];
  const [required, optional] = fields;
  return record({ do: isText, ...required }, { when, ...optional })(
    value,
    path,
  );
};

const router = record({ address: isText }, {
  address6: isText,
  delayMs: isNumber,
  jitterMs: isNumber,
  silent: isTrue,
  rateLimit: record({ perSecond: isNumber, burst: isNumber }),
  drop: when,
  mtu: isNumber,
  blackHole: isTrue,
  nat: record({ address: isText, shift: isNumber }, {
    translatesErrors: isTrue,
  }),
  ...quote,
});

const hop: Check = (value, path) =>
  "balance" in Object(value)
    ? record({ balance: isText, branches: listOf(listOf(hop)) })(value, path)
    : router(value, path);

const host = record({ match: listOf(isText) }, {
  every: record({ divisor: isNumber, remainder: isNumber }),
  path: isText,
  delayMs: isNumber,
  jitterMs: isNumber,
  ttl: isNumber,
  silent: isTrue,
  tcp: mapOf(isText),
  udp: mapOf(isText),
  effects: listOf(effect),
});

const expected = either(
  isNumber,
  isText,
  isTrue,
  record({}, { min: isNumber, max: isNumber }),
);

const run = record({ command: isText, code: expected }, {
  as: listOf(isText),
  summary: mapOf(expected),
  events: mapOf(expected),
  contains: listOf(mapOf(anything)),
  memoryMiB: isNumber,
  stderr: isText,
  counts: mapOf(expected),
});

const scenario = record({
  about: isText,
  hosts: listOf(host),
  runs: listOf(run),
}, {
  seed: isNumber,
  mtu: isNumber,
  paths: mapOf(listOf(hop)),
  noise: record({ packets: isNumber, perSecond: isNumber }),
  alone: isTrue,
});

/** What is wrong with a scenario, each with where it is; empty where nothing is. */
export function validate(value: unknown): string[] {
  return scenario(value, "scenario");
}
