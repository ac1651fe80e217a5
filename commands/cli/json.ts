/** Events as lines of JSON. */

/** One event on a line of its own. */
export function jsonLine(event: { readonly type: string }): string {
  return `${escapeControls(JSON.stringify(event))}\n`;
}

/** JSON leaves DEL and the C1 controls as they are, which terminals obey. */
function escapeControls(text: string): string {
  return text.replaceAll(
    /[\x7f-\x9f]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );
}
