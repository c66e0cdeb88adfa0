import { asLiveDevice, ifLive } from "../devices/index.ts";
import { deviceAlertsStatements } from "../inventory/index.ts";
import type { DeviceClaim } from "../platform/actor.ts";
import { inSlicesOfEach } from "../platform/apart.ts";
import type { Sweep } from "../platform/background.ts";
import { refusalOf } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { tell, type Told } from "../platform/stream.ts";
import { addEvent } from "../platform/outbox.ts";
import { Disturbed, untilUndisturbed } from "../platform/undisturbed.ts";
import { describeIssues } from "../platform/wire.ts";
import { ALERTS_CAME } from "./events.ts";
import { fold, idOf, subjectOf, type Latest } from "./fold.ts";
import { Alert, type AlertValue } from "./schema.ts";
import {
  CHANGED_MEANWHILE,
  foldedStatements,
  forgetAlertsStatement,
  knownStatements,
  openAlerts,
  setChecksStatement,
  settleUntoldStatements,
  type UntoldRow,
} from "./store.ts";

/**
 * The alerts among the items of a batch. A device forgets a batch that is refused, so that one item which is no alert must not
 * take the others with it; only a batch without any is refused.
 */
function alertsAmong(deps: Deps, { device }: DeviceClaim, items: readonly unknown[]): AlertValue[] {
  const parsed = items.map((item) => Alert.safeParse(item));
  const alerts = parsed.flatMap(({ data }) => (data ? [data] : []));
  const wrong = parsed.find(({ success }) => !success)?.error;
  if (wrong && alerts.length === 0)
    throw new Fault("bad_request", `malformed request body: ${describeIssues(wrong.issues)}`);
  if (wrong)
    deps.log.info("items left out that are no alerts", { device, items: items.length - alerts.length });
  return alerts;
}

/** Takes the alerts of a device: keeps them, counts the open ones in its inventory, and has users told. */
export function takeAlerts(deps: Deps, claim: DeviceClaim, items: readonly unknown[]): Promise<void> {
  const { tenant, device } = claim;
  const batch = alertsAmong(deps, claim, items);
  const wanted = {
    subjects: batch.map(subjectOf),
    ids: batch.map((alert) => idOf(device, alert)),
  };
  return untilUndisturbed(async () => {
    const nowMs = deps.now();
    const reads = knownStatements(tenant, device, wanted, nowMs);
    const {
      results: [state, latest, ids],
    } = await asLiveDevice(deps, claim, reads);
    const folded = fold(device, { ...state, latest, ids }, batch, nowMs);
    if (folded.latest.length === 0 && folded.state.folded === state.folded) return;
    const writing = deps.db(tenant).batch([
      ...foldedStatements(tenant, device, folded, state.revision),
      ...deviceAlertsStatements(tenant, device, openAlerts(tenant, device), nowMs),
      ...(folded.mails.length > 0
        ? [addEvent({ kind: ALERTS_CAME, tenant, subject: device, data: { mails: folded.mails } }, nowMs)]
        : []),
      ...tell(
        tenant,
        folded.told.map((alert) => toldOf(device, alert)),
        nowMs,
      ),
    ]);
    await writing.catch((cause: unknown) => {
      throw refusalOf(cause) === CHANGED_MEANWHILE
        ? new Disturbed("another batch was faster", { cause })
        : cause;
    });
  });
}

/** The last alert of a subject, as the world is told of it. */
const toldOf = (
  device: DeviceId,
  { subject, level, alert }: Pick<Latest, "subject" | "level" | "alert">,
): Told => ({
  type: level === "OK" ? "alert.cleared" : "alert.raised",
  device,
  data: { subject, level, source: "device", text: alert.name },
});

/** Tells of what went up and down, or came in a flood, how it is now. */
export async function catchUp(deps: Deps, tenant: TenantId, untold: readonly UntoldRow[]): Promise<void> {
  if (untold.length === 0) return;
  const told = untold.map((row) =>
    toldOf(row.device_id, { ...row, alert: JSON.parse(row.alert) as AlertValue }),
  ); // written by this domain
  const writing = deps
    .db(tenant)
    .batch([...settleUntoldStatements(tenant, untold), ...tell(tenant, told, deps.now())]);
  await writing.catch((cause: unknown) => {
    // The next look finds what came meanwhile.
    if (refusalOf(cause) !== CHANGED_MEANWHILE) throw cause;
  });
}

/** A device's word on what it checks; replaces what it said before. */
export async function takeChecks(deps: Deps, claim: DeviceClaim, checks: readonly object[]): Promise<void> {
  const { tenant, device } = claim;
  const write = { atMs: deps.now(), condition: ifLive(claim) };
  await asLiveDevice(deps, claim, [setChecksStatement(tenant, device, JSON.stringify(checks), write)]);
}

const LIFE_MS = 30 * 86_400_000;
const FORGOTTEN_AT_ONCE = 500;

/** Alerts are kept for thirty days; the last of each subject for as long as the device. */
export const forgetOldAlerts: Sweep = async (deps) => {
  const beforeMs = deps.now() - LIFE_MS;
  await inSlicesOfEach(deps, FORGOTTEN_AT_ONCE, (db, limit) =>
    db.one(forgetAlertsStatement(beforeMs, limit)),
  );
};

/** Where users read of a device's alerts. */
export const alertsPath = (device: DeviceId): string =>
  `/api/management/v1/devicemonitor/devices/${device}/alerts`;
