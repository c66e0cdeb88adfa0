import type { DeviceClaim } from "../platform/actor.ts";

/** What an isolate remembers at most; then it begins anew. */
const MOST = 10_000;

const ended = new Set<string>();

const keyOf = ({ tenant, device }: DeviceClaim): string => `${tenant} ${device}`;

/** A device told this isolate that its update has succeeded. What it asks next is most likely answered with nothing. */
export function noteEnded(claim: DeviceClaim): void {
  if (ended.size >= MOST) ended.clear();
  ended.add(keyOf(claim));
}

/** Whether this is the first that the device asks after that. A guess, which decides about the way to the answer only. */
export const hasJustEnded = (claim: DeviceClaim): boolean => ended.delete(keyOf(claim));
