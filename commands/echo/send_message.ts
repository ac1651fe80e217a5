/** What `netdiag echo send` is to send: MESSAGE, or standard input. */

import type { Endpoint } from "../../lib/socket/endpoint.ts";
import { systemReason, UsageError } from "../cli/errors.ts";
import type { Encoding } from "./encodings.ts";
import type { SendValues } from "./send_options.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Standard input is one message up to this length, and beyond it a stream; no datagram is longer. */
const MAX_INPUT_MESSAGE = 65_536;
/** What one read takes. */
const READ_BYTES = 1 << 18;
/** What has a meaning for messages, not for a stream of bytes. */
const MESSAGE_OPTIONS = [
  "count",
  "interval",
  "frame",
  "split",
  "coalesce",
] as const;

/** Standard input, or a test's own. */
export interface Input {
  read(buffer: Bytes): Promise<number | null>;
}

/** What to send. */
export interface Outgoing {
  readonly message?: Bytes;
  readonly input?: ReadableStream<Bytes>;
  /** Bytes of `input` that have been read so far. */
  readonly bytesRead?: () => number;
}

/**
 * Finds what to send; undefined where `signal` aborted before that was known.
 *
 * @param text MESSAGE; `-` is `input`
 * @throws {UsageError} when it cannot be sent
 */
export async function outgoing(
  text: string | undefined,
  encoding: Encoding,
  endpoint: Endpoint,
  values: SendValues,
  input: Input,
  signal: AbortSignal,
): Promise<Outgoing | undefined> {
  if (text === undefined) return {};
  if (text !== "-") return { message: encoding.encode(text) };
  // A pipe may stay silent for ever; the program ends, and the reading with it.
  const aborted = Promise.withResolvers<undefined>();
  signal.addEventListener("abort", () => aborted.resolve(undefined));
  const found = await Promise.race([fromInput(input), aborted.promise]);
  if (found?.input !== undefined) checkStream(endpoint, values);
  return found;
}

function checkStream({ transport }: Endpoint, values: SendValues): void {
  if (transport === "udp" || transport === "unixgram") {
    throw new UsageError(
      `Standard input has more than the ${MAX_INPUT_MESSAGE} bytes that one datagram may have`,
    );
  }
  const misplaced = MESSAGE_OPTIONS.find((name) => values[name] !== undefined);
  if (misplaced !== undefined) {
    throw new UsageError(
      `Option "--${misplaced}" is for messages, and standard input of more ` +
        `than ${MAX_INPUT_MESSAGE} bytes is sent as a stream`,
    );
  }
}

async function fromInput(input: Input): Promise<Outgoing> {
  const buffer = new Uint8Array(READ_BYTES);
  const chunks: Bytes[] = [];
  let bytesRead = 0;
  const read = async (): Promise<Bytes | undefined> => {
    const count = await readInto(buffer, input);
    if (count === null) return undefined;
    bytesRead += count;
    return buffer.slice(0, count);
  };
  while (bytesRead <= MAX_INPUT_MESSAGE) {
    const chunk = await read();
    if (chunk === undefined) return { message: await new Blob(chunks).bytes() };
    chunks.push(chunk);
  }
  return {
    bytesRead: () => bytesRead,
    input: new ReadableStream<Bytes>({
      async pull(controller) {
        const chunk = chunks.shift() ?? await read();
        if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
      },
    }, { highWaterMark: 1 }),
  };
}

async function readInto(buffer: Bytes, input: Input): Promise<number | null> {
  try {
    return await input.read(buffer);
  } catch (error) {
    throw new UsageError(`Cannot read standard input: ${systemReason(error)}`);
  }
}
