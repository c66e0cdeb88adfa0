import { count, counted } from "../../parts/text.ts";

/** Devices heard of in an hour; null where nothing is known. */
export type Hours = readonly (number | null)[];

const HOUR_MS = 3_600_000;

export const HEIGHT = 40;

const known = (hours: Hours): number[] => hours.filter((one) => one !== null);

/** Hours next to each other of which something is known, or of which nothing is: from, up to without. */
export function runsOf(hours: Hours): { isKnown: boolean; from: number; to: number }[] {
  const runs: { isKnown: boolean; from: number; to: number }[] = [];
  hours.forEach((one, at) => {
    const last = runs.at(-1);
    if (last?.isKnown === (one !== null)) last.to = at + 1;
    else runs.push({ isKnown: one !== null, from: at, to: at + 1 });
  });
  return runs;
}

/** Outlines in a field of one unit an hour: steps as high as their numbers, and a line at the foot of what is known and what is not. */
export function drawn(hours: Hours): { steps: string; under: string; gaps: string } {
  const most = Math.max(1, ...known(hours));
  const y = (number: number) => Math.round((1 - number / most) * HEIGHT);
  const lines = { steps: "", under: "", gaps: "" };
  for (const { isKnown, from, to } of runsOf(hours)) {
    lines[isKnown ? "under" : "gaps"] += `M${from} ${HEIGHT}H${to}`;
    if (!isKnown) continue;
    const tops = hours.slice(from, to).map((one, i) => `V${y(one ?? 0)}H${from + i + 1}`);
    lines.steps += `M${from} ${HEIGHT}${tops.join("")}V${HEIGHT}Z`;
  }
  return lines;
}

/** All of it in a sentence: the hour under way, which is the last, apart from those that are over. */
export function summary(hours: Hours): string {
  const [over, now] = [known(hours.slice(0, -1)), hours.at(-1)];
  const missing = hours.length - 1 - over.length;
  return [
    now !== null && now !== undefined && `${counted(now, "device")} in this hour so far`,
    over.length > 0 &&
      `between ${count(Math.min(...over))} and ${count(Math.max(...over))} in ${counted(over.length, "hour")} before it`,
    missing > 0 && `nothing is known of ${counted(missing, "hour")}`,
  ]
    .filter((part) => part !== false)
    .join(", ");
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** When an hour began, by the clock of who looks. */
export function hourName(fromTs: string, hour: number): string {
  const at = new Date(Date.parse(fromTs) + hour * HOUR_MS);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${DAYS[at.getDay()]} ${two(at.getHours())}:${two(at.getMinutes())}`;
}
