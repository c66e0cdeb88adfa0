import { asLiveDevice } from "../devices/index.ts";
import type { DeviceClaim } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import {
  changedEntries,
  goneEntries,
  mergedScope,
  readStored,
  toStored,
  type Attribute,
  type StoredAttributes,
} from "./attributes.ts";
import type { DeviceRow } from "./device-view.ts";
import { overLimit, requireRoom } from "./limits.ts";
import { oneDevice, writeReport } from "./store/devices.ts";

const SCOPE = "inventory";
const DAY_MS = 86_400_000;

/** `replace` removes what the report leaves out, `merge` keeps it. */
export type ReportMode = "replace" | "merge";

/**
 * Takes a device's report. One that changes nothing writes nothing, unless it is the first of a UTC day. The write does
 * not depend on what was read, so that reports at the same time all count.
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
  if (row && !isNews(mode, incoming, row, deps.now())) return;
  if (!row) requireRoom(SCOPE, incoming);
  const write = writeReport(tenant, device, { scope: SCOPE, mode, incoming }, deps.now());
  if ((await deps.db(tenant).one(write)) === 0) throw overLimit();
}

/** Whether a report must be written over what is stored; refuses one for which there is no room. */
function isNews(mode: ReportMode, incoming: StoredAttributes, row: DeviceRow, now: number): boolean {
  const stored = readStored(row.attributes);
  if (mode === "merge") requireRoom(SCOPE, mergedScope(stored, SCOPE, incoming));
  const gone = mode === "replace" ? goneEntries(stored, SCOPE, incoming) : {};
  const isSame = Object.keys({ ...changedEntries(stored, incoming), ...gone }).length === 0;
  return !isSame || Math.floor(row.updated_ms / DAY_MS) !== Math.floor(now / DAY_MS);
}
