/** Connecting to a host that has several addresses: Happy Eyeballs (RFC 8305). */

import { systemWords } from "../os/errno.ts";

/** The time between the starts of two attempts while none has failed (RFC 8305 section 5). */
export const ATTEMPT_DELAY_MS = 250;

/** What became of one attempt. */
export interface Attempt {
  /** In text, an IPv6 zone included; the host itself where only Deno knows its addresses. */
  readonly address: string;
  /** When it began, in milliseconds after the first attempt. */
  readonly startMs: number;
  /** How long it took; for an abandoned one, until another one won. */
  readonly durationMs: number;
  /** Abandoned: another one won, or all were given up. */
  readonly outcome: "connected" | "failed" | "abandoned";
  /** Why it failed. */
  readonly reason?: string;
}

/** The connection that won, and how it came about. */
export interface Race<T> {
  readonly winner: T;
  /** When it was there, in milliseconds after the first attempt began. */
  readonly connectedMs: number;
  /** In the order in which they began. */
  readonly attempts: readonly Attempt[];
}

/** Every attempt failed. */
export class ConnectError extends Error {
  /** The name of the class. */
  override readonly name = "ConnectError";
  /** In the order in which they began. */
  readonly attempts: readonly Attempt[];

  /** For the library's own use; a constructor cannot be hidden. */
  constructor(attempts: readonly Attempt[], cause: unknown) {
    super(attempts.map(describeFailure).join("; "), { cause });
    this.attempts = attempts;
  }
}

/** All attempts were given up; {@linkcode AbandonedError.cause} is the reason of the signal that said so. */
export class AbandonedError extends Error {
  /** The name of the class. */
  override readonly name = "AbandonedError";
  /** In the order in which they began. */
  readonly attempts: readonly Attempt[];

  /** For the library's own use; a constructor cannot be hidden. */
  constructor(attempts: readonly Attempt[], cause: unknown) {
    super("All attempts to connect were given up", { cause });
    this.attempts = attempts;
  }
}

function describeFailure({ address, outcome, reason }: Attempt): string {
  return `${address}: ${reason ?? outcome}`;
}

/** Addresses with their families in turns, beginning with the family of the first one (RFC 8305 section 4). */
export function interleave<A extends { readonly family: number }>(
  addresses: readonly A[],
): A[] {
  const preferred = addresses.filter(({ family }) =>
    family === addresses[0]?.family
  );
  const others = addresses.filter(({ family }) =>
    family !== addresses[0]?.family
  );
  const turns: A[] = [];
  for (let i = 0; i < Math.max(preferred.length, others.length); i++) {
    turns.push(...preferred.slice(i, i + 1), ...others.slice(i, i + 1));
  }
  return turns;
}

/** How to run a race. */
export interface RaceOptions<T> {
  /** Connects to one address; gives up when `signal` aborts. */
  readonly connect: (address: string, signal: AbortSignal) => Promise<T>;
  /** Closes a connection that came too late. */
  readonly close: (connection: T) => void;
  /** Gives up all attempts. */
  readonly signal: AbortSignal;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

interface Runner {
  readonly address: string;
  readonly startMs: number;
  readonly abort: AbortController;
  attempt?: Attempt;
}

/**
 * Connects to the first address that answers. The next attempt begins as soon
 * as one fails, or {@linkcode ATTEMPT_DELAY_MS} after the last one began;
 * whoever connects first ends the others.
 *
 * @param addresses at least one, in the order in which to try them
 * @throws {ConnectError} when none could be connected to
 * @throws {AbandonedError} when the signal aborts meanwhile
 */
export async function race<T>(
  addresses: readonly string[],
  { connect, close, signal, now }: RaceOptions<T>,
): Promise<Race<T>> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Race<T>>();
  const startedAt = now();
  const elapsed = () => now() - startedAt;
  const runners: Runner[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;

  const settle = (
    runner: Runner,
    outcome: Attempt["outcome"],
    reason?: string,
  ) => {
    runner.attempt ??= {
      address: runner.address,
      startMs: runner.startMs,
      durationMs: elapsed() - runner.startMs,
      outcome,
      ...(reason === undefined ? {} : { reason }),
    };
  };
  const end = () => {
    isOver = true;
    clearTimeout(timer);
    signal.removeEventListener("abort", giveUp);
    for (const runner of runners) {
      settle(runner, "abandoned");
      runner.abort.abort();
    }
    return runners.map(({ attempt }) => attempt!);
  };
  const giveUp = () => {
    reject(new AbandonedError(end(), signal.reason));
  };
  const startNext = () => {
    clearTimeout(timer);
    const address = addresses[runners.length];
    if (address === undefined) return;
    const runner: Runner = {
      address,
      startMs: elapsed(),
      abort: new AbortController(),
    };
    runners.push(runner);
    connect(address, runner.abort.signal).then(
      (winner) => {
        if (isOver) return close(winner);
        const connectedMs = elapsed();
        settle(runner, "connected");
        resolve({ winner, connectedMs, attempts: end() });
      },
      (error) => {
        if (isOver) return;
        settle(runner, "failed", reasonOf(error));
        startNext();
        if (runners.every(({ attempt }) => attempt !== undefined)) {
          reject(new ConnectError(end(), error));
        }
      },
    );
    if (runners.length < addresses.length) {
      timer = setTimeout(startNext, ATTEMPT_DELAY_MS);
    }
  };
  signal.addEventListener("abort", giveUp);
  startNext();
  return await promise;
}

function reasonOf(error: unknown): string {
  return systemWords(error instanceof Error ? error.message : String(error));
}
