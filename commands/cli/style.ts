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
 * The style for standard output. `auto` is colour on a terminal, unless the
 * environment has NO_COLOR.
 */
export async function chooseStyle(
  color: "auto" | "always" | "never",
): Promise<Style> {
  const colored = color === "always" ||
    color === "auto" && !Deno.noColor && Deno.stdout.isTerminal();
  if (!colored) return PLAIN;
  const colors = await import("@std/fmt/colors");
  colors.setColorEnabled(true);
  return { good: colors.green, bad: colors.red, warn: colors.yellow };
}
