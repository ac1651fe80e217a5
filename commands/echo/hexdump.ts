/** Bytes as `hexdump -C` shows them. */

const WIDTH = 16;

/** A line for every 16 bytes: offset, hexadecimal in two groups, printable ASCII. Each ends with a line feed. */
export function hexdump(bytes: Uint8Array): string {
  let text = "";
  for (let offset = 0; offset < bytes.length; offset += WIDTH) {
    text += dumpLine(offset, bytes.subarray(offset, offset + WIDTH));
  }
  return text;
}

function dumpLine(offset: number, bytes: Uint8Array): string {
  let hex = "";
  let ascii = "";
  for (let i = 0; i < WIDTH; i++) {
    if (i === WIDTH / 2) hex += " ";
    const byte = bytes[i];
    if (byte === undefined) {
      hex += "   ";
      continue;
    }
    hex += ` ${byte.toString(16).padStart(2, "0")}`;
    ascii += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".";
  }
  return `${offset.toString(16).padStart(8, "0")} ${hex}  |${ascii}|\n`;
}
