import { asLiveDevice } from "../devices/index.ts";
import type { DeviceClaim } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { toldStatements } from "./changes.ts";
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
import { overLimit, requireRoom } from "./limits.ts";
import { oneDevice, writeChanges, writeReport } from "./store/devices.ts";

const SCOPE = "inventory";
const DAY_MS = 86_400_000;

/** `replace` removes what the report leaves out, `merge` keeps it. */
export type ReportMode = "replace" | "merge";

/**
 * Takes a device's report. One that changes nothing writes nothing, unless it is the first of a UTC day. What it changes is
 * told from what was read; where another report came between, it is written over that, so that all count.
 */
export async function reportAttributes(
  deps: Deps,
  claim: DeviceClaim,
  mode: ReportMode,
  attributes: readonly Attribute[],
): Promise<void> {
  const incoming = toStored(SCOPE, attributes);
  if (mode === "replace") requireRoom(SCOPE, incoming);
  const { tenant, device } = claim;
  const { results } = await asLiveDevice(deps, claim, [oneDevice(tenant, device)]);
  const [row] = results;
  const [db, now] = [deps.db(tenant), deps.now()];
  const told = (changes: AttributeDelta) => toldStatements(deps, { tenant, device, changes, atMs: now });
  if (row) {
    const changes = changesOf(mode, incoming, row);
    const isFirstOfDay = Math.floor(row.updated_ms / DAY_MS) !== Math.floor(now / DAY_MS);
    if (Object.keys(changes).length === 0 && !isFirstOfDay) return;
    const [written] = await db.batch([writeChanges(tenant, device, changes, row, now), ...told(changes)]);
    if (written > 0) return;
  } else requireRoom(SCOPE, incoming);
  const write = writeReport(tenant, device, { scope: SCOPE, mode, incoming }, now);
  const [written] = await db.batch([write, ...told(row ? changesOf(mode, incoming, row) : incoming)]);
  if (written === 0) throw overLimit();
}

/** What a report changes in what is stored; refuses one for which there is no room. */
function changesOf(mode: ReportMode, incoming: StoredAttributes, row: DeviceRow): AttributeDelta {
  const stored = readStored(row.attributes);
  if (mode === "merge") requireRoom(SCOPE, mergedScope(stored, SCOPE, incoming));
  const gone = mode === "replace" ? goneEntries(stored, SCOPE, incoming) : {};
  return { ...changedEntries(stored, incoming), ...gone };
}
