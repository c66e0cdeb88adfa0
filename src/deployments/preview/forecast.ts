import { NEVER_MS } from "../limits.ts";
import type { GovernedPhase } from "../rollout/govern.ts";
import type { Rollout } from "../rollout/rollout-schema.ts";
import { windowAt } from "../rollout/windows.ts";

/** The share of devices of which a forecast speaks: there is always one that comes back next year. */
export const MOST = 0.95;

const MINUTE_MS = 60_000;

/** Windows that a forecast goes through. */
const MAX_WINDOWS = 1000;

/** What is known of how devices ask and update. */
export interface Rhythm {
  /** For how long each device has been silent now, ascending. As long as that it takes, in the mean, until it asks again. */
  agesMs: readonly number[];
  updateMs: number;
}

export interface Expected {
  opensMs: number;
  halfMs: number;
  mostMs: number;
}

/** The time within which such a share of devices asks: that they have been silent for at a moment nobody chose. */
export function askWithinMs({ agesMs }: Pick<Rhythm, "agesMs">, share: number): number {
  const at = Math.min(agesMs.length - 1, Math.max(0, Math.ceil(agesMs.length * share) - 1));
  return agesMs[at] ?? 0;
}

/** When so much time has gone by that windows are open. */
export function through(rollout: Rollout | undefined, fromMs: number, openMs: number): number {
  const windows = rollout?.windows;
  if (!windows) return fromMs + openMs;
  let [atMs, leftMs] = [fromMs, openMs];
  for (let i = 0; i < MAX_WINDOWS; i++) {
    const window = windowAt(windows, windows.zone, atMs);
    if (!window) return NEVER_MS;
    const begunMs = Math.max(atMs, window.fromMs);
    if (begunMs + leftMs <= window.toMs) return begunMs + leftMs;
    leftMs -= window.toMs - begunMs;
    atMs = window.toMs;
  }
  return NEVER_MS;
}

/** The time within which so many devices may begin, however often they ask. */
export function startedWithinMs(rollout: Rollout | undefined, updateMs: number, devices: number): number {
  const paced = rollout?.per_minute === undefined ? 0 : (devices / rollout.per_minute) * MINUTE_MS;
  const room = rollout?.at_once;
  const queued = room === undefined || devices <= room ? 0 : (devices / room - 1) * updateMs;
  return Math.max(paced, queued);
}

/** The time that a share of so many devices needs to begin, of that during which they may. */
const neededMs = (rollout: Rollout | undefined, rhythm: Rhythm, devices: number, share: number): number =>
  Math.max(askWithinMs(rhythm, share), startedWithinMs(rollout, rhythm.updateMs, Math.ceil(devices * share)));

/** When each phase is likely to open and to be begun by half and most of its devices. People are taken to approve at once. */
export function expectedPhases(
  phases: readonly GovernedPhase[],
  gets: readonly number[],
  { rollout, rhythm, nowMs }: { rollout: Rollout | undefined; rhythm: Rhythm; nowMs: number },
): Expected[] {
  const begun = (opensMs: number, devices: number, share: number) =>
    through(rollout, opensMs, neededMs(rollout, rhythm, devices, share));
  const expected: Expected[] = [];
  phases.forEach((phase, i) => {
    const [before, beforeGets = 0] = [expected[i - 1], gets[i - 1]];
    const afterMs = before ? before.opensMs + 1000 * (phase.gate?.after_s ?? 0) : nowMs;
    const results = phase.gate?.success?.results ?? 0;
    const share = results === 0 || beforeGets === 0 ? 0 : Math.min(1, results / beforeGets);
    const toldMs = before && results > 0 ? begun(before.opensMs, beforeGets, share) + rhythm.updateMs : nowMs;
    const opensMs = through(rollout, Math.max(afterMs, toldMs, phase.opensMs ?? 0, phase.startMs ?? 0), 0);
    const devices = gets[i] ?? 0;
    expected.push({ opensMs, halfMs: begun(opensMs, devices, 0.5), mostMs: begun(opensMs, devices, MOST) });
  });
  return expected;
}

export const DEFAULT_UPDATE_MS = 10 * MINUTE_MS;

/** How long an update takes here: the median of what devices needed for their last. */
export function usualUpdateMs(tookMs: readonly number[]): number {
  const sorted = tookMs.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? DEFAULT_UPDATE_MS;
}
