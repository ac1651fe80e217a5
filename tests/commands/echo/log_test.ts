import { assert, assertEquals } from "@std/assert";
import { hexdump } from "../../../commands/echo/hexdump.ts";
import {
  isLogged,
  LOG_LEVELS,
  type LogEvent,
  type LogLevel,
} from "../../../commands/echo/log_events.ts";
import { logJson } from "../../../commands/echo/log_json.ts";
import { LogText } from "../../../commands/echo/log_text.ts";
import { PLAIN } from "../../../commands/cli/style.ts";
import { tryIt } from "../../../commands/echo/try_it.ts";

const TIME = 1795244527.317;
const STAMP = "2026-11-21T07:02:07.317Z";
const ENDPOINT = "tcp://127.0.0.1:7007";
const PEER = "127.0.0.1:50000";

const CLOSED = {
  type: "closed",
  connection: 1,
  endpoint: ENDPOINT,
  peer: PEER,
  reason: "end",
  bytesReceived: 1,
  bytesSent: 0,
  reads: 2,
  durationMs: 1.25,
  time: TIME,
} as const satisfies LogEvent;

const DATA = {
  type: "data",
  endpoint: "udp://127.0.0.1:7007",
  peer: PEER,
  data: new TextEncoder().encode("\x1b[31mred"),
  time: TIME,
} as const satisfies LogEvent;

const SUMMARY = {
  type: "summary",
  connections: {
    accepted: 3,
    refused: 1,
    closed: { end: 1, reset: 1 },
    open: 1,
    peak: 2,
  },
  datagrams: { received: 1, sent: 1, ignored: 0, failed: 0 },
  bytesReceived: 12,
  bytesSent: 13,
  durationMs: 2345.6,
  time: TIME,
} as const satisfies LogEvent;

/** One of each kind, with the text of it. */
const CASES: readonly (readonly [LogEvent, string])[] = [
  [
    { type: "listening", endpoint: ENDPOINT, engine: "native", time: TIME },
    `listening on ${ENDPOINT} (native)`,
  ],
  [
    {
      type: "listening",
      endpoint: ENDPOINT,
      engine: "native",
      workers: 4,
      time: TIME,
    },
    `listening on ${ENDPOINT} (native, 4 workers)`,
  ],
  [
    { type: "certificate", sha256: "AB:CD", time: TIME },
    "certificate SHA-256 AB:CD",
  ],
  [
    { type: "lost", lines: 3, time: TIME },
    "lost 3 lines of this log: its reader is too slow",
  ],
  [
    {
      type: "opened",
      connection: 1,
      endpoint: ENDPOINT,
      peer: PEER,
      time: TIME,
    },
    `#1 opened: ${PEER} to ${ENDPOINT}`,
  ],
  [
    { type: "read", connection: 1, bytes: 9, time: TIME },
    "#1 read 9 bytes",
  ],
  [
    {
      type: "read",
      connection: 1,
      bytes: 9,
      frames: 1,
      incompleteBytes: 3,
      time: TIME,
    },
    "#1 read 9 bytes: completes 1 line, 3 bytes of the next so far",
  ],
  [
    {
      type: "read",
      connection: 1,
      bytes: 1,
      frames: 0,
      incompleteBytes: 0,
      time: TIME,
    },
    "#1 read 1 byte: completes 0 lines",
  ],
  [CLOSED, "#1 closed (end): 1 byte in, 0 out, 1.250 ms"],
  [
    { ...CLOSED, reason: "reset", code: "ECONNRESET", message: "Cannot read" },
    "#1 closed (reset): 1 byte in, 0 out, 1.250 ms",
  ],
  [
    {
      ...CLOSED,
      reason: "frame",
      message: "Line is longer than 10 bytes",
      frames: 5,
      durationMs: 61_000,
    },
    "#1 closed (frame): Line is longer than 10 bytes, 1 byte in, 0 out, " +
    "5 lines in 2 reads, 61.000 s",
  ],
  [
    {
      type: "refused",
      endpoint: ENDPOINT,
      reason: "max-connections",
      peer: PEER,
      message: "1024 connections are open",
      time: TIME,
    },
    `refused ${PEER} on ${ENDPOINT}: 1024 connections are open`,
  ],
  [
    {
      type: "ignored",
      endpoint: "udp://127.0.0.1:7007",
      reason: "loop",
      peer: "127.0.0.1:53",
      bytes: 4,
      count: 2,
      time: TIME,
    },
    "ignored (loop) 2 datagrams to udp://127.0.0.1:7007, the last one " +
    "4 bytes from 127.0.0.1:53",
  ],
  [
    {
      type: "error",
      endpoint: "udp://127.0.0.1:7007",
      peer: PEER,
      message: "Cannot send: Connection refused (ECONNREFUSED)",
      count: 3,
      time: TIME,
    },
    `error on udp://127.0.0.1:7007, ${PEER}: Cannot send: Connection refused (ECONNREFUSED) (3 times)`,
  ],
];

const text = new LogText(PLAIN, "line");

Deno.test("LogText.render() has a line with the time for every event", () => {
  for (const [event, line] of CASES) {
    assertEquals(text.render(event), `${STAMP} ${line}\n`);
  }
});

