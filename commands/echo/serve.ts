/** `netdiag echo serve`: an echo server, and what its command line needs. */

import { type Endpoint, parseEndpoint } from "../../lib/socket/endpoint.ts";
import { UsageError } from "../cli/errors.ts";
import type { Command, Operand, Permission, Permissions } from "../command.ts";
import { credentialsPermissions, credentialsSource } from "./credentials.ts";
import { LogFile } from "./log_file.ts";
import {
  logOptions,
  SERVE_OPTIONS,
  serverOptions,
  type ServeValues,
} from "./serve_options.ts";
import type { ServePlan } from "./serve_run.ts";
import { isShared } from "./workers.ts";

/** What it listens on when nothing else is said. */
const DEFAULT_ENDPOINTS = ["tcp://127.0.0.1:7007", "udp://127.0.0.1:7007"];

/** Where netdiag's modules are; undefined where they are not files. */
const ROOT = import.meta.dirname?.replace(/[/\\]commands[/\\]echo$/, "");

/** The `echo serve` command. */
export const serve: Command<typeof SERVE_OPTIONS> = {
  name: "echo serve",
  usage: ["[OPTION...] [ENDPOINT...]"],
  description: [
    "Serves echo: what a client sends comes back, over TCP, UDP, TLS and Unix " +
    "sockets. Without an ENDPOINT it listens on TCP and UDP, 127.0.0.1:7007. " +
    "Ctrl-C stops it: what is queued is sent, then the summary printed; a " +
    "second Ctrl-C ends it at once.",
    "ENDPOINT is tcp://HOST:PORT (or HOST:PORT), udp://HOST:PORT, " +
    "tls://HOST:PORT, unix:/PATH (stream), unixgram:/PATH, or unix:@NAME " +
    "(abstract). Port 0 lets the system choose one. :PORT is every address of " +
    "this machine, IPv4 and IPv6. An IPv6 address stands in brackets.",
    "--mode: echo sends back what came (RFC 862); discard says nothing " +
    "(863); chargen sends characters without end, or some for a datagram " +
    "(864); daytime says the time and closes (867); upper answers in ASCII " +
    "capitals; greet says --message and closes; hexdump is echo with every " +
    "byte in the log; delay and drop are bad servers to try clients on: " +
    "--delay late, or silent about --rate of the messages.",
    "The log has a line for every event; -q, -v and --log-level choose " +
    "which. It never holds up the server: lines that nobody reads in time " +
    "are dropped, and their number logged.",
    "TCP ports are taken with SO_REUSEADDR: a server can start again at " +
    "once, while connections of the one before it are in TIME-WAIT. Two " +
    "servers still cannot listen on one port; --workers can, since they ask " +
    "for SO_REUSEPORT, and the system spreads what arrives over them.",
    "A Unix socket's file that nobody listens on is removed first, and its " +
    "own one at the end. TIME is 200ms, 2s or 1m; BYTES is 1500, 64KiB or 10MB.",
    "Exit status: 0 stopped by Ctrl-C or SIGTERM, 1 a worker died, 2 could " +
    "not listen, or not run as asked.",
  ],
  options: SERVE_OPTIONS,
  examples: [
    { line: "echo", does: "TCP and UDP on 127.0.0.1:7007" },
    {
      line: "echo tcp://:7007 udp://:7007",
      does: "on every address of this machine",
    },
    {
      line: "echo -m hexdump unix:/tmp/echo.sock --socket-mode 600",
      does: "see every byte that a client sends",
    },
    {
      line: "echo --frame line -v tcp://127.0.0.1:7007",
      does: "how do lines arrive? reads against messages",
    },
    {
      line: "echo -m drop --rate 10% udp://127.0.0.1:7007",
      does: "does a client ask again?",
    },
    {
      line: "echo tls://:7443 --self-signed --save-cert cert.pem",
      does: "TLS with a certificate for this run",
    },
    {
      line: "echo --workers 4 --log echo.log --json tcp://:7007",
      does: "four threads, the log in files that stay small",
    },
  ],
  prepare({ options, operands }) {
    const plan = planServer(options, operands);
    return {
      permissions: permissionsFor(plan),
      async run(context) {
        const { runServer } = await import("./serve_run.ts");
        return await runServer(plan, context);
      },
    };
  },
  remedy(error) {
    if (error.name !== "SystemError") return "";
    const { code, message } = error as Error & { code: string };
    const remedies = /listen on unix/.test(message) ? ON_UNIX : ON_PORTS;
    return remedies[code] ?? "";
  },
};

