/** How a failure becomes one line on standard error. */

/** A command line that cannot be used as given. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

/** A word that should name something, and does not. */
export class UnknownNameError extends UsageError {
  override readonly name = "UnknownNameError";
  readonly word: string;
  /** What it may have been meant for. */
  readonly candidates: readonly string[];
  /** What to do when no candidate is near. */
  readonly hint: string;

  constructor(
    what: string,
    word: string,
    candidates: readonly string[],
    hint: string,
  ) {
    super(`Unknown ${what} ${JSON.stringify(word)}`);
    this.word = word;
    this.candidates = candidates;
    this.hint = hint;
  }
}

/** Results could not be written. */
export class OutputError extends Error {
  override readonly name = "OutputError";

  constructor(cause: unknown) {
    super(`Cannot write the results: ${systemReason(cause)}`, { cause });
  }
}

/** The system's words for what went wrong with a file: `No such file or directory`. */
export function systemReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/ \(os .*$/s, "");
}

/**
 * Errors that are thrown to tell the user something, by class name, so that no
 * engine has to be loaded to recognise its errors.
 */
const EXPECTED: ReadonlySet<string> = new Set([
  "AddressError",
  "EndpointError",
  "HttpRequestError",
  "IcmpUnavailableError",
  // Deno's own; it names the flag.
  "NotCapable",
  "OptionError",
  "OutputError",
  "PermissionError",
  "ResolutionError",
  "SystemError",
  "UnsupportedError",
  "UrlError",
  "UsageError",
]);

/**
 * What went wrong, in one line. An error that nobody throws on purpose is a
 * bug, and the line says so; its stack comes with `debug`.
 *
 * @param remedy what the command has to offer, of which the engines know nothing
 */
export async function describeError(
  error: unknown,
  debug: boolean,
  remedy: (error: Error) => string = () => "",
): Promise<string> {
  if (error instanceof UnknownNameError) {
    const { nearest } = await import("./suggest.ts");
    const name = nearest(error.word, error.candidates);
    return `${error.message}: ` +
      (name === undefined ? error.hint : `did you mean "${name}"?`);
  }
  if (error instanceof Error && EXPECTED.has(error.name)) {
    return oneLine(error.message + remedy(error));
  }
  if (debug && error instanceof Error) return error.stack ?? String(error);
  return `Internal error, please report it: ${oneLine(String(error))}`;
}

/** A text on one line, with every other control character made visible: what is printed may come from anywhere. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, " ").replaceAll(
    // deno-lint-ignore no-control-regex
    /[\x00-\x1f\x7f-\x9f]/g,
    (character) =>
      `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