Deno.test("LogText.render() keeps times apart", () => {
  const at = (time: number) =>
    text.render({ type: "lost", lines: 1, time }).slice(0, STAMP.length);
  assertEquals([TIME, TIME + 0.001, TIME].map(at), [
    STAMP,
    "2026-11-21T07:02:07.318Z",
    STAMP,
  ]);
});

Deno.test("LogText.render() shows bytes as a dump, never as they are", () => {
  assertEquals(
    text.render(DATA),
    `${STAMP} ${PEER} to udp://127.0.0.1:7007 8 bytes\n` +
      "00000000  1b 5b 33 31 6d 72 65 64                           |.[31mred|\n",
  );
});

Deno.test("LogText.render() and logJson() let no control character of a peer's through", () => {
  const event: LogEvent = {
    type: "opened",
    connection: 1,
    endpoint: "unix:/tmp/s",
    peer: "@a\x1b[31m\n\x9bb",
    time: TIME,
  };
  assertEquals(
    text.render(event),
    `${STAMP} #1 opened: @a\\x1b[31m \\x9bb to unix:/tmp/s\n`,
  );
  const json = logJson(event);
  // deno-lint-ignore no-control-regex
  assertEquals(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/.test(json), false, json);
  assertEquals(JSON.parse(json), event);
});

Deno.test("LogText.render() sums up", () => {
  assertEquals(
    text.render(SUMMARY),
    "\n--- echo statistics ---\n" +
      "3 connections, at most 2 at one time, 1 refused; 1 end, 1 reset, 1 open\n" +
      "1 datagram received, 1 sent, 0 ignored, 0 failed\n" +
      "12 bytes received, 13 sent, time 2.346 s\n",
  );
});

Deno.test("LogText.render() is for terminals of 80 columns where nothing is wrong", () => {
  const quiet = CASES.map(([event]) => event).filter((event) =>
    event.type === "listening" || event.type === "opened" ||
    event.type === "closed" && event.message === undefined
  );
  assertEquals(quiet.length, 4);
  for (const event of quiet) {
    const line = text.render(event).trimEnd();
    assert(line.length <= 80, line);
  }
});

Deno.test("logJson() has an object a line, its type first, bytes in hexadecimal", () => {
  assertEquals(
    logJson(DATA),
    `{"type":"data","endpoint":"udp://127.0.0.1:7007","peer":"${PEER}","time":${TIME},"hex":"1b5b33316d726564"}\n`,
  );
  for (const [event] of CASES) {
    assertEquals(JSON.parse(logJson(event)), event);
  }
});

Deno.test("isLogged() tells more with each level, and always what the whole server does", () => {
  const types = (level: LogLevel, showsReads = false) => [
    ...new Set(
      [...CASES.map(([event]) => event), DATA, SUMMARY]
        .filter((event) => isLogged(event, level, showsReads))
        .map((event) =>
          event.type === "closed" ? `closed ${event.reason}` : event.type
        ),
    ),
  ];
  const whole = ["listening", "certificate", "lost"];
  const troubles = ["refused", "ignored", "error"];
  const connections = [
    "opened",
    "closed end",
    "closed reset",
    "closed frame",
  ];
  assertEquals(types("none"), [...whole, "summary"]);
  assertEquals(types("error"), [...whole, "error", "summary"]);
  assertEquals(types("warn"), [
    ...whole,
    "closed frame",
    ...troubles,
    "summary",
  ]);
  assertEquals(types("info"), [
    ...whole,
    ...connections,
    ...troubles,
    "data",
    "summary",
  ]);
  assertEquals(types("info", true), types("debug"));
  assertEquals(LOG_LEVELS.map((level) => types(level).length), [5, 8, 12, 13]);
});

Deno.test("hexdump() has 16 bytes a line, as hexdump -C", () => {
  assertEquals(hexdump(new Uint8Array()), "");
  assertEquals(
    hexdump(Uint8Array.from({ length: 18 }, (_, i) => i + 0x6f)),
    "00000000  6f 70 71 72 73 74 75 76  77 78 79 7a 7b 7c 7d 7e  |opqrstuvwxyz{|}~|\n" +
      "00000010  7f 80                                             |..|\n",
  );
});

Deno.test("tryIt() has a command line for each endpoint and mode", () => {
  const cases: [string, Parameters<typeof tryIt>[1], string][] = [
    [ENDPOINT, "echo", `netdiag echo send ${ENDPOINT} hello`],
    ["udp://[::]:7", "hexdump", "netdiag echo send udp://[::1]:7 hello"],
    ["tcp://0.0.0.0:7", "drop", "netdiag echo send tcp://127.0.0.1:7 hello"],
    ["unix:@a", "delay", "netdiag echo send unix:@a hello"],
    [ENDPOINT, "greet", "nc 127.0.0.1 7007"],
    ["udp://[::]:7", "upper", "nc -u ::1 7"],
    ["unix:/s", "daytime", "socat - UNIX-CONNECT:/s"],
    ["unix:@a", "chargen", "socat - ABSTRACT-CONNECT:a"],
    ["unixgram:/s", "discard", "socat - UNIX-SENDTO:/s"],
    ["tls://[::]:1", "echo", "openssl s_client -quiet -connect [::1]:1"],
  ];
  for (const [endpoint, mode, line] of cases) {
    assertEquals(tryIt(endpoint, mode), line);
  }
});
