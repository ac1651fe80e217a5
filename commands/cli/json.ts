/** Events as lines of JSON. */

/** One event on a line of its own, in which nothing is left for a terminal to obey or hide. */
export function jsonLine(event: { readonly type: string }): string {
  return `${escapeUnseen(JSON.stringify(event))}\n`;
}

/** A text in quotes, likewise. */
export function quoted(text: string): string {
  return escapeUnseen(JSON.stringify(text));
}

/** JSON leaves DEL, the C1 controls and what directs the flow of text as they are. */
function escapeUnseen(json: string): string {
  return json.replaceAll(
    /[\x7f-\x9f\p{Cf}\u2028\u2029]/gu,
    (character) =>
      Array.from(
        { length: character.length },
        (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`,
      ).join(""),
  );
}
