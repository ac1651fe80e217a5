import { assertEquals } from "@std/assert";
import {
  SendText,
  type SendTextOptions,
} from "../../../commands/echo/send_text.ts";
import { PLAIN } from "../../../commands/cli/style.ts";
import type {
  EchoProbeEvent,
  EchoProbeReply,
  EchoProbeSummary,
} from "../../../lib/echo/probe_types.ts";

const FROM = "127.0.0.1:7007";
const START: EchoProbeEvent = {
  type: "start",
  endpoint: "tcp://localhost:7007",
  address: FROM,
  engine: "native",
  size: 5,
  connectMs: 0.1234,
  time: 0,
};
const REPLY: EchoProbeReply = {
  type: "reply",
  sequence: 1,
  from: FROM,
  bytes: 5,
  rttMs: 0.0432,
  time: 0,
};
const SUMMARY: EchoProbeSummary = {
  type: "summary",
  endpoint: "tcp://localhost:7007",
  transmitted: 3,
  answered: 3,
  late: 0,
  lost: 0,
  errors: 0,
  inFlight: 0,
  duplicates: 0,
  reordered: 0,
  mismatched: 0,
  lossPercent: 0,
  unexpectedBytes: 0,
  bytesSent: 15,
  bytesReceived: 15,
  durationMs: 2000.5,
  sendingMs: 2000.2,
};

