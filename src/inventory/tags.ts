import type { Actor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { newId, type DeviceId } from "../platform/ids.ts";
import {
  changedEntries,
  goneEntries,
  keysOfScope,
  mergedScope,
  readStored,
  toStored,
  type Attribute,
} from "./attributes.ts";
import { overLimit, requireRoom } from "./limits.ts";
import { toldStatements } from "./changes.ts";
import type { ReportMode } from "./device-attributes.ts";
import { oneDevice, writeTagsStatement } from "./store/devices.ts";

const SCOPE = "tags";

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
  const { device, mode, ifMatch } = change;
  const db = deps.db(actor.tenant);
  const row = await db.one(oneDevice(actor.tenant, device));
  if (ifMatch !== undefined && row?.tags_etag !== ifMatch) throw noMatch();
  if (!row) return;
  const stored = readStored(row.attributes);
  const incoming = toStored(SCOPE, change.tags, deps.now());
  requireRoom(SCOPE, mode === "merge" ? mergedScope(stored, SCOPE, incoming) : incoming);
  const isNothing = Object.keys(incoming).length === 0 && keysOfScope(stored, SCOPE).length === 0;
  if (isNothing && row.tags_etag === null) return;
  const write = { scope: SCOPE, mode, incoming } as const;
  const gone = mode === "replace" ? goneEntries(stored, SCOPE, incoming) : {};
  const changes = { ...changedEntries(stored, incoming), ...gone };
  const [written, , left] = await db.batch([
    writeTagsStatement(actor.tenant, device, write, { old: ifMatch, new: newId() }, deps.now()),
    addAuditIfChanged(actor, auditEntry(change), deps.now()),
    oneDevice(actor.tenant, device),
    // Reading changes nothing that they look at.
    ...toldStatements(deps, { tenant: actor.tenant, device, changes, atMs: deps.now() }),
  ]);
  if (written > 0) return;
  if (ifMatch !== undefined) throw noMatch();
  if (left) throw overLimit();
}

const auditEntry = (change: TagChange) => ({
  action: "update",
  object: { type: "device", id: change.device },
  change: `tags: ${change.tags.map(({ name }) => name).join(", ")}`,
});
