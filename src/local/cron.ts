/** One field of a cron expression: `*`, numbers, ranges and steps, separated by commas. */
function fieldMatches(field: string, value: number, first: number): boolean {
  return field.split(",").some((part) => {
    const [range = "*", step] = part.split("/");
    const [from, to = step === undefined ? from : "Infinity"] =
      range === "*" ? [String(first), "Infinity"] : range.split("-");
    return value >= Number(from) && value <= Number(to) && (value - Number(from)) % Number(step ?? 1) === 0;
  });
}

/** Whether the five-field expression falls on the minute of `at`, in UTC like the platform's. Weekdays are 1 (Sunday) to 7. */
export function cronMatches(expression: string, at: Date): boolean {
  const [minute = "*", hour = "*", day = "*", month = "*", weekday = "*"] = expression.trim().split(/\s+/);
  return (
    fieldMatches(minute, at.getUTCMinutes(), 0) &&
    fieldMatches(hour, at.getUTCHours(), 0) &&
    fieldMatches(day, at.getUTCDate(), 1) &&
    fieldMatches(month, at.getUTCMonth() + 1, 1) &&
    fieldMatches(weekday, at.getUTCDay() + 1, 1)
  );
}

const MINUTE_MS = 60_000;

const minuteOf = (ms: number) => Math.floor(ms / MINUTE_MS) * MINUTE_MS;

/** Calls `fire` for each expression in each minute it falls on, this one included. Returns a function that ends it. */
export function runCrons(
  expressions: readonly string[],
  fire: (expression: string, at: Date) => void,
): () => void {
  let timer: NodeJS.Timeout;
  const runMinute = (startMs: number): void => {
    const at = new Date(startMs);
    for (const expression of expressions) if (cronMatches(expression, at)) fire(expression, at);
    // A machine that slept skips what it missed.
    const nextMs = Math.max(startMs, minuteOf(Date.now())) + MINUTE_MS;
    timer = setTimeout(() => runMinute(nextMs), nextMs - Date.now());
  };
  runMinute(minuteOf(Date.now()));
  return () => clearTimeout(timer);
}
