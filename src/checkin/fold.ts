import type { ContactTimes } from "./presence-pages.ts";
import { learned } from "./rhythm.ts";
import { addHour, hourOf, type SeenByHour } from "./seen-hours.ts";

/** Devices silent for longer are left out of pages. */
const FORGET_S = 400 * 86_400;

const dayOf = (seconds: number): number => Math.floor(seconds / 86_400);

/** A page of contacts and the one of rhythms beside it. */
export interface Pages {
  page: ContactTimes;
  rhythms: ContactTimes;
}

/** What folding contacts comes to, beside the pages. */
export interface Folded {
  /** Contacts of devices that were not heard of before on their day. */
  first: ContactTimes;
  /** Devices that were not heard of before in their hour. */
  hours: SeenByHour;
}

export const nothingFolded = (): Folded => ({ first: new Map(), hours: new Map() });

/** Puts contacts into their page; tells whether a rhythm was learned. */
export function foldInto(
  { page, rhythms }: Pages,
  contacts: Iterable<readonly [string, number]>,
  newestS: number,
  folded: Folded,
): boolean {
  let isLearned = false;
  for (const [id, seconds] of contacts) {
    const before = page.get(id);
    const isNewDay = before === undefined || dayOf(before) < dayOf(seconds);
    if (isNewDay) folded.first.set(id, seconds);
    if (before === undefined || hourOf(before) < hourOf(seconds)) addHour(folded.hours, hourOf(seconds));
    page.set(id, Math.max(before ?? 0, seconds));
    if (before === undefined) continue;
    const knownS = rhythms.get(id) ?? 0;
    const silenceS = learned(knownS, seconds - before, isNewDay);
    if (silenceS !== knownS) rhythms.set(id, silenceS);
    isLearned ||= silenceS !== knownS;
  }
  for (const [id, seconds] of page) {
    if (seconds >= newestS - FORGET_S) continue;
    page.delete(id);
    rhythms.delete(id);
  }
  return isLearned;
}
