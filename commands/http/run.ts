/** Runs what a command line of http asks for, and tells what happens. */

import type { ByteSink } from "../../lib/http/coding.ts";
import type { HttpEvent } from "../../lib/http/exchange.ts";
import { HttpSession } from "../../lib/http/session.ts";
import type { Exchange, Failure, HttpOptions } from "../../lib/http/types.ts";
import { oneLine } from "../cli/errors.ts";
import type { Context } from "../command.ts";
import { formatMs } from "./bar.ts";
import { type ByteView, HexView, RawView } from "./bytes.ts";
import { BodyFile, readAuthorities, readData } from "./files.ts";
import { exchangeLine, type RepeatSummary, summaryLine } from "./json.ts";
import type { HttpPlan } from "./plan.ts";
import { missedSlo } from "./slo.ts";
import { HttpText } from "./text.ts";

const DEFAULT_INTERVAL_MS = 1000;

/** Asks, once or more often. Returns 0 when every request was answered within its objectives, else 1. */
export async function runHttp(
  plan: HttpPlan,
  context: Context,
): Promise<number> {
  const { values } = plan;
  const authorities = values.cacert === undefined
    ? undefined
    : await readAuthorities(values.cacert, context.signal);
  const options: HttpOptions = {
    ...plan.options,
    headers: await withUserAgent(plan.options.headers ?? []),
    body: await readData(values.data, context.signal),
    authorities,
    signal: context.signal,
  };
  using file = values.output === undefined || values.output === "-"
    ? undefined
    : await BodyFile.open(values.output, context.signal);
  const teller = new Teller(plan, context, file);
  using session = new HttpSession(plan.text, {
    ...options,
    ...(teller.tap === undefined ? {} : { tap: teller.tap }),
  }, (event) => teller.event(event));
  return (values.repeat ?? 1) === 1
    ? await askOnce(session, plan, teller)
    : await askAgain(session, plan, teller, context);
}

async function withUserAgent(headers: NonNullable<HttpOptions["headers"]>) {
  const isGiven = headers.some(({ name }) =>
    name.toLowerCase() === "user-agent"
  );
  if (isGiven) return headers;
  const { programVersion } = await import("../cli/version.ts");
  return [
    { name: "User-Agent", value: `netdiag/${programVersion}` },
    ...headers,
  ];
}

/** Where what is known goes to: the text, JSON, or a line of the user's own. */
class Teller {
  readonly #plan: HttpPlan;
  readonly #context: Context;
  readonly #file: BodyFile | undefined;
  readonly #text: HttpText;
  readonly #bytes: ByteView | undefined;
  /** Nothing but results is wanted: no text. */
  readonly #isQuiet: boolean;
  /** A line an exchange is enough. */
  isBrief = false;
  /** Sees all bytes, where they are to be shown. */
  readonly tap: HttpOptions["tap"];

