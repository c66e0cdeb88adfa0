import { isBackwards, type Way } from "../store/search.ts";
import { textParts, type Share } from "../store/text.ts";
import { readsDevices, trailParts } from "../store/trail.ts";
import type { Walk } from "./in-slices.ts";
import type { DeviceQuery } from "./query.ts";

/** What a slice may look at: fewer where the row of each device is read, which may cost anything. */
export const MOST_DEVICES = 5000;
export const MOST_VALUES = 50_000;

/** Along a trail, in the direction of a search. */
export const trailWalk = (query: DeviceQuery, { trail, further }: Way): Walk => ({
  parts: trailParts(query, trail, further),
  stretch: query.stretch,
  most: readsDevices(query, trail, further) ? MOST_DEVICES : MOST_VALUES,
  descending: isBackwards(query),
});

/** Along the devices that have words, by age. */
export const textWalk = (query: DeviceQuery, words: readonly string[], share: Share): Walk => ({
  parts: textParts(query, words, share),
  stretch: query.stretch,
  most: query.terms.length > 0 || query.ids ? MOST_DEVICES : MOST_VALUES,
});
