/** Colour, or none. */

/** How a piece of text is to look. */
export interface Style {
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
}

const same = (text: string): string => text;

/** No colour at all. */
export const PLAIN: Style = { good: same, bad: same, warn: same };

/**
 * The style for standard output. `auto` is colour on a terminal. Where the
 * environment has NO_COLOR there is none, whatever else is asked for.
 */
export async function chooseStyle(
  color: "auto" | "always" | "never",
): Promise<Style> {
  const isColored = !Deno.noColor &&
    (color === "always" || color === "auto" && Deno.stdout.isTerminal());
  if (!isColored) return PLAIN;
  const { green, red, yellow } = await import("@std/fmt/colors");
  return { good: green, bad: red, warn: yellow };
}
