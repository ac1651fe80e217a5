/** What options may be at the most, and are by default; each written once. */

/** The largest payload, in bytes: a 65,535-byte IPv4 packet less its two headers. */
export const MAX_SIZE = 65_507;
/** Payload bytes, as in ping. */
export const DEFAULT_SIZE = 56;
/** The most targets of one {@linkcode pingMany} run: a /12 of IPv4. */
export const MAX_TARGETS = 2 ** 20;
/** Bytes of a fill pattern, as in ping. */
export const MAX_PATTERN_BYTES = 16;
/** Probes that may be preloaded: one for each sequence number. */
export const MAX_PRELOAD = 65_536;
/** Probes to one target, or times that it is asked again. */
export const MAX_COUNT = Number.MAX_SAFE_INTEGER;
/** Durations in milliseconds: 24 days, the longest that a timer of Deno takes. */
export const MAX_MS = 2 ** 31 - 1;
/** Milliseconds between two probes to one target. */
export const DEFAULT_INTERVAL_MS = 1000;
/** Milliseconds that {@linkcode ping} waits for an answer, as in ping. */
export const DEFAULT_TIMEOUT_MS = 10_000;
/** Milliseconds that {@linkcode pingMany} waits for an answer. */
export const DEFAULT_MANY_TIMEOUT_MS = 1000;
/** Probes a second over all targets of {@linkcode pingMany}. */
export const DEFAULT_RATE = 1000;
/** How often {@linkcode pingMany} asks a silent target again. */
export const DEFAULT_RETRIES = 3;