  constructor(plan: HttpPlan, context: Context, file: BodyFile | undefined) {
    const { values } = plan;
    this.#plan = plan;
    this.#context = context;
    this.#file = file;
    this.#isQuiet = values.json || plan.writeOut !== undefined;
    this.#bytes = values.raw
      ? new RawView()
      : values.hex
      ? new HexView()
      : undefined;
    this.#text = new HttpText({
      isRaw: this.#bytes !== undefined,
      drawn: values.output === "-"
        ? Deno.stderr.isTerminal()
        : Deno.stdout.isTerminal(),
      output: values.output,
      style: context.style,
    });
    this.tap = this.#bytes === undefined
      ? undefined
      : (direction, bytes) => this.print(this.#bytes!.render(direction, bytes));
  }

  /** Text goes where the body does not. */
  print(text: string): void {
    if (this.#isQuiet || text === "") return;
    if (this.#plan.values.output !== "-") this.#context.output.write(text);
    else this.#context.report(text.replace(/\n$/, ""));
  }

  event(event: HttpEvent): void {
    if (!this.isBrief) this.print(this.#text.event(event));
  }

  /** An exchange is over, of which the last one is what was asked for. */
  ended(exchange: Exchange): void {
    if (this.isBrief) return this.print(this.#text.brief(exchange));
    const isKept = this.#file?.isBegun ?? false;
    this.print((this.#bytes?.end() ?? "") + this.#text.end(exchange, isKept));
  }

  /** All is known about one asking. */
  results(exchanges: readonly Exchange[], missed: readonly string[]): void {
    const { values, writeOut } = this.#plan;
    const { output, report } = this.#context;
    const last = exchanges.at(-1)!;
    if (values.json) {
      output.write(exchangeLine(last, exchanges.slice(0, -1), missed));
    }
    if (writeOut !== undefined) {
      const exitStatus = isGood(last) && missed.length === 0 ? 0 : 1;
      const { text: url } = this.#plan;
      const file = values.output;
      output.write(writeOut({ url, exchanges, file, exitStatus }));
    }
    for (const line of missed) report(`netdiag http: ${line}`);
    if (last.error !== undefined) {
      report(`netdiag http: ${oneLine(failureText(last.error))}`);
    }
  }

  json(line: string): void {
    if (this.#plan.values.json) this.#context.output.write(line);
  }

  /** Takes the body that comes now. */
  body(): ByteSink {
    const file = this.#file;
    if (file !== undefined) {
      file.begin();
      return (bytes) => file.write(bytes);
    }
    return this.#plan.values.output === "-"
      ? (bytes) => this.#context.output.writeBytes(bytes)
      : () => {};
  }
}

/** The options that set the limits of what a server answers. */
const LIMITS: Readonly<Record<string, keyof HttpPlan["values"]>> = {
  "header-bytes": "max-header",
  "trailer-bytes": "max-header",
  "header-count": "max-headers",
  "trailer-count": "max-headers",
  "chunk-line-bytes": "max-chunk-line",
  "chunk-extension-bytes": "max-chunk-line",
  "body-bytes": "max-body",
  "bomb": "max-body",
  "too-many-redirects": "max-redirs",
};

/** What failed, and where that was a limit, what allows more. */
function failureText({ code, message }: Failure): string {
  return Object.hasOwn(LIMITS, code)
    ? `${message} (--${LIMITS[code]} allows more)`
    : message;
}

function isGood({ error }: Exchange): boolean {
  return error === undefined;
}

/** One asking, redirects included. */
async function ask(
  session: HttpSession,
  teller: Teller,
): Promise<readonly Exchange[]> {
  const exchanges: Exchange[] = [];
  for await (const exchange of session.run(() => teller.body())) {
    exchanges.push(exchange);
    teller.ended(exchange);
  }
  return exchanges;
}

/** The total of all exchanges. */
function totalOf(exchanges: readonly Exchange[]): number {
  return exchanges.reduce((sum, { phases }) => sum + phases.totalMs, 0);
}

async function askOnce(
  session: HttpSession,
  { slo }: HttpPlan,
  teller: Teller,
): Promise<number> {
  const exchanges = await ask(session, teller);
  const last = exchanges.at(-1)!;
  const missed = missedSlo(slo, last, totalOf(exchanges));
  teller.results(exchanges, missed);
  return isGood(last) && missed.length === 0 ? 0 : 1;
}

async function askAgain(
  session: HttpSession,
  plan: HttpPlan,
  teller: Teller,
  { signal }: Context,
): Promise<number> {
  const { values, slo } = plan;
  const intervalMs = values.interval ?? DEFAULT_INTERVAL_MS;
  const times: number[] = [];
  let requests = 0;
  let status = 0;
  /** Whether every request but the first went over the connection of the one before. */
  let areWarm = true;
  let next = performance.now();
  while (requests < values.repeat! && !signal.aborted) {
    await sleep(next - performance.now(), signal);
    if (signal.aborted) break;
    next = performance.now() + intervalMs;
    if (values.fresh) session.forget();
    const exchanges = await ask(session, teller);
    const last = exchanges.at(-1)!;
    if (last.error?.code === "interrupted") break;
    const missed = missedSlo(slo, last, totalOf(exchanges));
    teller.results(exchanges, missed);
    if (requests > 0) areWarm &&= exchanges[0]!.connection?.reused ?? false;
    requests++;
    teller.isBrief = !values.raw && !values.hex;
    if (isGood(last)) times.push(totalOf(exchanges));
    if (!isGood(last) || missed.length > 0) status = 1;
  }
  const summary = summarise(plan, requests, times);
  teller.print(summaryText(summary, areWarm));
  teller.json(summaryLine(summary));
  return requests === 0 ? 1 : status;
}

function summarise(
  { url }: HttpPlan,
  requests: number,
  [firstMs, ...others]: readonly number[],
): RepeatSummary {
  return {
    type: "summary",
    url: url.text,
    requests,
    answered: others.length + (firstMs === undefined ? 0 : 1),
    firstMs,
    others: others.length === 0 ? undefined : {
      minMs: Math.min(...others),
      avgMs: others.reduce((sum, ms) => sum + ms, 0) / others.length,
      maxMs: Math.max(...others),
    },
  };
}

function summaryText(
  { url, requests, answered, firstMs, others }: RepeatSummary,
  areWarm: boolean,
): string {
  const lines = [
    "",
    `--- ${url} http statistics ---`,
    `${requests} requests, ${answered} answered`,
  ];
  if (firstMs !== undefined) lines.push(`first total ${formatMs(firstMs)} ms`);
  if (others !== undefined) {
    const { minMs, avgMs, maxMs } = others;
    lines.push(
      `${areWarm ? "warm" : "others"} total min/avg/max = ${
        [minMs, avgMs, maxMs].map(formatMs).join("/")
      } ms`,
    );
  }
  return `${lines.join("\n")}\n`;
}

/** Waits, unless the signal ends it. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
