/** Events as lines of JSON. */

/** One event on a line of its own, its type first. */
export function jsonLine(event: { readonly type: string }): string {
  const { type, ...fields } = event;
  return `${JSON.stringify({ type, ...fields })}\n`;
}
