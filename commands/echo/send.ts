/** `netdiag echo send`: messages to an echo server, and what its command line needs. */

import { parseEndpoint } from "../../lib/socket/endpoint.ts";
import { UsageError } from "../cli/errors.ts";
import type { Command } from "../command.ts";
import { clientPermissions } from "./client_permissions.ts";
import { checkOptions, SEND_OPTIONS } from "./send_options.ts";

/** The `echo send` command. */
export const send: Command<typeof SEND_OPTIONS> = {
  name: "echo send",
  usage: ["[OPTION...] ENDPOINT [MESSAGE|-]"],
  description: [
    "Sends messages to an echo server, waits for the answers, compares each " +
    "byte, and prints the times as ping does. Where an answer differs, it " +
    "says at which byte, and from what.",
    "ENDPOINT is tcp://HOST:PORT (or HOST:PORT), udp://HOST:PORT, " +
    "tls://HOST:PORT, unix:/PATH (stream), unixgram:/PATH, or unix:@NAME " +
    "(abstract). Messages to a stream go over one connection.",
    "MESSAGE is sent as it is, without a line feed; - is standard input. " +
    "Without it, messages are made up: they carry a number, so that " +
    "datagrams that are lost, doubled or out of order are told as such. A " +
    "datagram with a MESSAGE has no number, so the next one waits until the " +
    "one before is answered or lost.",
    "Standard input of more than 64 KiB goes over a stream as it comes, once, " +
    "and is compared while it does, however long it is.",
    "TIME is 200ms, 2s or 1m; a bare number is seconds.",
    "Exit status: 0 everything came back as it was sent, 1 something did not " +
    "(lost, different, refused, closed early), 2 it could not run as asked.",
  ],
  options: SEND_OPTIONS,
  examples: [
    {
      line: "echo send tcp://127.0.0.1:7007 hello",
      does: "one message, its time and its answer",
    },
    {
      line: "echo send -c 3 udp://127.0.0.1:7007",
      does: "three datagrams, then the summary",
    },
    {
      line: "echo send --frame line --split 2 tcp://127.0.0.1:7007 hello",
      does: "one line in three writes: does the server put it together?",
    },
    {
      line: "echo send -e gbk tcp://127.0.0.1:7007 你好",
      does: "text in the bytes of another encoding",
    },
    {
      line: "echo send -e hex udp://127.0.0.1:7007 'de ad be ef'",
      does: "bytes that are no text",
    },
    {
      line: "echo send unix:/tmp/echo.sock - < file",
      does: "a file through one connection, every byte compared",
    },
  ],
  prepare({ options, operands }) {
    const [where, what, ...others] = operands.map(({ text }) => text);
    if (where === undefined) {
      throw new UsageError(
        'Endpoint required, as in "netdiag echo send tcp://127.0.0.1:7007"',
      );
    }
    if (others.length > 0) {
      throw new UsageError(
        `Unexpected argument ${JSON.stringify(others[0])}: ` +
          "a MESSAGE of several words stands in quotes",
      );
    }
    const endpoint = parseEndpoint(where);
    checkOptions(options, endpoint, what);
    return {
      permissions: clientPermissions(endpoint, options),
      async run(context) {
        const { sendMessages } = await import("./send_run.ts");
        return await sendMessages(endpoint, what, options, context);
      },
    };
  },
};
