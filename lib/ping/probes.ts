/** What is known of the probes sent last. */

/** How far a probe has come; every probe ends in one of the states after `IN_FLIGHT`, unless the run ends first. */
export const ProbeState = {
  NONE: 0,
  IN_FLIGHT: 1,
  ANSWERED: 2,
  LATE: 3,
  LOST: 4,
  ERROR: 5,
} as const;

/** One of {@linkcode ProbeState}. */
export type ProbeState = typeof ProbeState[keyof typeof ProbeState];

/** The wire's sequence numbers are 16 bits wide; probes that far apart share one. */
export const SEQUENCES = 0x1_0000;

/**
 * The probes of a run, numbered from 0 without end, of which the last
 * `capacity` are remembered: long after its timeout, a reply still finds its
 * probe. A ring of typed arrays, so that a million probes cost no objects.
 */
export class Probes {
  /** A power of two, at least {@linkcode SEQUENCES}. */
  readonly capacity: number;
  /** The number that the next probe gets. */
  next = 0;
  /** How many are in flight. */
  inFlight = 0;
  readonly #mask: number;
  readonly #target: Int32Array;
  readonly #round: Float64Array;
  readonly #sentAt: Float64Array;
  readonly #stampedAt: Float64Array;
  readonly #state: Uint8Array;
  readonly #reported: Uint8Array;
  #oldest = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#mask = capacity - 1;
    this.#target = new Int32Array(capacity);
    this.#round = new Float64Array(capacity);
    this.#sentAt = new Float64Array(capacity);
    this.#stampedAt = new Float64Array(capacity);
    this.#state = new Uint8Array(capacity);
    this.#reported = new Uint8Array(capacity);
  }

  /** The 16-bit sequence number that a probe carries: 1 for the first, as in ping. */
  static sequence(number: number): number {
    return (number + 1) % SEQUENCES;
  }

  /** Whether the place of the next probe is taken by one still in flight. */
  get isFull(): boolean {
    return this.#state[this.next & this.#mask] === ProbeState.IN_FLIGHT;
  }

  /** Numbers a probe to a target, its `round`-th from 0; it counts once {@linkcode send} is called. */
  add(target: number, round: number): number {
    const number = this.next++;
    const slot = number & this.#mask;
    this.#target[slot] = target;
    this.#round[slot] = round;
    this.#state[slot] = ProbeState.NONE;
    this.#reported[slot] = 0;
    return number;
  }

  /** Notes that a probe was sent, at a monotonic time in milliseconds. */
  send(number: number, at: number): void {
    const slot = number & this.#mask;
    this.#sentAt[slot] = at;
    this.#stampedAt[slot] = NaN;
    this.#state[slot] = ProbeState.IN_FLIGHT;
    this.inFlight++;
  }

  /** Whether a probe of this number was sent and is still remembered. */
  has(number: number): boolean {
    return number >= 0 && number < this.next &&
      number >= this.next - this.capacity &&
      this.#state[number & this.#mask] !== ProbeState.NONE;
  }

  /** Index of the target. */
  target(number: number): number {
    return this.#target[number & this.#mask]!;
  }

  /** Which probe to its target this is, from 0. */
  round(number: number): number {
    return this.#round[number & this.#mask]!;
  }

  /** When the program sent it: monotonic, in milliseconds. */
  sentAt(number: number): number {
    return this.#sentAt[number & this.#mask]!;
  }

  /** When the kernel sent it; `NaN` where it did not say. */
  stampedAt(number: number): number {
    return this.#stampedAt[number & this.#mask]!;
  }

  /** Notes when the kernel sent a probe. */
  stamp(number: number, at: number): void {
    if (this.has(number)) this.#stampedAt[number & this.#mask] = at;
  }

  /** The state of a probe that {@linkcode has} knows. */
  state(number: number): ProbeState {
    return this.#state[number & this.#mask] as ProbeState;
  }

  /** Notes that a probe in flight was reported as undeliverable, and is waited for nevertheless. */
  report(number: number): void {
    this.#reported[number & this.#mask] = 1;
  }

  /** Whether a probe was {@linkcode report|reported} as undeliverable. */
  isReported(number: number): boolean {
    return this.#reported[number & this.#mask] === 1;
  }

  /** Moves a probe to another state. */
  end(number: number, state: ProbeState): void {
    const slot = number & this.#mask;
    if (this.#state[slot] === ProbeState.IN_FLIGHT) this.inFlight--;
    this.#state[slot] = state;
  }

  /** The probe in flight that was sent first; undefined where none is. */
  oldestInFlight(): number | undefined {
    if (this.inFlight === 0) return undefined;
    this.#oldest = Math.max(this.#oldest, this.next - this.capacity);
    while (
      this.#state[this.#oldest & this.#mask] !== ProbeState.IN_FLIGHT
    ) this.#oldest++;
    return this.#oldest;
  }

  /** The numbers of the remembered probes with a 16-bit sequence number, the latest first. */
  *withSequence(sequence: number): Generator<number> {
    const latest = this.next - 1;
    const distance = (Probes.sequence(latest) - sequence + SEQUENCES) %
      SEQUENCES;
    for (
      let number = latest - distance;
      number >= 0 && number >= this.next - this.capacity;
      number -= SEQUENCES
    ) if (this.has(number)) yield number;
  }
}
