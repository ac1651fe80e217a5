/** Bytes that are not what their protocol says. The only error that the decoders of `lib/wire` throw. */
export class PacketError extends Error {
  override readonly name = "PacketError";
  /** Where in the input, in bytes from its start, the fault was found. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}
