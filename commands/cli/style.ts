/** Colour, or none. */

/** How a piece of text is to look. */
export interface Style {
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
}

/** "Select Graphic Rendition" of ECMA-48: the numbers of foreground colours. */
const RED = 31;
const GREEN = 32;
const YELLOW = 33;
const DEFAULT = 39;

const same = (text: string): string => text;

/** No colour at all. */
export const PLAIN: Style = { good: same, bad: same, warn: same };

function colored(color: number): (text: string) => string {
  return (text) => `\x1b[${color}m${text}\x1b[${DEFAULT}m`;
}

/**
 * The style for standard output. `auto` is colour on a terminal, unless the
 * environment has NO_COLOR; `always` overrides that, too.
 */
export function chooseStyle(color: "auto" | "always" | "never"): Style {
  const isColored = color === "always" ||
    color === "auto" && !Deno.noColor && Deno.stdout.isTerminal();
  return isColored
    ? { good: colored(GREEN), bad: colored(RED), warn: colored(YELLOW) }
    : PLAIN;
}
