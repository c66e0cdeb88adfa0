const DURATION = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

const UNITS_MS = [7 * 86_400_000, 86_400_000, 3_600_000, 60_000, 1000] as const;

const MAX_MS = 3660 * 86_400_000;

/** Milliseconds of a duration of ISO 8601. Years and months, which have no fixed length, are none. */
export function durationMs(text: string): number | undefined {
  const parts = text.length > 64 || /T$|P$/.test(text) ? null : DURATION.exec(text);
  if (!parts) return undefined;
  const ms = UNITS_MS.reduce((total, unit, i) => total + unit * Number(parts[i + 1] ?? 0), 0);
  return ms <= MAX_MS ? ms : undefined;
}
