/** Signals that keys send. */

/** The signals by which users and systems ask a program to do something. */
export interface Signals {
  /** They ask it to stop; each with what a shell reports for a program that it ended. */
  readonly stop: readonly (readonly [Deno.Signal, number])[];
  /** It asks how things are going. */
  readonly status: Deno.Signal;
}

/**
 * The signals of an operating system. Windows has none, but console events, by
 * the names that Deno has for them (ext/signals/dict.rs): Ctrl-C, closing the
 * window, and Ctrl-Break, at which its own ping goes on with a status line,
 * too. Deno before 2.7.6 throws when others are listened for there.
 */
export function signalsOf(os: typeof Deno.build.os = Deno.build.os): Signals {
  return os === "windows"
    ? { stop: [["SIGINT", 130], ["SIGHUP", 129]], status: "SIGBREAK" }
    : { stop: [["SIGINT", 130], ["SIGTERM", 143]], status: "SIGQUIT" };
}

/** Two presses of a key are further apart than this. */
const SAME_KEY_MS = 250;

/**
 * A handler that takes one key press for one. Under `deno task` it arrives
 * twice: from the terminal, and forwarded by the task runner.
 */
export function oncePerKey(handler: () => void): () => void {
  let handledAt = -Infinity;
  return () => {
    const now = performance.now();
    if (now - handledAt < SAME_KEY_MS) return;
    handledAt = now;
    handler();
  };
}
