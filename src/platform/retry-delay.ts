const MAX_DELAY_MS = 3_600_000;

/**
 * How long to wait after the nth failure, counted from 0: the base, doubled with every failure, and up to half as long
 * again by chance, so that what failed together is not tried again together. At most an hour.
 */
export const retryDelayMs = (baseMs: number, failures: number, chance = Math.random()): number =>
  Math.min(Math.round(baseMs * 2 ** failures * (1 + chance / 2)), MAX_DELAY_MS);
