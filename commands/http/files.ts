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

/**
 * The file that a body goes to. It is open before anything is sent, as it may
 * turn out that it cannot be; what is in it is replaced when the body comes.
 * Disposing closes it, and removes it where it was made for a body that never
 * came.
 */
export class BodyFile implements Disposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #isNew: boolean;
  /** It may have to wait for its reader. */
  readonly #isPipe: boolean;
  #isBegun = false;

  private constructor(path: string, file: Deno.FsFile, isNew: boolean) {
    this.#path = path;
    this.#file = file;
    this.#isNew = isNew;
    this.#isPipe = !hasPosition(file);
  }

  /**
   * @param signal ends the wait for the reader of a pipe
   * @throws {UsageError} when it cannot be written
   */
  static async open(path: string, signal: AbortSignal): Promise<BodyFile> {
    try {
      const file = await createNew(path);
      return file === undefined
        ? new BodyFile(path, await openExisting(path, signal), false)
        : new BodyFile(path, file, true);
    } catch (error) {
      if (signal.aborted) {
        throw new UsageError(
          `Interrupted while opening ${JSON.stringify(path)} for "--output"`,
        );
      }
      throw unusable("write", "output", path, error);
    }
  }

  /** Whether it has the body, or the part of it that came. */
  get isBegun(): boolean {
    return this.#isBegun;
  }

  /** The body comes now. */
  begin(): void {
    this.#isBegun = true;
    if (!this.#isPipe) empty(this.#file);
  }

  /**
   * Writes some of the body. What it returns is to be awaited: a pipe may have
   * to wait for its reader.
   *
   * @throws {UsageError} when the disk is full, or the like
   */
  write(bytes: Uint8Array): void | Promise<void> {
    if (this.#isPipe) return this.#writePipe(bytes);
    try {
      writeAll(this.#file, bytes);
    } catch (error) {
      throw unusable("write", "output", this.#path, error);
    }
  }

  async #writePipe(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) {
        at += await this.#file.write(bytes.subarray(at));
      }
    } catch (error) {
      throw unusable("write", "output", this.#path, error);
    }
  }

  [Symbol.dispose](): void {
    const isUnused = this.#isNew && !this.#isBegun;
    this.#file.close();
    if (isUnused) Deno.removeSync(this.#path);
  }
}

/** Whether it is no pipe or terminal: lseek(2). To ask what it is takes the permission to read it. */
function hasPosition(file: Deno.FsFile): boolean {
  try {
    file.seekSync(0, Deno.SeekMode.Current);
    return true;
  } catch {
    return false;
  }
}

/** Takes everything out of a file, and nothing out of a device: ftruncate(2). */
function empty(file: Deno.FsFile): void {
  try {
    file.truncateSync();
  } catch (error) {
    if ((error as { code?: string }).code !== "EINVAL") throw error;
  }
}

/** Undefined where there is something of that name. */
async function createNew(path: string): Promise<Deno.FsFile | undefined> {
  try {
    return await Deno.open(path, { write: true, createNew: true });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return undefined;
    throw error;
  }
}

/** A pipe opens when it has a reader. */
async function openExisting(
  path: string,
  signal: AbortSignal,
): Promise<Deno.FsFile> {
  signal.throwIfAborted();
  // What a symbolic link leads to may have to be made.
  return await abortable(
    Deno.open(path, { write: true, create: true }),
    signal,
  );
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
