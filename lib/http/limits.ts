/** Limits that hold unless options set others. Times are in milliseconds. */

import type { HttpPhase } from "./types.ts";

/** How long each phase may take. A transfer has no limit of its own: see {@linkcode STALL_MS}. */
export const DEFAULT_TIMEOUTS: Readonly<Record<HttpPhase | "total", number>> = {
  lookup: 10_000,
  connect: 10_000,
  tls: 10_000,
  request: 60_000,
  "first-byte": 30_000,
  transfer: 0,
  total: 0,
};

/** A transfer without a limit of its own ends when fewer than {@linkcode STALL_BYTES} come within this time. */
export const STALL_MS = 30_000;
/** See {@linkcode STALL_MS}. */
export const STALL_BYTES = 1024;

/** What of a body is held until somebody reads it. */
export const BODY_BYTES = 64 * 1024;

/** A decoded body is at most this long, unless `maxBody` says otherwise. */
export const DEFAULT_MAX_DECODED = 256 * 1024 * 1024;

/** A phase that takes longer than this is a finding. */
export const DEFAULT_SLOW_MS = 1000;

/** The longest that an option may ask to wait: a day. */
export const MAX_MS = 86_400_000;

/** What one read takes. */
export const READ_BYTES = 256 * 1024;
