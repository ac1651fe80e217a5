/** The names of addresses, looked up once each. */

/** Finds the name of an address; undefined when it has none or `signal` aborts first. */
export type Lookup = (
  address: string,
  signal: AbortSignal,
) => Promise<string | undefined>;

/** The longest that one address may hold up the output. */
const WAIT_MS = 1000;
const MAX_NAMES = 1000;

/** Remembers the names of addresses, and that some have none. */
export class Names {
  readonly #lookup: Lookup;
  readonly #signal: AbortSignal;
  readonly #names = new Map<string, string | undefined>();

  /** @param signal ends a lookup that is under way */
  constructor(lookup: Lookup, signal: AbortSignal) {
    this.#lookup = lookup;
    this.#signal = signal;
  }

  /** Whether {@linkcode nameOf} knows about an address. */
  isKnown(address: string): boolean {
    return this.#names.has(address);
  }

  /** The name of an address, if it was {@linkcode find|found}. */
  nameOf(address: string): string | undefined {
    return this.#names.get(address);
  }

  /** Looks a name up, for a second at most. */
  async find(address: string): Promise<void> {
    const signal = AbortSignal.any([
      this.#signal,
      AbortSignal.timeout(WAIT_MS),
    ]);
    const name = await this.#lookup(address, signal).catch(() => undefined);
    if (this.#names.size >= MAX_NAMES) {
      this.#names.delete(this.#names.keys().next().value!);
    }
    this.#names.set(address, name);
  }
}
