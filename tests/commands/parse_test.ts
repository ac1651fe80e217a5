import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../commands/cli/errors.ts";
import { parseCommandLine } from "../../commands/cli/parse.ts";
import type { OptionSpecs } from "../../commands/command.ts";
import { PING_OPTIONS } from "../../commands/ping.ts";

const SPECS = {
  count: { short: "c", type: "integer", value: "N", min: 1, max: 9, help: "" },
  interval: {
    short: "i",
    type: "duration",
    value: "TIME",
    max: 1e7,
    help: "",
  },
  size: { short: "s", type: "size", value: "B", min: 0, max: 70_000, help: "" },
  mode: { short: "M", type: "choice", choices: ["do", "want"], help: "" },
  source: { short: "I", type: "string", value: "NAME", help: "" },
  rate: {
    type: "integer",
    value: "N",
    min: 1,
    max: Infinity,
    words: { "0": Infinity },
    help: "",
  },
  quiet: { short: "q", type: "flag", help: "" },
  four: { short: "4", type: "flag", help: "" },
  drop: { type: "share", value: "SHARE", help: "" },
  chmod: { type: "file-mode", value: "OCTAL", help: "" },
  secret: { type: "flag", hidden: true, help: "" },
} as const satisfies OptionSpecs;

function parse(line: string) {
  return parseCommandLine(SPECS, line.split(" ").filter((word) => word !== ""));
}

function operands(line: string): string[] {
  return parse(line).operands.map(({ text }) => text);
}

Deno.test("parseCommandLine() takes every spelling that getopt takes", () => {
  for (
    const line of [
      "-c3 host",
      "-c 3 host",
      "-c=3 host",
      "--count 3 host",
      "--count=3 host",
      "host -c 3",
      "-c 9 -c 3 host",
    ]
  ) {
    assertEquals(parse(line).options.count, 3, line);
    assertEquals(operands(line), ["host"], line);
  }
});

Deno.test("parseCommandLine() takes values of any type in the same word", () => {
  assertEquals(parse("-Mdo").options.mode, "do");
  assertEquals(parse("-i0.2").options.interval, 200);
  assertEquals(parse("-Ieth0").options.source, "eth0");
  assertEquals(parse("-I=eth0").options.source, "eth0");
  assertEquals(parse("--source=a=b").options.source, "a=b");
  assertEquals(parse("--source=").options.source, "");
});

Deno.test("parseCommandLine() takes clusters of flags, the last option with a value", () => {
  const { options } = parse("-q4c3 -4");
  assertEquals([options.quiet, options.four, options.count], [true, true, 3]);
});

Deno.test("parseCommandLine() takes the next word as a value, whatever it begins with", () => {
  assertEquals(parse("-I -q host").options.source, "-q");
  assertEquals(parse("-I -- host").options.source, "--");
});

Deno.test("parseCommandLine() gives false and undefined for what is absent", () => {
  const { options } = parse("");
  assertEquals([options.quiet, options.count], [false, undefined]);
});

Deno.test("parseCommandLine() takes everything behind -- as it is", () => {
  assertEquals(operands("a -- -q --count b"), ["a", "-q", "--count", "b"]);
});

Deno.test("parseCommandLine() takes a lone dash and words like true for operands", () => {
  assertEquals(operands("-q - true false 1"), ["-", "true", "false", "1"]);
});

Deno.test("parseCommandLine() says which flag stood before an operand", () => {
  assertEquals(parse("-q a b -4 -c3 c").operands, [
    { text: "a", after: "quiet" },
    { text: "b", after: undefined },
    { text: "c", after: undefined },
  ]);
  assertEquals(parse("--quiet a").operands[0]?.after, "quiet");
  assertEquals(parse("-qc3 a").operands[0]?.after, undefined);
  assertEquals(parse("-c3 a").operands[0]?.after, undefined);
  assertEquals(parse("-q -- a").operands[0]?.after, undefined);
});

Deno.test("parseCommandLine() leaves a wrapped command line alone", () => {
  const { options, operands } = parseCommandLine(
    SPECS,
    ["-q", "ping", "-c", "x", "--", "-4"],
    true,
  );
  assertEquals(options.quiet, true);
  assertEquals(operands.map(({ text }) => text), [
    "ping",
    "-c",
    "x",
    "--",
    "-4",
  ]);
});

