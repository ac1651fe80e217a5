/** Signals that keys send. */

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
