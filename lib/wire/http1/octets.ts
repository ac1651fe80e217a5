/** Classes of octets (RFC 9110, section 5), and octets as text. */

export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COLON = 0x3a;

function table(test: (octet: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, octet) => Number(test(octet)));
}

/** 1 for the octets of a token: RFC 9110, section 5.6.2. */
export const TOKEN = table((octet) =>
  /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(octet))
);

/** 1 for the octets that a field value and a reason phrase may have: HTAB, SP, VCHAR and obs-text. */
export const FIELD = table((octet) =>
  octet === HTAB || (octet >= SP && octet !== 0x7f)
);

/** The value of a hexadecimal digit, or 255. */
export const HEX = Uint8Array.from({ length: 256 }, (_, octet) => {
  const digit = "0123456789abcdef".indexOf(
    String.fromCharCode(octet).toLowerCase(),
  );
  return digit < 0 ? 255 : digit;
});

export function isBlank(octet: number | undefined): boolean {
  return octet === SP || octet === HTAB;
}

const ASCII = new TextDecoder();

/** Octets that are known to be below 128, as text. */
export function asciiText(bytes: Uint8Array): string {
  return ASCII.decode(bytes);
}

/** Each octet as the character of that number. `TextDecoder` cannot: its Latin-1 is Windows-1252. */
export function latin1Text(
  bytes: Uint8Array,
  start: number,
  end: number,
): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}

const QUOTED_CHARACTERS = 60;

/** Text between quotation marks, on one line, cut where it is long. */
export function quote(text: string): string {
  return text.length <= QUOTED_CHARACTERS
    ? escaped(text)
    : `${escaped(text.slice(0, QUOTED_CHARACTERS))}...`;
}

/** Octets as {@linkcode quote} shows them; of many, only those that are shown are looked at. */
export function quoteOctets(
  bytes: Uint8Array,
  start: number,
  end: number,
): string {
  const shownEnd = Math.min(end, start + QUOTED_CHARACTERS + 1);
  return quote(latin1Text(bytes, start, shownEnd));
}

function escaped(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\x7f-\xa0\xad]/g,
    (character) =>
      `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** An octet by its name or number, for messages. */
export function octetName(octet: number): string {
  return octet === 0
    ? "NUL"
    : octet === LF
    ? "LF"
    : octet === CR
    ? "CR"
    : octet === SP
    ? "a space"
    : octet > SP && octet < 0x7f
    ? `"${String.fromCharCode(octet)}"`
    : `0x${octet.toString(16).padStart(2, "0")}`;
}
