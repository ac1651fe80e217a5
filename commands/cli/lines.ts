/** Lines of a text that is read as it comes. */

import { LimitedBytesTransformStream } from "@std/streams/limited-bytes-transform-stream";
import { TextLineStream } from "@std/streams/text-line-stream";

/**
 * The lines of a stream of bytes in UTF-8.
 *
 * @throws {RangeError} when there are more than `maxBytes`
 */
export function readLines(
  input: ReadableStream<Uint8Array<ArrayBuffer>>,
  maxBytes: number,
): ReadableStream<string> {
  return input
    .pipeThrough(new LimitedBytesTransformStream(maxBytes, { error: true }))
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
}
