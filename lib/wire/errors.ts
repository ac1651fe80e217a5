/** Bytes that are not what their protocol says. The only error that the decoders of `lib/wire` throw. */
export class PacketError extends Error {
  /** Always `PacketError`. */
  override readonly name = "PacketError";
  /** Where in the input, in bytes from its start, the fault was found. */
  readonly offset: number;

  /** A fault found at `offset`, described by `message`. */
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}
