import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";

const HOUR_MS = 3_600_000;
const MAX_NETWORKS = 10_000;

interface Hour {
  beganMs: number;
  counts: Map<string, number>;
}

/** What each network has left waiting within the hour, by configuration. Safe to lose. */
const hours = new WeakMap<Deps["settings"], Hour>();

function hourOf({ settings }: Deps, nowMs: number): Hour {
  const known = hours.get(settings);
  if (known && nowMs >= known.beganMs && nowMs - known.beganMs < HOUR_MS) return known;
  const hour = { beganMs: nowMs, counts: new Map<string, number>() };
  hours.set(settings, hour);
  return hour;
}

/**
 * Bounds what one network can make the server store: devices and keys that nobody has decided on. Those that a rule or
 * a user lets in are not counted, so that a factory may admit as many as it likes.
 */
export async function demandTurn(deps: Deps): Promise<void> {
  const limit = deps.settings.WAITING_PER_ADDRESS_PER_HOUR;
  const network = await deps.network();
  if (limit === 0 || network === undefined) return;
  const nowMs = deps.now();
  const { beganMs, counts } = hourOf(deps, nowMs);
  const count = counts.get(network) ?? 0;
  if (count >= limit) {
    throw new Fault("rate_limited", "too many new devices from this address", {
      headers: { "Retry-After": String(Math.ceil((beganMs + HOUR_MS - nowMs) / 1000)) },
    });
  }
  if (counts.size >= MAX_NETWORKS && !counts.has(network)) counts.clear();
  counts.set(network, count + 1);
}
