import { asLiveDevice } from "../devices/live-device.ts";
import type { DeviceClaim } from "../platform/actor.ts";
import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import {
  changedEntries,
  goneEntries,
  keysOfScope,
  readStored,
  toStored,
  type Attribute,
  type AttributeDelta,
  type StoredAttributes,
} from "./attributes.ts";
import { requireRoom } from "./limits.ts";
import { addDevice, applyReport, oneDevice, type GuardedRow } from "./store/devices.ts";

const SCOPE = "inventory";
const ATTEMPTS = 3;
const DAY_MS = 86_400_000;

/** `replace` removes what the report leaves out, `merge` keeps it. */
export type ReportMode = "replace" | "merge";

/**
 * Takes a device's report. One that changes nothing writes nothing, unless it is the first of a UTC day. A report that
 * was overtaken by another write of the same device is computed again.
 */
export async function reportAttributes(
  deps: Deps,
  claim: DeviceClaim,
  mode: ReportMode,
  attributes: readonly Attribute[],
): Promise<void> {
  const incoming = toStored(SCOPE, attributes);
  if (mode === "replace") requireRoom(SCOPE, Object.keys(incoming).length, incoming);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { results } = await asLiveDevice(deps, claim, [oneDevice(claim.tenant, claim.device)]);
    const write = reportStatement(claim, mode, incoming, results[0], deps.now());
    if (!write || (await deps.db(claim.tenant).one(write)) > 0) return;
  }
  throw new Fault("unavailable", "service unavailable", { headers: { "Retry-After": "1" } });
}

function reportStatement(
  { tenant, device }: DeviceClaim,
  mode: ReportMode,
  incoming: StoredAttributes,
  row: GuardedRow | undefined,
  now: number,
): Statement<number> | undefined {
  if (!row) return addDevice(tenant, device, incoming, now);
  const delta = reportDelta(mode, readStored(row.attributes), incoming);
  const fresh = Math.floor(row.updated_ms / DAY_MS) === Math.floor(now / DAY_MS);
  if (fresh && Object.keys(delta).length === 0) return undefined;
  return applyReport(tenant, device, delta, row.report_revision, now);
}

function reportDelta(mode: ReportMode, stored: StoredAttributes, incoming: StoredAttributes): AttributeDelta {
  const changed = changedEntries(stored, incoming);
  if (mode === "replace") return { ...changed, ...goneEntries(stored, SCOPE, incoming) };
  const old = keysOfScope(stored, SCOPE).map((key) => [key, stored[key]] as const);
  const together = { ...Object.fromEntries(old), ...incoming } as StoredAttributes; // only keys that are in `stored`
  requireRoom(SCOPE, Object.keys(together).length, together);
  return changed;
}
