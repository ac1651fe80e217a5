/** Exchanges as JSON. */

import type { Exchange, InterimResponse } from "../../lib/http/types.ts";
import { cumulative } from "../../lib/http/phases.ts";
import { fieldTexts, octetText } from "./fields.ts";

/** An exchange on a line of its own, with those before it that redirected to it. Times have microseconds. */
export function exchangeLine(
  exchange: Exchange,
  redirects: readonly Exchange[],
  missed: readonly string[],
): string {
  const { type, ...rest } = plain(exchange);
  return line({
    type,
    ...rest,
    ...(missed.length > 0 ? { sloMissed: missed } : {}),
    ...(redirects.length > 0 ? { redirects: redirects.map(plain) } : {}),
  });
}

/** What all repetitions amount to. */
export interface RepeatSummary {
  readonly type: "summary";
  readonly url: string;
  readonly requests: number;
  readonly answered: number;
  /** The first one that was answered. */
  readonly firstMs: number | undefined;
  /** Those after the first. */
  readonly others:
    | { readonly minMs: number; readonly avgMs: number; readonly maxMs: number }
    | undefined;
}

/** The summary on a line of its own. */
export function summaryLine(summary: RepeatSummary): string {
  return line(summary);
}

function plain(exchange: Exchange) {
  const { attempts, ...rest } = exchange;
  const { connection, request, response } = exchange;
  const { totalMs: _, ...sums } = cumulative(exchange);
  return {
    ...rest,
    request: request === undefined ? undefined : {
      ...request,
      headers: fieldTexts(request.headers),
      head: octetText(request.head),
    },
    response: response === undefined ? undefined : {
      ...response,
      ...texts(response),
      trailers: fieldTexts(response.trailers),
      interim: response.interim.map((interim) => ({
        ...interim,
        ...texts(interim),
      })),
    },
    connection: connection === undefined && attempts.length === 0
      ? undefined
      : { ...connection, attempts },
    cumulative: sums,
  };
}

function texts({ reason, headers }: InterimResponse) {
  return { reason: octetText(reason), headers: fieldTexts(headers) };
}

/** Times have a name that ends with `Ms`. */
function line(value: object): string {
  const text = JSON.stringify(
    value,
    (key, item) =>
      typeof item === "number" && key.endsWith("Ms") && !key.startsWith("valid")
        ? Math.round(item * 1000) / 1000
        : item,
  );
  return `${text}\n`;
}