/** Everything that a run prints; what goes to standard error begins with `! `. */
function told(
  events: readonly EchoProbeEvent[],
  options: Partial<SendTextOptions> = {},
): string {
  const text = new SendText({
    endpoint: "tcp://localhost:7007",
    quiet: false,
    isTransfer: false,
    isBinary: false,
    decode: (bytes) => new TextDecoder().decode(bytes),
    style: PLAIN,
    ...options,
  });
  return events.map((event) => {
    const { output = "", report } = text.render(event);
    return output + (report === undefined ? "" : `! ${report}\n`);
  }).join("");
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

Deno.test("SendText prints ping's lines", () => {
  assertEquals(
    told([START, REPLY, { ...REPLY, sequence: 2, rttMs: 12.34 }, SUMMARY]),
    `ECHO tcp://localhost:7007 (127.0.0.1:7007): 5 bytes, connected in 0.123 ms
5 bytes from 127.0.0.1:7007: seq=1 time=0.043 ms
5 bytes from 127.0.0.1:7007: seq=2 time=12.3 ms

--- tcp://localhost:7007 echo statistics ---
3 messages transmitted, 3 received, 0% loss, time 2000ms
`,
  );
});

Deno.test("SendText says an address once", () => {
  assertEquals(
    told([{
      type: "start",
      endpoint: "udp://127.0.0.1:7007",
      address: FROM,
      engine: "deno",
      size: 5,
      time: 0,
    }], { endpoint: "udp://127.0.0.1:7007" }),
    "ECHO udp://127.0.0.1:7007: 5 bytes\n",
  );
});

Deno.test("SendText shows an answer's text, and hides nothing in it", () => {
  const shown = (data: string, options?: Partial<SendTextOptions>) =>
    told([{ ...REPLY, data: bytes(data) }], options)
      .replace(/^.* ms /, "").trimEnd();
  assertEquals(shown("hello"), '"hello"');
  assertEquals(shown('a"b\r\n\x1b[2J'), '"a\\"b\\r\\n\\u001b[2J"');
  assertEquals(
    shown("\x7f\x9b\u202e\u2028"),
    '"\\u007f\\u009b\\u202e\\u2028"',
  );
  assertEquals(shown("x".repeat(300)), `"${"x".repeat(200)}"...`);
  assertEquals(
    shown("hi", { isBinary: true, decode: (b) => b.toHex() }),
    "6869",
  );
});

Deno.test("SendText marks what is odd about an answer", () => {
  const line = "5 bytes from 127.0.0.1:7007: seq=1 time=0.043 ms";
  assertEquals(told([{ ...REPLY, type: "late" }]), `${line} (late)\n`);
  assertEquals(told([{ ...REPLY, type: "duplicate" }]), `${line} (DUP!)\n`);
  assertEquals(
    told([{ ...REPLY, reordered: true }]),
    `${line} (reordered)\n`,
  );
  for (
    const [mismatch, text] of [
      [
        { offset: 2, expected: 0x68, actual: 0x48, differing: 3 },
        "wrong data byte #2 should be 0x68 (h) but was 0x48 (H), 3 bytes differ",
      ],
      [
        { offset: 0, expected: 0, actual: 0x7f, differing: 1 },
        "wrong data byte #0 should be 0x00 but was 0x7f, 1 byte differs",
      ],
      [
        { offset: 5, expected: -1, actual: 1, differing: 2 },
        "wrong data: 2 bytes added from byte #5 on",
      ],
      [
        { offset: 3, expected: 1, actual: -1, differing: 1 },
        "wrong data: 1 byte missing from byte #3 on",
      ],
    ] as const
  ) {
    assertEquals(told([{ ...REPLY, mismatch }]), `${line}\n${text}\n`);
  }
});

Deno.test("SendText tells what did not come back", () => {
  const closed = {
    type: "closed",
    from: FROM,
    sequence: 2,
    replyBytes: 3,
    expectedBytes: 56,
    time: 0,
  } as const;
  const mismatch = { offset: 0, expected: 1, actual: 2, differing: 3 };
  const { sequence: _, ...between } = closed;
  for (
    const [event, text] of [
      [{ type: "lost", sequence: 4, time: 0 }, "no answer to seq=4"],
      [
        {
          type: "error",
          sequence: 4,
          message: "Connection refused",
          code: "ECONNREFUSED",
          time: 0,
        },
        "seq=4 Connection refused (ECONNREFUSED)",
      ],
      [
        closed,
        "! netdiag echo send: 127.0.0.1:7007 closed the connection: " +
        "3 of 56 bytes of the answer to seq=2 had come",
      ],
      [
        {
          ...closed,
          message: "Connection reset by peer",
          code: "ECONNRESET",
          mismatch,
        },
        "! netdiag echo send: 127.0.0.1:7007 closed the connection, " +
        "Connection reset by peer (ECONNRESET): 3 of 56 bytes of the answer " +
        "to seq=2 had come, wrong data byte #0 should be 0x01 but was 0x02, " +
        "3 bytes differ",
      ],
      [
        between,
        "! netdiag echo send: 127.0.0.1:7007 closed the connection: " +
        "everything until then was answered",
      ],
      [
        {
          type: "unexpected",
          from: FROM,
          bytes: 70,
          data: bytes("220 ready"),
          time: 0,
        },
        '70 bytes from 127.0.0.1:7007 that answer nothing: "220 ready"...',
      ],
    ] as [EchoProbeEvent, string][]
  ) {
    assertEquals(told([event]), `${text}\n`);
  }
});

Deno.test("SendText tells in one line that there is no connection", () => {
  const error: EchoProbeEvent = {
    type: "error",
    message: "Connection refused",
    code: "ECONNREFUSED",
    time: 0,
  };
  assertEquals(
    told([error, { ...SUMMARY, transmitted: 0 }]),
    "! netdiag echo send: Cannot connect to tcp://localhost:7007: " +
      "Connection refused (ECONNREFUSED)\n",
  );
});

Deno.test("SendText sums up everything that went wrong", () => {
  const { lossPercent: _, ...summary } = SUMMARY;
  const last = (event: Partial<EchoProbeSummary>) =>
    told([START, { ...summary, ...event }]).split("\n").slice(3, -1);
  assertEquals(
    last({
      transmitted: 10,
      answered: 4,
      late: 1,
      lost: 2,
      errors: 1,
      inFlight: 2,
      duplicates: 3,
      reordered: 1,
      mismatched: 1,
      unexpectedBytes: 7,
      lossPercent: 37.5,
    }),
    [
      "10 messages transmitted, 5 received, +3 duplicates, +1 different, " +
      "+1 errors, +7 unexpected bytes, 37.5% loss, time 2000ms",
      "1 late, 1 reordered, 3 duplicates, 2 still in flight",
    ],
  );
  assertEquals(last({ transmitted: 1, answered: 0, inFlight: 1 }), [
    "1 messages transmitted, 0 received, time 2000ms",
    "1 still in flight",
  ]);
});

Deno.test("SendText is quiet about all but the beginning, the end, and why it came", () => {
  const lost: EchoProbeEvent = { type: "lost", sequence: 2, time: 0 };
  assertEquals(
    told([START, REPLY, lost, SUMMARY], { quiet: true }),
    told([START, SUMMARY]),
  );
});

Deno.test("SendText tells of standard input in one line", () => {
  const { size: _, ...start } = START as Extract<
    EchoProbeEvent,
    { type: "start" }
  >;
  const reply = { ...REPLY, bytes: 123_456_789, rttMs: 100 };
  assertEquals(
    told([start, reply, {
      ...SUMMARY,
      bytesSent: 123_456_789,
      bytesReceived: 123_456_789,
      durationMs: 100,
    }], { isTransfer: true }),
    `ECHO tcp://localhost:7007 (127.0.0.1:7007): standard input, connected in 0.123 ms
123456789 bytes from 127.0.0.1:7007: time=100 ms, 1235 MB/s, every byte as it was sent

--- tcp://localhost:7007 echo statistics ---
123456789 bytes transmitted, 123456789 received, time 100ms
`,
  );
});
