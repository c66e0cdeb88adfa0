import type { deploymentObject } from "../deployments/index.ts";
import { rfc3339 } from "../platform/clock.ts";

type Deployment = ReturnType<typeof deploymentObject>;

/** Results from which a pace is told. */
const RESULTS = 5;
/** There is always a device that comes back next year. */
const MOST = 0.95;
/** What takes longer is not told: a pace says nothing of next year. */
const LONGEST_MS = 365 * 86_400_000;

/**
 * When most devices of a deployment will have ended it if they go on as they did. Of deployments that open in phases or by rules
 * nothing: these go on as they say.
 */
export function finishOf(
  { status, created, phases, rollout, dynamic, max_devices: devices = 0 }: Deployment,
  ended: number,
  nowMs: number,
): string | undefined {
  const isAtOnce = (phases?.length ?? 0) <= 1 && rollout === undefined && !dynamic;
  const left = devices * MOST - ended;
  if (status !== "inprogress" || !isAtOnce || ended < RESULTS || left <= 0) return undefined;
  const leftMs = (left / ended) * (nowMs - Date.parse(created));
  return leftMs > 0 && leftMs <= LONGEST_MS ? rfc3339(Math.round(nowMs + leftMs)) : undefined;
}
