/** The time of the machine. Everything else is told the time. */
export const systemNow = (): number => Date.now();

/** RFC 3339 UTC with fraction, as every wire time of the product. */
export const rfc3339 = (ms: number): string => new Date(ms).toISOString();

export const toSeconds = (ms: number): number => Math.floor(ms / 1000);

/** By how much the time we go by is ahead of the machine's, for libraries that look at the clock themselves. */
export const clockSkewS = (nowMs: number): number => toSeconds(nowMs - Date.now());
