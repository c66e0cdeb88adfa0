import { forgetOldEntries, sealLogs } from "../audit/index.ts";
import { expireWaitingSets, forgetOldRevocations } from "../deviceauth/index.ts";
import { sweepRecordings } from "../deviceconnect/index.ts";
import { endStuck, judgeRollouts, recordProgress, rollWindows, watchRollouts } from "../deployments/index.ts";
import { forgetOldTotals } from "../inventory/index.ts";
import { forgetOldEvents, wakeWaiting } from "../events/index.ts";
import { resealIntegrations } from "../iotmanager/index.ts";
import { findTrouble, forgetGoneAlerts, forgetOldAlerts } from "../devicemonitor/index.ts";
import { type Duty, eachApart, inEachDatabase } from "../platform/apart.ts";
import type { Sweep } from "../platform/background.ts";
import type { Deps } from "../platform/deps.ts";
import { DEFAULT_TENANT } from "../platform/ids.ts";
import { warnOfSizes } from "../platform/placing.ts";
import { drainOutbox } from "../platform/send-events.ts";
import { forgetOldGenerations } from "../releases/index.ts";
import { sweepDeadUploads, sweepOrphanObjects } from "../storage/index.ts";
import {
  forgetAnsweredRequests,
  forgetOldAccountLinks,
  forgetOldLoginFailures,
  forgetSpentChallenges,
  resealFactors,
} from "../useradm/index.ts";
import {
  forgetOldExports,
  importTenants,
  keepJournals,
  moveTenants,
  renewJournals,
  restoreTenants,
} from "../tenantdata/index.ts";
import { removeDueTenants, suspendDueTenants } from "../tenantadm/index.ts";
import { forgetOldUsage, recordUsage } from "../usage/index.ts";
import { resealWebhooks } from "../webhooks/index.ts";
import { forgetOldJobs } from "../workflows/index.ts";
import { ALERT_SOURCES } from "./alert-sources.ts";

type Sweeps = Readonly<Record<string, Sweep>>;

const sendLeftEvents: Sweep = async (deps) => {
  await inEachDatabase(deps, async ({ db }) => {
    await drainOutbox(deps, db);
  });
};

/** Duties of every minute, in order. */
export const EVERY_MINUTE: Sweeps = {
  "wake-receivers": wakeWaiting,
  "settle-homes": (deps) => deps.settleHomes(),
  "send-events": sendLeftEvents,
  "end-uploads": sweepDeadUploads,
  "expire-waiting": expireWaitingSets,
  "suspend-tenants": suspendDueTenants,
  "remove-tenants": removeDueTenants,
  // Anybody can make these rows.
  "forget-login-failures": forgetOldLoginFailures,
  "forget-challenges": forgetSpentChallenges,
  "seal-audit": sealLogs,
  "roll-windows": rollWindows,
  "judge-rollouts": judgeRollouts,
  "record-progress": recordProgress,
  "watch-rollouts": watchRollouts,
  "end-stuck": endStuck,
  "find-trouble": findTrouble(ALERT_SOURCES),
  "keep-journals": keepJournals,
  // Last: they take what the others leave of the run.
  "move-tenants": moveTenants,
  "import-tenants": importTenants,
  "restore-tenants": restoreTenants,
};

/** Duties of every night. */
export const EVERY_NIGHT: Sweeps = {
  "remove-recordings": sweepRecordings,
  "forget-audit": forgetOldEntries,
  "forget-jobs": forgetOldJobs,
  "forget-generations": forgetOldGenerations,
  "forget-revocations": forgetOldRevocations,
  "forget-account-links": forgetOldAccountLinks,
  "forget-sign-ins": forgetAnsweredRequests,
  "forget-totals": forgetOldTotals,
  "reseal-factors": resealFactors,
  "record-usage": recordUsage,
  "forget-usage": forgetOldUsage,
  "forget-events": forgetOldEvents,
  "forget-alerts": forgetOldAlerts,
  "forget-gone-alerts": forgetGoneAlerts,
  "reseal-integrations": resealIntegrations,
  "reseal-webhooks": resealWebhooks,
  "forget-exports": forgetOldExports,
  "renew-journals": renewJournals,
  "warn-of-sizes": warnOfSizes,
  "remove-orphans": sweepOrphanObjects,
};

/** Runs all duties; one that fails as a whole is shown as a failed job, and tried again with the next run. */
export async function runSweeps(deps: Deps, sweeps: Sweeps): Promise<void> {
  const duty: Duty<[name: string, sweep: Sweep]> = {
    name: "duty",
    of: ([name]) => ({ tenant: DEFAULT_TENANT, key: name }),
    work: ([, sweep]) => sweep(deps),
    maxPauseMs: 0,
  };
  const work = eachApart(deps, duty, Object.entries(sweeps));
  await work.catch((cause: unknown) => deps.log.error("duties not done", { cause }));
}
