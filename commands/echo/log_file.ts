/** A log file that is never larger than it may be. */

import { systemReason, UsageError } from "../cli/errors.ts";
import { writeAll } from "../cli/output.ts";

/**
 * Appends lines to a file. Before it grows beyond `maxBytes` it becomes
 * `FILE.1`, that one `FILE.2`, and so on to `FILE.keep`; the oldest is
 * overwritten.
 */
export class LogFile implements Disposable {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #keep: number;
  readonly #report: (message: string) => void;
  readonly #encoder = new TextEncoder();
  #file: Deno.FsFile | undefined;
  #bytes = 0;
  #hasFailed = false;

  /**
   * @param keep how many older files there may be
   * @param report learns the first time that lines could not be written
   * @throws {UsageError} when the file cannot be opened
   */
  constructor(
    path: string,
    maxBytes: number,
    keep: number,
    report: (message: string) => void,
  ) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#keep = keep;
    this.#report = report;
    try {
      this.#open();
    } catch (error) {
      throw new UsageError(this.#describe(error));
    }
  }

  #describe(error: unknown): string {
    return `Cannot write log ${JSON.stringify(this.#path)}: ` +
      systemReason(error);
  }

  /** The names that a log has over time, the current one first. */
  static paths(path: string, keep: number): string[] {
    return [
      path,
      ...Array.from({ length: keep }, (_, i) => `${path}.${i + 1}`),
    ];
  }

  /** Appends whole lines. What cannot be written is dropped; later lines are tried again. */
  write(text: string): void {
    try {
      let bytes = this.#encoder.encode(text);
      while (bytes.length > 0) {
        const taken = this.#fitting(bytes);
        if (taken === 0) this.#rotate();
        else this.#append(bytes.subarray(0, taken));
        bytes = bytes.subarray(taken);
      }
    } catch (error) {
      if (this.#hasFailed) return;
      this.#hasFailed = true;
      this.#report(`${this.#describe(error)}; lines are missing there`);
    }
  }

  /** How many bytes of whole lines the file has room for. A line that is too long for any file gets one of its own. */
  #fitting(bytes: Uint8Array): number {
    const room = this.#maxBytes - this.#bytes;
    if (bytes.length <= room) return bytes.length;
    const end = room <= 0 ? 0 : bytes.lastIndexOf(0x0a, room - 1) + 1;
    return end > 0 || this.#bytes > 0 ? end : bytes.indexOf(0x0a) + 1;
  }

  #append(bytes: Uint8Array): void {
    this.#open();
    try {
      writeAll(this.#file!, bytes);
      this.#bytes += bytes.length;
    } catch (error) {
      // No half lines: the file ends where it ended before.
      if (this.#file!.statSync().size > this.#bytes) {
        this.#file!.truncateSync(this.#bytes);
      }
      throw error;
    }
  }

  #open(): void {
    if (this.#file !== undefined) return;
    this.#file = Deno.openSync(this.#path, { append: true, create: true });
    this.#bytes = this.#file.statSync().size;
  }

  #rotate(): void {
    this[Symbol.dispose]();
    const paths = LogFile.paths(this.#path, this.#keep);
    for (let i = paths.length - 1; i > 0; i--) {
      try {
        Deno.renameSync(paths[i - 1]!, paths[i]!);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    if (this.#keep === 0) Deno.truncateSync(this.#path);
    this.#open();
  }

  [Symbol.dispose](): void {
    this.#file?.close();
    this.#file = undefined;
  }
}
