/**
 * Tokens, quoted strings, and the lists and parameters made of them: RFC 9110,
 * section 5.6. In one pass and without regular expressions, whose stack a long
 * enough field would exceed.
 */

import { isBlank, TOKEN } from "./octets.ts";

const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Without white space at its ends, which is SP and HTAB: RFC 9110, section 5.6.3. `trim()` takes NBSP too, which others do not. */
export function trimmed(text: string): string {
  let end = text.length;
  while (end > 0 && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(Math.min(blanksEnd(text, 0), end), end);
}

/** Where the white space that begins at `at`, if any does, ends. */
function blanksEnd(text: string, at: number): number {
  while (isBlank(text.charCodeAt(at))) at++;
  return at;
}

/** Where the token that begins at `at`, if one does, ends. */
export function tokenEnd(text: string, at: number): number {
  while (TOKEN[text.charCodeAt(at)] === 1) at++;
  return at;
}

/** Past the quoted string that begins at `at`; undefined where it does not end. */
function quotedEnd(text: string, at: number): number | undefined {
  while (++at < text.length) {
    const octet = text.charCodeAt(at);
    if (octet === QUOTE) return at + 1;
    if (octet === BACKSLASH) at++;
  }
  return undefined;
}

/** The items of a list, without empty ones and without regard to commas in quoted strings: RFC 9110, section 5.6.1. */
export function listItems(text: string): string[] {
  const items: string[] = [];
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    const octet = text.charCodeAt(at);
    if (octet === QUOTE) at = (quotedEnd(text, at) ?? text.length) - 1;
    else if (octet === COMMA || at === text.length) {
      const item = trimmed(text.slice(start, at));
      if (item !== "") items.push(item);
      start = at + 1;
    }
  }
  return items;
}

/**
 * Whether a text is parameters from `from` on, and nothing else: any number of
 * `;name=value`, with white space between the parts.
 *
 * @param isBareAllowed takes `;name` as well, as chunk extensions do: RFC 9112, section 7.1.1
 */
export function areParameters(
  text: string,
  from: number,
  isBareAllowed: boolean,
): boolean {
  for (let at = from; at < text.length;) {
    at = blanksEnd(text, at);
    if (text.charCodeAt(at) !== SEMICOLON) return false;
    const name = blanksEnd(text, at + 1);
    at = tokenEnd(text, name);
    if (at === name) return false;
    const equals = blanksEnd(text, at);
    if (text.charCodeAt(equals) !== EQUALS) {
      if (!isBareAllowed) return false;
      continue;
    }
    const value = blanksEnd(text, equals + 1);
    const end = text.charCodeAt(value) === QUOTE
      ? quotedEnd(text, value)
      : tokenEnd(text, value);
    if (end === undefined || end === value) return false;
    at = end;
  }
  return true;
}
