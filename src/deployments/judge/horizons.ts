import type { Rhythm } from "../../platform/contacts.ts";

const HOUR_S = 3600;

/** How long devices are watched. Each device by the shortest that is long enough for it; those that none is for, not at all. */
export const HORIZONS_S: readonly number[] = [HOUR_S, 6 * HOUR_S, 24 * HOUR_S, 72 * HOUR_S];

/** Silence is what lasts so many times as long as the longest that is usual for the device. */
const BEYOND = 2;

/** Taken for the longest silence of a device of which none is known. */
const UNKNOWN_MS = 12 * HOUR_S * 1000;

export function horizonOf(rhythm: Rhythm | undefined): number | undefined {
  const neededS = (BEYOND * (rhythm?.silenceMs || UNKNOWN_MS)) / 1000;
  return HORIZONS_S.find((horizonS) => horizonS >= neededS);
}

/** When those are looked for again of whom there were none. */
export const AGAIN_MS = 5 * 60_000;