Deno.test("parseCommandLine() reads durations as milliseconds", () => {
  const cases: [string, number][] = [
    ["200ms", 200],
    ["2s", 2000],
    ["1m", 60_000],
    ["1min", 60_000],
    ["1.5h", 5_400_000],
    ["50us", 0.05],
    ["0.2", 200],
    [".5", 500],
    ["2", 2000],
    ["0", 0],
  ];
  for (const [text, ms] of cases) {
    assertEquals(parse(`-i ${text}`).options.interval, ms, text);
  }
});

Deno.test("parseCommandLine() reads sizes as bytes", () => {
  const cases: [string, number][] = [
    ["1500", 1500],
    ["1k", 1000],
    ["1kB", 1000],
    ["64KiB", 65_536],
    ["1.5Ki", 1536],
    ["56B", 56],
  ];
  for (const [text, bytes] of cases) {
    assertEquals(parse(`-s ${text}`).options.size, bytes, text);
  }
});

Deno.test("parseCommandLine() reads integers in decimal and hexadecimal, and words for them", () => {
  assertEquals(parse("-c 0x9").options.count, 9);
  assertEquals(parse("--rate 0").options.rate, Infinity);
  assertEquals(parse("--rate 5").options.rate, 5);
});

Deno.test("parseCommandLine() reads shares in percent and as numbers, file modes in octal", () => {
  assertEquals(parse("--drop 10%").options.drop, 0.1);
  assertEquals(parse("--drop .25").options.drop, 0.25);
  assertEquals(parse("--drop 100%").options.drop, 1);
  assertEquals(parse("--chmod 0640").options.chmod, 0o640);
});

Deno.test("parseCommandLine() refuses what is no value, and says why", () => {
  const cases: [string, string][] = [
    ["-c x", 'Invalid value "x" for "--count": not a whole number'],
    ["-c 1.5", 'Invalid value "1.5" for "--count": not a whole number'],
    ["-c=", 'Invalid value "" for "--count": not a whole number'],
    ["-c 10", 'Invalid value "10" for "--count": must be 1 to 9'],
    ["-c -1", 'Invalid value "-1" for "--count": must be 1 to 9'],
    ["--rate -1", 'Invalid value "-1" for "--rate": must be at least 1'],
    [
      "-i -1",
      'Invalid value "-1" for "--interval": not a duration, such as 0.5, 200ms or 2s',
    ],
    [
      "-i 5kg",
      'Invalid value "5kg" for "--interval": not a duration, such as 0.5, 200ms or 2s',
    ],
    [
      "-i 3h",
      'Invalid value "3h" for "--interval": must be 10000000ms at most',
    ],
    [
      "-s 1.5",
      'Invalid value "1.5" for "--size": not a number of bytes, such as 1500 or 64KiB',
    ],
    ["-s 70KiB", 'Invalid value "70KiB" for "--size": must be 0 to 70000'],
    ...["10", "101%", "%", "-1%"].map((share): [string, string] => [
      `--drop ${share}`,
      `Invalid value "${share}" for "--drop": not a share from 0 to 1, such as 10% or 0.1`,
    ]),
    ...["9", "1777", "rw", ""].map((mode): [string, string] => [
      `--chmod=${mode}`,
      `Invalid value "${mode}" for "--chmod": not an octal file mode, such as 600`,
    ]),
    ["-M maybe", 'Invalid value "maybe" for "--mode": must be do or want'],
    ["-c", 'Option "-c" needs a value'],
    ["host --count", 'Option "--count" needs a value'],
    ["--quiet=yes", 'Option "--quiet" takes no value'],
    ["-x", 'Unknown option "-x"'],
    ["-qx", 'Unknown option "-x"'],
    ["--cuont=3", 'Unknown option "--cuont"'],
    ["--constructor", 'Unknown option "--constructor"'],
  ];
  for (const [line, message] of cases) {
    const error = assertThrows(() => parse(line), UsageError);
    assertEquals(error.message, message);
  }
});

Deno.test("the short names of ping's options are those of iputils", () => {
  const shorts = Object.entries(PING_OPTIONS)
    .flatMap(([name, spec]) => "short" in spec ? [[spec.short, name]] : []);
  assertEquals(new Set(shorts.map(([short]) => short)).size, shorts.length);
  for (const short of "ciWwstQp46IMlfAODnqvabg") {
    assertEquals(shorts.some(([name]) => name === short), true, short);
  }
});
