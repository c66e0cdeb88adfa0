/**
 * The rhythm of a device: the longest silence between two contacts that is usual for it, its nights included. It is learned when
 * contacts are folded into pages, so that no contact costs anything for it.
 */

/** A longer silence counts from so much on, so that jitter changes nothing. */
const LONGER = 1.125;
/** What was usual once fades: by half in a week without such a silence. */
const FADES_A_DAY = 0.9;
const MOST_S = 14 * 86_400;

/** The rhythm after a silence of so many seconds; `isNewDay` once a day. */
export function learned(knownS: number, silenceS: number, isNewDay: boolean): number {
  if (silenceS > knownS * LONGER) return Math.min(silenceS, MOST_S);
  return isNewDay ? Math.min(Math.max(silenceS, Math.floor(knownS * FADES_A_DAY)), MOST_S) : knownS;
}
