import type { Actor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { startOfPage } from "../platform/deep-page.ts";
import { Fault } from "../platform/fault.ts";
import type { DeviceId } from "../platform/ids.ts";
import { offsetOf, type Page } from "../platform/paging.ts";
import { devicesFor } from "../platform/permissions.ts";
import {
  countForGroup,
  fillGroup,
  groupMembers,
  groupNames,
  groupOf,
  groupSize,
  memberAfter,
  leaveGroup,
  setGroup,
  thinGroup,
} from "./store/groups.ts";

/** Devices changed by one batch: what one transaction can do well within the database's time limit. */
const CHUNK = 500;

export interface GroupCounts {
  matched_count?: number;
  updated_count?: number;
}

const counts = (matched: number, updated: number): GroupCounts => ({
  ...(matched > 0 && { matched_count: matched }),
  ...(updated > 0 && { updated_count: updated }),
});

const chunksOf = (ids: readonly string[]): string[][] => {
  const unique = [...new Set(ids)];
  return Array.from({ length: Math.ceil(unique.length / CHUNK) }, (_, i) =>
    unique.slice(i * CHUNK, (i + 1) * CHUNK),
  );
};

const membership = (action: string, group: string, device?: string) => ({
  action: "update",
  object: device === undefined ? { type: "device_group", id: group } : { type: "device", id: device },
  change: `${action} ${group}`,
});

export async function deviceGroup(
  deps: Deps,
  actor: Actor,
  device: DeviceId,
): Promise<{ group: string | null }> {
  const found = await deps.db(actor.tenant).one(groupOf(actor.tenant, device));
  if (!found) throw new Fault("not_found", "Device not found");
  return found;
}

export async function assignGroup(deps: Deps, actor: Actor, device: DeviceId, group: string): Promise<void> {
  const [changed] = await deps
    .db(actor.tenant)
    .batch([
      setGroup(actor.tenant, device, group),
      addAuditIfChanged(actor, membership("joined group", group, device), deps.now()),
    ]);
  if (changed === 0) throw new Fault("not_found", "failed to add device to group: Device not found");
}

export async function unassignGroup(
  deps: Deps,
  actor: Actor,
  device: DeviceId,
  group: string,
): Promise<void> {
  const [changed] = await deps
    .db(actor.tenant)
    .batch([
      leaveGroup(actor.tenant, device, group),
      addAuditIfChanged(actor, membership("left group", group, device), deps.now()),
    ]);
  if (changed === 0) throw new Fault("not_found", "failed to unassign group from device: Device not found");
}

export async function listGroups(deps: Deps, actor: Actor, status?: string): Promise<string[]> {
  const found = await deps
    .db(actor.tenant)
    .one(groupNames(actor.tenant, status, devicesFor(actor, "devices:read")));
  return found.map((row) => row.group_name);
}

export async function listMembers(
  deps: Deps,
  actor: Actor,
  group: string,
  page: Page,
  passedAtOnce?: number,
): Promise<{ ids: DeviceId[]; total: number }> {
  const { tenant } = actor;
  const db = deps.db(tenant);
  const start = await startOfPage<string>(
    offsetOf(page),
    (after, passed) => db.one(memberAfter(tenant, group, after, passed)),
    passedAtOnce,
  );
  const window = { ...start, limit: start ? page.perPage : 0 };
  const [size, members] = await db.batch([groupSize(tenant, group), groupMembers(tenant, group, window)]);
  const total = size?.devices ?? 0;
  if (total === 0) throw new Fault("not_found", "group not found");
  return { ids: members.map((row) => row.device_id), total };
}

export function addMembers(
  deps: Deps,
  actor: Actor,
  group: string,
  devices: readonly string[],
): Promise<GroupCounts> {
  return inChunks(deps, actor, group, devices, "joined group", fillGroup, ({ known, members }) =>
    counts(known, known - members),
  );
}

export function removeMembers(
  deps: Deps,
  actor: Actor,
  group: string,
  devices: readonly string[],
): Promise<GroupCounts> {
  return inChunks(deps, actor, group, devices, "left group", thinGroup, ({ members }) =>
    counts(members, members),
  );
}

/** Empties a group, and by that it is gone. Repeating it after a fault finishes what was begun. */
export async function dissolveGroup(deps: Deps, actor: Actor, group: string): Promise<GroupCounts> {
  let total = 0;
  for (;;) {
    const members = await deps.db(actor.tenant).one(groupMembers(actor.tenant, group, { limit: CHUNK }));
    if (members.length === 0) return counts(total, total);
    const ids = members.map((row) => row.device_id);
    const { updated_count: left = 0 } = await removeMembers(deps, actor, group, ids);
    if (left === 0) return counts(total, total);
    total += left;
  }
}

type Counted = { known: number; members: number };

async function inChunks(
  deps: Deps,
  actor: Actor,
  group: string,
  devices: readonly string[],
  action: string,
  write: (tenant: Actor["tenant"], ids: readonly string[], group: string) => Statement<number>,
  result: (counted: Counted) => GroupCounts,
): Promise<GroupCounts> {
  const sum: Counted = { known: 0, members: 0 };
  for (const ids of chunksOf(devices)) {
    const [counted] = await deps
      .db(actor.tenant)
      .batch([
        countForGroup(actor.tenant, ids, group),
        write(actor.tenant, ids, group),
        addAuditIfChanged(actor, membership(action, group), deps.now()),
      ]);
    sum.known += counted?.known ?? 0;
    sum.members += counted?.members ?? 0;
  }
  return result(sum);
}
