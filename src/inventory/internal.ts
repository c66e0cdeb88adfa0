import type { Actor } from "../platform/actor.ts";
import { altering, refusalOf, type Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { asDeviceId, newId, type DeviceId, type TenantId } from "../platform/ids.ts";
import { keyOf, toStored, type Attribute, type StoredAttributes } from "./attributes.ts";
import { noRoom } from "./limits.ts";
import { batchWithoutPledges } from "./pledges.ts";
import { COLUMN_TYPES, timeOf } from "./search/terms.ts";
import {
  addDevice,
  demandRoom,
  DEVICE_FULL,
  mergeAttributes,
  oneDevice,
  removeDevice,
  setColumns,
  type OwnColumns,
} from "./store/devices.ts";
import { countForGroup } from "./store/groups.ts";
import { countStale, removeDevices, setStatuses, someDevices } from "./store/many-devices.ts";
import { removeTenantRows } from "./store/tenants.ts";

const STATUSES = ["accepted", "rejected", "pending", "preauthorized", "noauth"];
const GONE = "decommissioned";
const CHUNK = 1000;

const writeConflict = () => new Fault("conflict", "write conflict");

export interface ScopedAttribute extends Attribute {
  scope: string;
}

/** Attributes sorted into those with a column of their own and those stored by key. */
function sortAttributes(attributes: readonly ScopedAttribute[], now: number) {
  const columns: OwnColumns = {};
  const stored: StoredAttributes = {};
  for (const attribute of attributes) {
    const key = keyOf(attribute.scope, attribute.name);
    if (COLUMN_TYPES.has(key)) Object.assign(columns, ownColumn(key, attribute.value));
    else
      Object.assign(
        stored,
        toStored(attribute.scope, [attribute], attribute.scope === "tags" ? now : undefined),
      );
  }
  return { columns, stored };
}

/** What may be set of the attributes with columns; the server alone decides the others. */
function ownColumn(key: string, value: unknown): OwnColumns {
  if (key === "system-check_in_time") {
    const checkInMs = typeof value === "string" ? timeOf(value) : undefined;
    if (checkInMs === undefined) throw new Fault("bad_request", "value: must be a time in RFC 3339.");
    return { checkInMs };
  }
  if (typeof value !== "string") throw new Fault("bad_request", "value: must be a string.");
  if (key === "identity-status") return { status: value };
  if (key === "system-group") return { group: value };
  if (key === "system-tier") return { tier: value };
  return {};
}

const refuseFull = (cause: unknown): never => {
  throw refusalOf(cause) === DEVICE_FULL ? noRoom() : cause;
};

/** Writes attributes of any scope for a trusted caller; makes the device if it is unknown. */
export async function upsertAttributes(
  deps: Deps,
  actor: Actor,
  device: DeviceId,
  attributes: readonly ScopedAttribute[],
  unmodifiedSinceMs?: number,
): Promise<void> {
  const { columns, stored } = sortAttributes(attributes, deps.now());
  const notAfterMs = unmodifiedSinceMs === undefined ? undefined : unmodifiedSinceMs + 999; // the header has whole seconds
  const hasTags = attributes.some(({ scope }) => scope === "tags");
  const now = deps.now();
  const statements = [
    demandRoom(actor.tenant, device, stored),
    oneDevice(actor.tenant, device),
    addDevice(actor.tenant, device, {}, Math.min(now, notAfterMs ?? now)),
    ...setColumns(actor.tenant, device, columns, notAfterMs),
    altering(
      { tenant: actor.tenant, what: { kind: "moved", devices: [device] } },
      mergeAttributes(actor.tenant, device, stored, now, {
        notAfterMs,
        tagsEtag: hasTags ? newId() : undefined,
      }),
    ),
  ] as const;
  const [, before] = await batchWithoutPledges(deps, actor.tenant, [device], statements).catch(refuseFull);
  if (before && notAfterMs !== undefined && before.updated_ms > notAfterMs)
    throw new Fault("precondition_failed", "write conflict");
}

export interface StatusItem {
  id: string;
  revision: number;
}

export interface StatusCounts {
  matched_count?: number;
  updated_count?: number;
  created_count?: number;
  deleted_count?: number;
}

/** Sets the status of devices. What is older than what is stored is skipped, and refused if it is the only one. */
export async function updateStatuses(
  deps: Deps,
  actor: Actor,
  status: string,
  items: readonly StatusItem[],
): Promise<StatusCounts> {
  if (status !== GONE && !STATUSES.includes(status))
    throw new Fault("not_found", `unrecognized status: ${status}`);
  const unique = [...new Map(items.map((item) => [item.id, item])).values()];
  const sum = { known: 0, stale: 0, all: unique.length };
  for (let at = 0; at < unique.length; at += CHUNK) {
    const chunk = unique.slice(at, at + CHUNK);
    const removed = status === GONE ? chunk.map(({ id }) => asDeviceId(id)) : [];
    const statements = statusStatements(deps, actor.tenant, status, chunk);
    const [known, stale] = await batchWithoutPledges(deps, actor.tenant, removed, statements);
    sum.known += known;
    sum.stale += stale;
  }
  if (status === GONE) return sum.known > 0 ? { deleted_count: sum.known } : {};
  if (items.length === 1 && sum.stale === 1) throw writeConflict();
  const updated = sum.known - sum.stale;
  const created = sum.all - sum.known;
  return {
    ...(updated > 0 && { matched_count: updated, updated_count: updated }),
    ...(created > 0 && { created_count: created }),
  };
}

function statusStatements(
  deps: Deps,
  tenant: TenantId,
  status: string,
  items: readonly StatusItem[],
): [Statement<number>, Statement<number>, Statement<number>] {
  const ids = items.map(({ id }) => id);
  return [
    someDevices(tenant, ids),
    countStale(tenant, items),
    status === GONE ? removeDevices(tenant, ids) : setStatuses(tenant, status, items, deps.now()),
  ];
}

/** Forgets devices, known or not, whose tokens go on. */
export async function forgetDevices(
  deps: Deps,
  { tenant }: Actor,
  devices: readonly DeviceId[],
): Promise<void> {
  await batchWithoutPledges(
    deps,
    tenant,
    devices,
    devices.map((device) => removeDevice(tenant, device)),
  );
}

/** True if each of the devices is in one of the groups. */
export async function areInGroups(
  deps: Deps,
  { tenant }: Actor,
  devices: readonly string[],
  groups: readonly string[],
): Promise<boolean> {
  const unique = [...new Set(devices)];
  const found = await deps
    .db(tenant)
    .batch([...new Set(groups)].map((group) => countForGroup(tenant, unique, group)));
  return found.reduce((sum, counted) => sum + (counted?.members ?? 0), 0) === unique.length;
}

/** Forgets everything about a tenant's devices, a piece at a time. Repeating it after a fault goes on with the rest. */
export async function removeTenantInventory(deps: Deps, tenant: TenantId): Promise<void> {
  for (let left = true; left;) {
    const [devices] = await deps.db(tenant).batch(removeTenantRows(tenant, CHUNK));
    left = devices > 0;
  }
}
