/** Text as bytes, and bytes as text, in the encodings of `--encoding`. */

import { UsageError } from "../cli/errors.ts";

/** Their names. */
export const ENCODINGS = [
  "utf-8",
  "gbk",
  "gb18030",
  "hex",
  "base64",
] as const;

/** One of their names. */
export type EncodingName = typeof ENCODINGS[number];

/** Both ways of one encoding. */
export interface Encoding {
  /** @throws {UsageError} when the text has no bytes in this encoding */
  encode(text: string): Uint8Array<ArrayBuffer>;
  /** What bytes mean; those that mean nothing become U+FFFD. */
  decode(bytes: Uint8Array): string;
}

/** The encoding with a name. The library for Chinese ones is loaded only then. */
export async function openEncoding(name: EncodingName): Promise<Encoding> {
  switch (name) {
    case "utf-8":
      return UTF_8;
    case "hex":
      return HEX;
    case "base64":
      return BASE64;
    case "gbk":
    case "gb18030":
      return await openChinese(name);
  }
}

const UTF_8: Encoding = {
  encode: (text) => new TextEncoder().encode(text),
  decode: (bytes) =>
    new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes),
};

const HEX: Encoding = {
  encode: (text) =>
    parsing(
      text,
      "hex: two digits a byte, such as 48656c6c6f",
      () => Uint8Array.fromHex(text.replaceAll(/[\s:]/g, "")),
    ),
  decode: (bytes) => bytes.toHex(),
};

const BASE64: Encoding = {
  encode: (text) => parsing(text, "base64", () => Uint8Array.fromBase64(text)),
  decode: (bytes) => bytes.toBase64(),
};

function parsing(
  text: string,
  what: string,
  parse: () => Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UsageError(`Cannot read ${JSON.stringify(text)} as ${what}`);
  }
}

async function openChinese(name: "gbk" | "gb18030"): Promise<Encoding> {
  const { default: iconv } = await import("iconv-lite");
  return {
    encode(text) {
      const bytes = Uint8Array.from(iconv.encode(text, name));
      const isWhole = iconv.decode(bytes, name) === text;
      if (isWhole) return bytes;
      const lost = [...text].find((character) =>
        iconv.decode(iconv.encode(character, name), name) !== character
      );
      throw new UsageError(
        `Cannot write ${JSON.stringify(lost ?? text)} in ${name}` +
          (name === "gbk" ? ": gb18030 has every character" : ""),
      );
    },
    decode: (bytes) => iconv.decode(bytes, name),
  };
}
