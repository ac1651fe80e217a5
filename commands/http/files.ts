/** Files that a request is made of, and the one that a body goes to. */

import { LimitedBytesTransformStream } from "@std/streams/limited-bytes-transform-stream";
import { abortable } from "../../lib/socket/resolve.ts";
import { UsageError } from "../cli/errors.ts";
import { writeAll } from "../cli/output.ts";
import { DATA_SEPARATOR } from "./plan.ts";

/** The longest body that is sent: it is held in memory. */
const MAX_DATA_BYTES = 2 ** 30;
/** Much more than all authorities that a system trusts. */
const MAX_AUTHORITIES_BYTES = 16 * 2 ** 20;

/**
 * The body that `--data` options make; undefined where there are none.
 *
 * @param signal ends the wait for a pipe or a terminal
 * @throws {UsageError} when a file cannot be read
 */
export async function readData(
  texts: readonly string[],
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  if (texts.length === 0) return undefined;
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (const text of texts) {
    if (parts.length > 0) parts.push(encoder.encode(DATA_SEPARATOR));
    const part = text.startsWith("@")
      ? await readFile("data", text.slice(1), MAX_DATA_BYTES - bytes, signal)
      : encoder.encode(text);
    bytes += part.length;
    if (bytes > MAX_DATA_BYTES) {
      throw new UsageError(`Cannot send more than ${MAX_DATA_BYTES} bytes`);
    }
    parts.push(part);
  }
  if (parts.length === 1) return parts[0];
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}

/** The bytes of a file; `-` is standard input. */
async function readFile(
  option: string,
  path: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  try {
    return await abortable(readAtMost(path, maxBytes), signal);
  } catch (error) {
    if (signal.aborted) {
      throw new UsageError(
        `Interrupted while reading ${JSON.stringify(path)} for "--${option}"`,
      );
    }
    if (error instanceof RangeError) {
      throw new UsageError(
        `Cannot use ${
          JSON.stringify(path)
        } for "--${option}": more than ${maxBytes} bytes`,
      );
    }
    throw unusable("read", option, path, error);
  }
}

/** @throws {RangeError} when there is more, as a device or a pipe may never end */
async function readAtMost(path: string, maxBytes: number): Promise<Uint8Array> {
  const bytes = path === "-"
    ? Deno.stdin.readable
    : (await Deno.open(path)).readable;
  const limit = new LimitedBytesTransformStream(maxBytes, { error: true });
  return await new Response(bytes.pipeThrough(limit)).bytes();
}

/** @throws {UsageError} when the file cannot be read, or has no certificate in it */
export async function readAuthorities(
  path: string,
  signal: AbortSignal,
): Promise<string> {
  const text = new TextDecoder().decode(
    await readFile("cacert", path, MAX_AUTHORITIES_BYTES, signal),
  );
  if (!text.includes("-----BEGIN CERTIFICATE-----")) {
    throw new UsageError(
      `Cannot use ${
        JSON.stringify(path)
      } for "--cacert": no certificate in PEM in it`,
    );
  }
  try {
    Deno.createHttpClient({ caCerts: [text] }).close();
  } catch (error) {
    const reason = (error as Error).message.replace(/^Unable to add .*?: /, "");
    throw new UsageError(
      `Cannot use ${
        JSON.stringify(path)
      } for "--cacert": no valid PEM: ${reason}`,
    );
  }
  return text;
}

/** A file that is written as bytes come. Disposing closes it. */
export class BodyFile implements Disposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;

  /** @throws {UsageError} when it cannot be written */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = Deno.openSync(path, {
        write: true,
        create: true,
        truncate: true,
      });
    } catch (error) {
      throw unusable("write", "output", path, error);
    }
  }

  /** @throws {UsageError} when the disk is full, or the like */
  write(bytes: Uint8Array): void {
    try {
      writeAll(this.#file, bytes);
    } catch (error) {
      throw unusable("write", "output", this.#path, error);
    }
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

function unusable(
  what: string,
  option: string,
  path: string,
  error: unknown,
): unknown {
  if (!(error instanceof Error)) return error;
  const reason = /^Requires all access/.test(error.message)
    ? "a device, and netdiag has given up the permission for those (- is standard input or output)"
    : error.message.replace(/ \(os error \d+\).*/s, "");
  return new UsageError(
    `Cannot ${what} ${JSON.stringify(path)} for "--${option}": ${reason}`,
  );
}
