import { dayOf, type Day } from "../platform/used.ts";

const DAY_MS = 86_400_000;

/** From its first millisecond to the first of the next. */
export const boundsOf = (day: Day): { fromMs: number; toMs: number } => {
  const fromMs = Date.parse(`${day}T00:00:00Z`);
  return { fromMs, toMs: fromMs + DAY_MS };
};

export const dayBefore = (atMs: number): Day => dayOf(atMs - DAY_MS);

/** Whether a text is a day that there is. */
export const isDay = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) && dayOf(Date.parse(text)) === text;
