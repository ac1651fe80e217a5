/** What is counted in a load. */

import { SystemError } from "../os/errno.ts";
import type { Latencies } from "./latencies.ts";
import type { Difference } from "./load_message.ts";
import type { EchoLoadProgress, EchoLoadSummary } from "./load_types.ts";

function reasonOf(error: Error): string {
  return error instanceof SystemError
    ? `${error.description} (${error.code})`
    : error.message;
}

/** Counts, from which progress and summary are made. */
export class LoadTally {
  opened = 0;
  failedToOpen = 0;
  broken = 0;
  /** Messages that count, unlike those of the warm-up. */
  sent = 0;
  unsent = 0;
  late = 0;
  duplicates = 0;
  reordered = 0;
  measuredMs = 0;
  readonly #latencies: Latencies;
  #answered = 0;
  /** Of those that count, within the measured time. */
  #answeredInTime = 0;
  #mismatched = 0;
  /** Of those that count. */
  #mismatchedCounted = 0;
  #firstMismatch: Difference | undefined;
  #errors: Record<string, number> = {};
  #errorCount = 0;
  #firstError: string | undefined;
  #answeredSinceProgress = 0;
  #progressAt = 0;

  constructor(latencies: Latencies) {
    this.#latencies = latencies;
  }

  answer(latencyMs: number, isCounted: boolean, isInTime: boolean): void {
    this.#answeredSinceProgress++;
    if (!isCounted) return;
    this.#answered++;
    if (isInTime) this.#answeredInTime++;
    this.#latencies.add(latencyMs);
  }

  mismatch(isCounted: boolean): void {
    if (isCounted) this.#mismatchedCounted++;
  }

  differs(difference: Difference): void {
    this.#mismatched++;
    this.#firstMismatch ??= difference;
    this.error("mismatch");
  }

  error(kind: string, error?: Error): void {
    this.#errors[kind] = (this.#errors[kind] ?? 0) + 1;
    this.#errorCount++;
    if (error !== undefined) this.#firstError ??= reasonOf(error);
  }

  beginProgress(now: number): void {
    this.#progressAt = now;
  }

  /** @param since when the phase began */
  progress(
    phase: EchoLoadProgress["phase"],
    now: number,
    since: number,
  ): EchoLoadProgress {
    const seconds = (now - this.#progressAt) / 1000;
    const perSecond = this.#answeredSinceProgress / seconds;
    this.#answeredSinceProgress = 0;
    this.#progressAt = now;
    const latencies = this.#latencies;
    return {
      type: "progress",
      phase,
      elapsedMs: now - since,
      perSecond,
      ...(latencies.count === 0 ? {} : {
        p50Ms: latencies.percentile(50),
        p99Ms: latencies.percentile(99),
      }),
      errors: this.#errorCount,
      time: Date.now() / 1000,
    };
  }

  summary(
    endpoint: string,
    ended: EchoLoadSummary["ended"],
    size: number,
  ): EchoLoadSummary {
    const latency = this.#latencies.summary();
    const seconds = this.measuredMs / 1000;
    const perSecond = seconds > 0 ? this.#answeredInTime / seconds : 0;
    return {
      type: "summary",
      endpoint,
      ended,
      connections: {
        opened: this.opened,
        failed: this.failedToOpen,
        broken: this.broken,
      },
      durationMs: this.measuredMs,
      sent: this.sent,
      answered: this.#answered,
      unanswered: this.sent - this.#answered - this.#mismatchedCounted,
      unsent: this.unsent,
      late: this.late,
      duplicates: this.duplicates,
      reordered: this.reordered,
      mismatched: this.#mismatched,
      ...(this.#firstMismatch === undefined
        ? {}
        : { firstMismatch: this.#firstMismatch }),
      errors: this.#errors,
      ...(this.#firstError === undefined
        ? {}
        : { firstError: this.#firstError }),
      perSecond,
      bytesPerSecond: perSecond * size,
      ...(latency === undefined ? {} : { latency }),
      time: Date.now() / 1000,
    };
  }
}
