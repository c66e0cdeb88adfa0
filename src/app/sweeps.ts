import { forgetOldEntries } from "../audit/index.ts";
import { expireWaitingSets, forgetOldRevocations } from "../deviceauth/index.ts";
import { sweepRecordings } from "../deviceconnect/index.ts";
import type { Sweep } from "../platform/background.ts";
import type { Deps } from "../platform/deps.ts";
import { drainOutbox } from "../platform/send-events.ts";
import { forgetOldGenerations } from "../releases/index.ts";
import { sweepDeadUploads, sweepOrphanObjects } from "../storage/index.ts";
import { forgetOldLoginFailures } from "../useradm/index.ts";
import { forgetOldJobs } from "../workflows/index.ts";

const sendLeftEvents: Sweep = async (deps) => {
  await drainOutbox(deps, deps.directory);
};

/** Duties of every minute, in order. */
export const EVERY_MINUTE: readonly Sweep[] = [
  sendLeftEvents,
  sweepDeadUploads,
  expireWaitingSets,
  // Anybody can make these rows.
  forgetOldLoginFailures,
];

/** Duties of every night. */
export const EVERY_NIGHT: readonly Sweep[] = [
  sweepRecordings,
  forgetOldEntries,
  forgetOldJobs,
  forgetOldGenerations,
  forgetOldRevocations,
  sweepOrphanObjects,
];

/** Runs all duties; one that fails is logged and does not keep the others from running. */
export async function runSweeps(deps: Deps, sweeps: readonly Sweep[]): Promise<void> {
  for (const sweep of sweeps) {
    await sweep(deps).catch((cause: unknown) => deps.log.error("sweep failed", { sweep: sweep.name, cause }));
  }
}
