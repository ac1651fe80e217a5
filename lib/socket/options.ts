/** Checks of options, the same for every engine. */

/** An option, or a target, has a value that cannot be used. */
export class OptionError extends Error {
  /** The name of the class. */
  override readonly name = "OptionError";
  /** The option's name in the library, such as `intervalMs`. */
  readonly option: string;

  /** For the library's own use; a constructor cannot be hidden. */
  constructor(option: string, message: string) {
    super(message);
    this.option = option;
  }
}

/** @throws {OptionError} when a value is out of its range, or must be whole and is not; undefined always passes */
export function checkNumber(
  option: string,
  value: number | undefined,
  min: number,
  max: number,
  whole: boolean,
): void {
  if (value === undefined) return;
  const fits = value >= min && value <= max &&
    (!whole || Number.isInteger(value));
  if (!fits) {
    throw new OptionError(
      option,
      `Cannot use ${value} as ${option}: not a ${
        whole ? "whole " : ""
      }number from ${min} to ${max}`,
    );
  }
}

/** @throws {OptionError} when a value is none of `choices`; undefined always passes */
export function checkChoice<T>(
  option: string,
  value: T | undefined,
  choices: readonly T[],
): void {
  if (value !== undefined && !choices.includes(value)) {
    throw new OptionError(
      option,
      `Cannot use ${JSON.stringify(value)} as ${option}: ` +
        `not one of ${choices.join(", ")}`,
    );
  }
}
