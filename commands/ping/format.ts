/** Numbers as ping has always printed them. */

/** A round-trip time with three significant digits: `0.043`, `1.30`, `12.3`, `123`. */
export function formatTime(ms: number): string {
  const us = Math.round(ms * 1000);
  if (us >= 99_950) return (us / 1000).toFixed(0);
  if (us >= 9_995) return (us / 1000).toFixed(1);
  if (us >= 1_000) return (us / 1000).toFixed(2);
  return (us / 1000).toFixed(3);
}

/** Milliseconds to the microsecond: `0.043`. */
export function formatMs(ms: number): string {
  return ms.toFixed(3);
}

/** A percentage with at most six significant digits and no needless zeros: `33.3333`, `0`. */
export function formatPercent(percent: number): string {
  return String(Number(percent.toPrecision(6)));
}

/** Unix time as `ping -D` prints it. */
export function formatTimestamp(seconds: number): string {
  return `[${seconds.toFixed(6)}] `;
}
