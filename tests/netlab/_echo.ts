/** `netdiag echo` in a lab, its log read as JSON, and clients in Python. */

import type { LabProcess } from "./process.ts";
import type { Lab } from "./topology.ts";

/** One line of the log. */
export type LogLine =
  & { readonly type: string }
  & Readonly<
    // deno-lint-ignore no-explicit-any
    Record<string, any>
  >;

/** How to start a server. */
export interface EchoOptions {
  readonly engine: "native" | "deno";
  readonly endpoints: readonly string[];
  /** More options of the command line. */
  readonly args?: readonly string[];
  /** What runs the program: `prlimit --nofile=128`. */
  readonly under?: readonly string[];
}

/** A server that listens. Disposing of it kills it. */
export class EchoServerProcess implements AsyncDisposable {
  readonly process: LabProcess;
  readonly endpoints: readonly string[];

  private constructor(process: LabProcess, endpoints: readonly string[]) {
    this.process = process;
    this.endpoints = endpoints;
  }

  /** Resolves when it listens. */
  static async start(
    lab: Lab,
    host: string,
    { engine, endpoints, args = [], under = [] }: EchoOptions,
  ): Promise<EchoServerProcess> {
    const command = ["echo", "--json", "--engine", engine, ...args];
    const process = await lab.spawn(host, [
      ...under,
      ...lab.netdiag([...command, ...endpoints]),
    ]);
    const texts: string[] = [];
    await process.line((line) => {
      const event: LogLine = JSON.parse(line);
      if (event.type === "listening") texts.push(event["endpoint"]);
      return texts.length === endpoints.length;
    });
    return new EchoServerProcess(process, texts);
  }

  port(i = 0): string {
    return /:(\d+)$/.exec(this.endpoints[i]!)![1]!;
  }

  /** The first event that is accepted, as soon as there is one. */
  async event(accept: (event: LogLine) => boolean): Promise<LogLine> {
    return JSON.parse(
      await this.process.line((line) => accept(JSON.parse(line))),
    );
  }

  /** Ends it as Ctrl-C does; returns every event, the summary last. */
  async stop(): Promise<{ events: LogLine[]; summary: LogLine }> {
    this.process.kill("SIGINT");
    const { code, stdout, stderr } = await this.process.finish();
    const events = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    const summary = events.at(-1);
    if (code !== 0 || stderr !== "" || summary?.type !== "summary") {
      throw new Error(`The server ended with ${code}: ${stderr}${stdout}`);
    }
    return { events, summary };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}

/** What every script begins with. */
const PRELUDE = `
import hashlib, os, select, socket, struct, sys, threading, time
def connect(port, host="127.0.0.1"):
    return socket.create_connection((host, int(port)), timeout=30)
def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
def receive(connection, length):
    data = b""
    while len(data) < length:
        piece = connection.recv(length - len(data))
        if not piece: break
        data += piece
    return data
def say(*words):
    print(*words, flush=True)
`;

/** Starts a Python script that ends when its standard input does; its arguments are in `sys.argv[1:]`. */
export async function python(
  lab: Lab,
  host: string,
  script: string,
  ...args: readonly string[]
): Promise<LabProcess> {
  return await lab.spawn(host, ["python3", "-c", PRELUDE + script, ...args], {
    holdStdin: true,
  });
}

/** Runs a Python script to its end, which has to be a good one; returns what it printed. */
export async function runPython(
  lab: Lab,
  host: string,
  script: string,
  ...args: readonly string[]
): Promise<string> {
  const command = ["python3", "-c", PRELUDE + script, ...args];
  const { code, stdout, stderr } = await lab.run(host, command);
  if (code !== 0) throw new Error(`Python ended with ${code}: ${stderr}`);
  return stdout.trimEnd();
}
