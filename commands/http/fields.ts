/** Fields as people read them. The library has a character for each of their octets. */

import type { HeaderField } from "../../lib/http/types.ts";
import { oneLine } from "../cli/errors.ts";

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Octets, a character each, as UTF-8 where they are valid UTF-8, else as they are. */
export function octetText(octets: string): string {
  if (!/[\x80-\xff]/.test(octets)) return octets;
  try {
    return UTF8.decode(
      Uint8Array.from(octets, (character) => character.charCodeAt(0)),
    );
  } catch {
    return octets; // it is Latin-1, or nothing in particular
  }
}

/** The same for fields. */
export function fieldTexts(fields: readonly HeaderField[]): HeaderField[] {
  return fields.map(({ name, value }) => ({ name, value: octetText(value) }));
}

/** Octets for a terminal: on one line, with what is invisible, or turns text around, made visible. */
export function visibleText(octets: string): string {
  return oneLine(octetText(octets)).replaceAll(
    /[\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}