/** What helps where the system refuses to listen, by its code. */
const ON_PORTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "; choose another port, or 0 for any that is free",
  EADDRNOTAVAIL: "; choose an address of this machine, or :PORT for all",
  EACCES: "; ports below 1024 are for root",
};
const ON_UNIX: Readonly<Record<string, string>> = {
  EADDRINUSE: "; somebody listens there, or the file is no socket",
  ENOENT: "; its folder must exist",
  EACCES: "; choose a folder that you may write to",
};

function isSocketFile(endpoint: Endpoint): boolean {
  return "path" in endpoint && !endpoint.path.startsWith("@");
}

/** @throws {UsageError} when the command line cannot be used as given */
function planServer(
  options: ServeValues,
  operands: readonly Operand[],
): ServePlan {
  const texts = operands.length === 0
    ? DEFAULT_ENDPOINTS
    : operands.map(({ text }) => text);
  const endpoints = texts.map(parseEndpoint);
  const { workers, engine } = options;
  if (workers !== undefined) {
    if (engine === "deno") {
      throw new UsageError(
        'Options "--workers" and "--engine deno" exclude each other',
      );
    }
    if (!endpoints.some(isShared)) {
      throw new UsageError(
        'Option "--workers" needs a tcp:// or udp:// endpoint to share',
      );
    }
  }
  if (
    options["socket-mode"] !== undefined &&
    !endpoints.some(isSocketFile)
  ) {
    throw new UsageError(
      'Option "--socket-mode" goes with a unix:/PATH or unixgram:/PATH endpoint only',
    );
  }
  return {
    endpoints,
    options: serverOptions(options),
    credentials: credentialsSource(endpoints, options),
    log: logOptions(options),
    workers,
  };
}

function permissionsFor(plan: ServePlan): Permissions {
  const { endpoints, options, credentials, log, workers } = plan;
  const required = endpoints.flatMap((endpoint): Permission[] => {
    if ("path" in endpoint) return readWrite(endpoint.path);
    // Workers share the port that the first one was given.
    const isAnyPort = workers !== undefined && endpoint.port === 0;
    return [{
      name: "net",
      host: endpoint.host || "::",
      ...(isAnyPort ? {} : { port: endpoint.port }),
    }];
  });
  if (credentials !== undefined) {
    required.push(...credentialsPermissions(credentials));
  }
  if (log.file !== undefined) {
    const { path, keep } = log.file;
    required.push(...LogFile.paths(path, keep).flatMap(readWrite));
  }
  if (workers !== undefined && ROOT !== undefined) {
    // Deno reads the modules of a worker anew, with the permissions of the program.
    required.push({ name: "read", path: ROOT });
  }
  const ffi = { name: "ffi" } as const;
  if (workers !== undefined || takesNative(plan)) {
    return { required: [...required, ffi], optional: [] };
  }
  if (endpoints.some(isUnix)) {
    // Deno 2.9 wants net for them, too, and 2.6 knows no narrower flag for that.
    return { required: [...required, { name: "net" }], optional: [] };
  }
  const answersDatagrams = options.mode !== "discard" &&
    endpoints.some(({ transport }) => transport === "udp");
  const isNative = options.engine !== "deno" && Deno.build.os === "linux";
  return {
    required,
    // Deno's own sockets want net for each client that they answer.
    advised: !answersDatagrams ? [] : isNative ? [ffi] : [{ name: "net" }],
    optional: options.engine === "deno" ? [] : [ffi],
  };
}

/** Whether something is asked for that Deno's own sockets have not, or not with these permissions. */
function takesNative({ endpoints, options }: ServePlan): boolean {
  const { engine = "auto", sendBuffer, receiveBuffer, ipv6Only } = options;
  if (engine !== "auto") return engine === "native";
  return sendBuffer !== undefined || receiveBuffer !== undefined ||
    ipv6Only === true ||
    Deno.build.os === "linux" && endpoints.some(isUnix);
}

function isUnix({ transport }: Endpoint): boolean {
  return transport === "unix" || transport === "unixgram";
}

function readWrite(path: string): Permission[] {
  return [{ name: "read", path }, { name: "write", path }];
}
