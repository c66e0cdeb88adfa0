import { asLiveDevice, asLiveDeviceWith, ifLive } from "../devices/index.ts";
import type { DeviceClaim } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { isOver } from "../platform/near-reports.ts";
import { Disturbed, untilUndisturbed } from "../platform/undisturbed.ts";
import { follow, toldStatements, wakeStatements } from "./changes.ts";
import {
  changedEntries,
  goneEntries,
  mergedScope,
  readStored,
  toStored,
  type Attribute,
  type AttributeDelta,
  type StoredAttributes,
} from "./attributes.ts";
import type { DeviceRow } from "./device-view.ts";
import { FewTenants } from "./few-tenants.ts";
import { overLimit, requireRoom } from "./limits.ts";
import { addDevice, oneDevice, writeChanges, type GuardedRow } from "./store/devices.ts";
import { pledgeRow } from "./store/pledges.ts";
import { besideWrite, toldValues, writeValues } from "./store/unread.ts";

const SCOPE = "inventory";
const DAY_MS = 86_400_000;

/** Tenants of whose changes nobody wanted to hear when the last was written. Whether that is so still is read with each. */
const unheard = new FewTenants();

/** `replace` removes what the report leaves out, `merge` keeps it. */
export type ReportMode = "replace" | "merge";

interface Report {
  mode: ReportMode;
  incoming: StoredAttributes;
}

/**
 * Takes a device's report. One that changes nothing writes nothing, unless it is the first of a UTC day. What it changes is
 * told from what was read; where another report came between, it begins again with what that left, so that all count.
 */
export async function reportAttributes(
  deps: Deps,
  claim: DeviceClaim,
  mode: ReportMode,
  attributes: readonly Attribute[],
): Promise<void> {
  const report = { mode, incoming: toStored(SCOPE, attributes) };
  if (mode === "replace") requireRoom(SCOPE, report.incoming);
  const { tenant, device } = claim;
  let { row, isWritten } = await writeOrRead(deps, claim, report);
  if (isWritten) return;
  await untilUndisturbed(async (attempt) => {
    const before = row;
    if (attempt > 1) row = await deps.db(tenant).one(oneDevice(tenant, device));
    // Nobody came between: what it was not written for is room.
    if (attempt > 1 && row && row.report_revision === before?.report_revision && row.pledge === before.pledge)
      throw overLimit();
    await take(deps, claim, report, row);
  });
}

/** Most reports that change something have other values for a few of the same attributes: these are written without a look. */
async function writeOrRead(
  deps: Deps,
  claim: DeviceClaim,
  { mode, incoming }: Report,
): Promise<{ isWritten: boolean; row: GuardedRow | undefined }> {
  const { tenant, device } = claim;
  const asked = deps.nearReports.asked(claim);
  if (!asked || mode === "merge") {
    const { results } = await asLiveDevice(deps, claim, [oneDevice(tenant, device)]);
    return { isWritten: false, row: results[0] };
  }
  const { fresh: pledge, ended } = asked;
  const atMs = deps.now();
  const quietly = unheard.has(tenant);
  const { found: row, results } = await asLiveDeviceWith(deps, claim, besideWrite(tenant, device), [
    writeValues(tenant, device, incoming, { pledge, ended, isLive: ifLive(claim), atMs }),
    ...follow(deps, { tenant, device, attributes: toldValues(tenant, device), quietly, atMs }),
  ]);
  // A batch that was carried out twice finds what it wrote itself.
  if (results[0] === 0 && row?.pledge !== pledge) return { isWritten: false, row };
  deps.nearReports.keep(claim, pledge);
  if (row?.heard === 0) unheard.add(tenant);
  else if (quietly) {
    unheard.delete(tenant);
    await deps.db(tenant).batch(wakeStatements(tenant, device, atMs));
  }
  return { isWritten: true, row };
}

/** Writes what a report changes in the row that was read. Throws `Disturbed` if it is another by then. */
async function take(
  deps: Deps,
  claim: DeviceClaim,
  { mode, incoming }: Report,
  row: GuardedRow | undefined,
): Promise<void> {
  const [{ tenant, device }, now] = [claim, deps.now()];
  const changes = row ? changesOf(mode, incoming, row) : incoming;
  const isFirstOfDay = row && Math.floor(row.updated_ms / DAY_MS) !== Math.floor(now / DAY_MS);
  if (row && Object.keys(changes).length === 0 && !isFirstOfDay) return tellSame(deps, claim, row);
  if (!row) requireRoom(SCOPE, incoming);
  await endPledge(deps, claim, row);
  const pledge = deps.nearReports.asked(claim)?.fresh ?? null;
  const write = row
    ? writeChanges(tenant, device, changes, row, pledge, now)
    : addDevice(tenant, device, changes, now, pledge);
  const told = toldStatements(deps, { tenant, device, changes, atMs: now });
  const [written] = await deps.db(tenant).batch([write, ...told]);
  if (written === 0) throw new Disturbed("the device was written to");
  if (pledge !== null) deps.nearReports.keep(claim, pledge);
}

/** Has nobody answer by the pledge of a row any more. */
async function endPledge(deps: Deps, claim: DeviceClaim, row: GuardedRow | undefined): Promise<void> {
  const pledge = row?.pledge ?? null;
  if (pledge === null || isOver(pledge, deps.now())) return;
  if (deps.nearReports.asked(claim)?.ended.includes(pledge)) return;
  await deps.nearReports.end(claim.tenant, [{ device_id: claim.device, pledge }]);
}

/** The next time the head knows. Where it has lost its pledge, the row is given another after the answer. */
function tellSame(deps: Deps, claim: DeviceClaim, row: GuardedRow): void {
  const asked = deps.nearReports.asked(claim);
  if (!asked) return;
  if (row.pledge !== null && row.pledge === asked.held) return deps.nearReports.keep(claim, row.pledge);
  const pledge = async () => {
    await endPledge(deps, claim, row);
    const db = deps.db(claim.tenant).uncounted();
    const pledged = await db.one(pledgeRow(claim.tenant, claim.device, row, asked.fresh));
    if (pledged > 0) deps.nearReports.keep(claim, asked.fresh);
  };
  const { device } = claim;
  deps.later(pledge().catch((cause: unknown) => deps.log.error("report not pledged", { device, cause })));
}

/** What a report changes in what is stored; refuses one for which there is no room. */
function changesOf(mode: ReportMode, incoming: StoredAttributes, row: DeviceRow): AttributeDelta {
  const stored = readStored(row.attributes);
  if (mode === "merge") requireRoom(SCOPE, mergedScope(stored, SCOPE, incoming));
  const gone = mode === "replace" ? goneEntries(stored, SCOPE, incoming) : {};
  return { ...changedEntries(stored, incoming), ...gone };
}
