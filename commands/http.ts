/** `netdiag http`: its options, and what a command line needs. */

import { DEFAULT_MAX_DECODED, MAX_MS } from "../lib/http/limits.ts";
import type { Command, OptionSpecs, OptionValues } from "./command.ts";
import { permissionsFor, planHttp } from "./http/plan.ts";

/** The most that a limit may be set to. */
const MAX_BYTES = Number.MAX_SAFE_INTEGER;

/** The options of http. */
export const HTTP_OPTIONS = {
  method: {
    short: "X",
    type: "string",
    value: "METHOD",
    help: "method of the request (GET, or POST with --data)",
  },
  header: {
    short: "H",
    type: "strings",
    value: "FIELD",
    help: "send 'Name: value', in place of a default of that name; " +
      "'Name:' drops the default, 'Name;' sends it empty",
  },
  data: {
    short: "d",
    type: "strings",
    value: "DATA",
    help: "send this body; @FILE is the bytes of a file, @- of standard " +
      "input; several are joined by &",
  },
  head: { short: "I", type: "flag", help: "ask for the header only (HEAD)" },
  location: { short: "L", type: "flag", help: "follow redirects" },
  "max-redirs": {
    type: "integer",
    value: "N",
    min: 0,
    max: 1000,
    help: "redirects that -L follows (20); one more is an error",
  },
  user: {
    short: "u",
    type: "string",
    value: "NAME:PASSWORD",
    help: "Basic authentication; not sent on to other origins",
  },
  output: {
    short: "o",
    type: "string",
    value: "FILE",
    help: "write the body to a file; - is standard output, and then all " +
      "else goes to standard error",
  },
  compressed: {
    type: "flag",
    help: "ask for gzip, deflate or br, and decode it",
  },
  insecure: {
    short: "k",
    type: "flag",
    help: "go on with a certificate that is not to be trusted",
  },
  cacert: {
    type: "string",
    value: "FILE",
    help: "trust the authorities in this file, in PEM",
  },
  resolve: {
    type: "strings",
    value: "HOST:PORT:ADDR",
    help: "use this address for a host and port; * is every host",
  },
  "connect-to": {
    type: "strings",
    value: "H1:P1:H2:P2",
    help: "connect to H2:P2 in place of H1:P1; any may be empty",
  },
  ipv4: { short: "4", type: "flag", help: "use IPv4 only" },
  ipv6: { short: "6", type: "flag", help: "use IPv6 only" },
  "http1.0": { type: "flag", help: "speak HTTP/1.0" },
  unix: {
    type: "string",
    value: "PATH",
    help: "connect to this Unix socket; @NAME is an abstract one",
  },
  raw: {
    type: "flag",
    help: "show all bytes as they go and come, with \\r\\n made visible",
  },
  hex: { type: "flag", help: "show all bytes in hexadecimal" },
  repeat: {
    type: "integer",
    value: "N",
    min: 1,
    max: 1_000_000_000,
    help: "ask N times, on one connection that is kept",
  },
  interval: {
    short: "i",
    type: "duration",
    value: "TIME",
    max: MAX_MS,
    help: "time between the starts of two repeated requests (1s)",
  },
  fresh: { type: "flag", help: "open a new connection for each repetition" },
  timeout: {
    type: "strings",
    value: "[PHASE=]TIME",
    help: "limit of the whole, or of a phase: lookup, connect, tls, request, " +
      "first-byte, transfer; a list is separated by commas; 0 is no limit",
  },
  slo: {
    type: "string",
    value: "LIST",
    help: "exit with 1 when slower, in ms: total=500,ttfb=200; also the " +
      "phases of --timeout",
  },
  "write-out": {
    short: "w",
    type: "string",
    value: "FORMAT",
    help: "print only this, with curl's variables: '%{time_total}\\n', " +
      "and '%header{server}'",
  },
  json: { type: "flag", help: "one JSON object; with --repeat one a line" },
  lenient: {
    type: "flag",
    help: "accept what browsers accept, and tell what is wrong with it",
  },
  "max-body": {
    type: "size",
    value: "BYTES",
    min: 0,
    max: MAX_BYTES,
    help: `longest body (no limit; decoded ${
      DEFAULT_MAX_DECODED / 2 ** 20
    }MiB)`,
  },
  "max-header": {
    type: "size",
    value: "BYTES",
    min: 1,
    max: 2 ** 30,
    help: "longest header (64KiB)",
  },
  "max-headers": {
    type: "integer",
    value: "N",
    min: 0,
    max: 1_000_000,
    help: "most header fields (1000)",
  },
  "max-chunk-line": {
    type: "size",
    value: "BYTES",
    min: 1,
    max: 2 ** 30,
    help: "longest line before a chunk (4KiB)",
  },
} as const satisfies OptionSpecs;

/** What a command line gave for the options of http. */
export type HttpValues = OptionValues<typeof HTTP_OPTIONS>;

/** The `http` command. */
export const http: Command<typeof HTTP_OPTIONS> = {
  name: "http",
  usage: ["[OPTION...] URL"],
  description: [
    "Sends one HTTP/1.1 request and shows the connection (*), the request as " +
    "it was sent (>), the response (<), where the time went, and what is " +
    "unusual or wrong. The body is counted, not shown: -o - prints it. URL is " +
    "http://, https://, or a bare host/path, which means http.",
    "Phases, which add up to the total: lookup (name to addresses), connect " +
    "(TCP, the first of several addresses that answers), tls (handshake), " +
    "request (until the system has all of it), first-byte (from there until " +
    "the first byte of the response), transfer (from there until the last " +
    "one). Added up they are curl's time_namelookup, time_connect, " +
    "time_appconnect, time_posttransfer, time_starttransfer and time_total; " +
    "ttfb is time_starttransfer. What a connection that was kept has no need " +
    "of is 0; one that failed lasts until then.",
    "TIME is 200ms, 2s or 1m; a bare number is seconds. Without --timeout, " +
    "lookup, connect and tls may take 10s each, request 60s, first-byte 30s, " +
    "and a transfer ends when less than 1 KiB comes in 30s.",
    "Exit status: 0 the server answered, whatever the status code; 1 it did " +
    "not, or wrongly, or --slo was missed; 2 http could not run as asked, or " +
    "a name did not resolve.",
  ],
  options: HTTP_OPTIONS,
  examples: [
    {
      line: "http https://example.com/",
      does: "request, response, certificate, timing and findings",
    },
    {
      line: "http -o page.html example.com/index.html",
      does: "the same, and the body in a file",
    },
    {
      line: "http -L -o - http://example.com/ | less",
      does: "the body alone on standard output",
    },
    {
      line: "http --repeat 5 -i 200ms https://example.com/",
      does: "the first request against those on the kept connection",
    },
    {
      line: "http --raw example.com",
      does: "every byte, with line ends made visible",
    },
    {
      line: "http --resolve example.com:443:192.0.2.7 https://example.com/",
      does: "one server of many, with the name and certificate of all",
    },
    {
      line: "http --slo total=500,ttfb=200 https://example.com/",
      does: "exits with 1 when it was slower",
    },
    {
      line: "http -w '%{http_code} %{time_total}\\n' example.com",
      does: "for scripts: one line of your own",
    },
  ],
  async prepare({ options, operands }) {
    const plan = await planHttp(options, operands);
    return {
      permissions: permissionsFor(plan),
      async run(context) {
        const { runHttp } = await import("./http/run.ts");
        return await runHttp(plan, context);
      },
    };
  },
};
