/** Events as lines of JSON. */

/** One event on a line of its own. */
export function jsonLine(event: { readonly type: string }): string {
  return `${JSON.stringify(event)}\n`;
}
