/** Bytes that notice who reads past their end, and who never stops reading. */

/** A parser read a byte that is not there, or read more often than any parser has cause to. */
export class ReadFault extends Error {
  override readonly name = "ReadFault";
}

/** So often may each byte be read, on average, and so often in any case. */
const READS_A_BYTE = 100;
const READS_ALWAYS = 1000;

/**
 * The bytes behind a proxy that throws a {@linkcode ReadFault} at an index
 * out of bounds, and after too many reads. Its subarrays are guarded, too.
 */
export function guarded(bytes: Uint8Array): Uint8Array {
  const budget = { left: READS_ALWAYS + READS_A_BYTE * bytes.length };
  return guard(bytes, budget);
}

function guard(bytes: Uint8Array, budget: { left: number }): Uint8Array {
  return new Proxy(bytes, {
    get(target, key) {
      if (typeof key === "string" && /^-?\d/.test(key)) {
        return readAt(target, Number(key), budget);
      }
      if (key === "subarray") {
        return (start?: number, end?: number) =>
          guard(target.subarray(start, end), budget);
      }
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function readAt(
  bytes: Uint8Array,
  index: number,
  budget: { left: number },
): number {
  if (!(index >= 0 && index < bytes.length)) {
    throw new ReadFault(`Read byte ${index} of ${bytes.length}`);
  }
  if (--budget.left < 0) throw new ReadFault("Reads on and on");
  return bytes[index]!;
}
