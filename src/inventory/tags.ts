import { requirePermission, type Actor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { newId, type DeviceId } from "../platform/ids.ts";
import {
  goneEntries,
  keysOfScope,
  readStored,
  toStored,
  type Attribute,
  type AttributeDelta,
} from "./attributes.ts";
import { requireRoom } from "./limits.ts";
import type { ReportMode } from "./report.ts";
import { applyTags, oneDevice, type GuardedRow } from "./store/devices.ts";

const SCOPE = "tags";
const ATTEMPTS = 3;

const noMatch = () => new Fault("precondition_failed", "ETag does not match");

export interface TagChange {
  device: DeviceId;
  mode: ReportMode;
  tags: readonly Attribute[];
  /** Entity tag the change is meant for; without one it is unconditional. */
  ifMatch: string | undefined;
}

/** Writes a device's tags. Tags make no device: without a condition those of an unknown one are dropped silently. */
export async function writeTags(deps: Deps, actor: Actor, change: TagChange): Promise<void> {
  requirePermission(actor, "devices:manage");
  const db = deps.db(actor.tenant);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const row = await db.one(oneDevice(actor.tenant, change.device));
    if (change.ifMatch !== undefined && row?.tags_etag !== change.ifMatch) throw noMatch();
    if (!row) return;
    const delta = tagDelta(change, row, deps.now());
    if (Object.keys(delta).length === 0 && row.tags_etag === null) return;
    const [written] = await db.batch([
      applyTags(actor.tenant, change.device, delta, { old: row.tags_etag, new: newId() }, deps.now()),
      addAuditIfChanged(actor, auditEntry(change), deps.now()),
    ]);
    if (written > 0) return;
    if (change.ifMatch !== undefined) throw noMatch();
  }
  throw new Fault("conflict", "write conflict");
}

function tagDelta(change: TagChange, row: GuardedRow, now: number): AttributeDelta {
  const stored = readStored(row.attributes);
  const incoming = toStored(SCOPE, change.tags, now);
  const kept = change.mode === "merge" ? keysOfScope(stored, SCOPE) : [];
  requireRoom(SCOPE, new Set([...kept, ...Object.keys(incoming)]).size, incoming);
  return change.mode === "merge" ? incoming : { ...incoming, ...goneEntries(stored, SCOPE, incoming) };
}

const auditEntry = (change: TagChange) => ({
  action: "update",
  object: { type: "device", id: change.device },
  change: `tags: ${change.tags.map(({ name }) => name).join(", ")}`,
});
