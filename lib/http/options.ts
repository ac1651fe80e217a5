/** Checks of options before anything is opened or sent. */

import { checkChoice, checkNumber, OptionError } from "../socket/options.ts";
import { DEFAULT_LIMITS, type ParserOptions } from "../wire/http1/parser.ts";
import { MAX_MS } from "./limits.ts";
import type { HttpOptions } from "./types.ts";

/** @throws {OptionError} when an option has a value that cannot be used */
export function checkOptions(options: HttpOptions): void {
  const { body, user } = options;
  if (body !== undefined && !(body instanceof Uint8Array)) {
    throw new OptionError(
      "body",
      `Cannot use a ${typeof body} as body: not a Uint8Array`,
    );
  }
  if (user?.name.includes(":")) {
    throw new OptionError(
      "user",
      `Cannot use ${
        JSON.stringify(user.name)
      } as user.name: it must not contain ":" (RFC 7617, section 2)`,
    );
  }
  checkChoice("version", options.version, ["1.1", "1.0"]);
  checkChoice("family", options.family, [4, 6]);
  checkNumber("maxRedirects", options.maxRedirects, 0, 1000, true);
  checkNumber("maxHeaderBytes", options.maxHeaderBytes, 1, 2 ** 30, true);
  checkNumber("maxHeaders", options.maxHeaders, 0, 1_000_000, true);
  checkNumber("maxChunkLine", options.maxChunkLine, 1, 2 ** 30, true);
  checkNumber("maxBody", options.maxBody, 0, Number.MAX_SAFE_INTEGER, true);
  checkNumber("slowMs", options.slowMs, 0, MAX_MS, false);
  for (const [phase, ms] of Object.entries(options.timeouts ?? {})) {
    checkNumber(`timeouts.${phase}`, ms, 0, MAX_MS, false);
  }
}

/** The parser's part of the options. */
export function parserOptions(
  options: HttpOptions,
  method: string,
): ParserOptions {
  return {
    method,
    lenient: options.lenient ?? false,
    maxHeaderBytes: options.maxHeaderBytes ?? DEFAULT_LIMITS.maxHeaderBytes,
    maxHeaders: options.maxHeaders ?? DEFAULT_LIMITS.maxHeaders,
    maxChunkLine: options.maxChunkLine ?? DEFAULT_LIMITS.maxChunkLine,
    maxBody: options.maxBody ?? DEFAULT_LIMITS.maxBody,
  };
}
