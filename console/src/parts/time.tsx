import { signal } from "@preact/signals";
import { once } from "./once.ts";
import { dateText } from "./text.ts";
import { useIsUtc } from "./zone.tsx";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const RELATIVE_UNTIL_MS = 48 * HOUR_MS;

/** One clock for all times on the page. */
const now = signal(Date.now());
setInterval(() => {
  now.value = Date.now();
}, 30_000);

const EXACT = { dateStyle: "medium", timeStyle: "long" } as const;
const exact = once(() => new Intl.DateTimeFormat("en", EXACT));
const exactInUtc = once(() => new Intl.DateTimeFormat("en", { ...EXACT, timeZone: "UTC" }));

const away = (ms: number, unitMs: number, unit: string): string => {
  const number = Math.round(Math.abs(ms) / unitMs);
  return ms > 0 ? `in ${number} ${unit}` : `${number} ${unit} ago`;
};

/** How long ago, or in how long, in the words of people; a date beyond two days. */
function inWords(atMs: number, nowMs: number, isUtc: boolean): string {
  const ms = atMs - nowMs;
  if (Math.abs(ms) < MINUTE_MS) return ms > 0 ? "in a moment" : "just now";
  if (Math.abs(ms) < HOUR_MS) return away(ms, MINUTE_MS, "min");
  if (Math.abs(ms) < RELATIVE_UNTIL_MS) return away(ms, HOUR_MS, "h");
  return dateText(atMs, isUtc);
}

/** A point in time as the server writes it; "never" without one. */
export function When({ at, never = "never" }: { at: string | number | null | undefined; never?: string }) {
  const ms = at === null || at === undefined || at === "" ? Number.NaN : new Date(at).getTime();
  const isUtc = useIsUtc();
  // Go's clients and servers write the year 1 for no time.
  if (!(ms > 0)) return <span class="quiet">{never}</span>;
  return (
    <time
      dateTime={new Date(ms).toISOString()}
      onPointerEnter={({ currentTarget }) =>
        (currentTarget.title = (isUtc ? exactInUtc() : exact()).format(ms))
      }
    >
      {inWords(ms, now.value, isUtc)}
    </time>
  );
}
