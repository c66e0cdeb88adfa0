import { sql, type SQL } from "drizzle-orm";
import type { OperatorActor, SystemActor, UserActor } from "./actor.ts";
import { change, type Statement } from "./database.ts";
import { newSortableId, type TenantId } from "./ids.ts";
import { into } from "./columns.ts";
import { auditChainsTable, auditLogTable } from "./tables.ts";

/**
 * One entry of the audit log in the protocol notes' terms (tenancy and audit 7). Never holds a secret. What clients need to
 * know of a user, tenant or device is looked up as it is written, where `detail` does not say it.
 */
export interface AuditEntry {
  action: string;
  object: { type: string; id: string; detail?: Record<string, unknown> };
  change?: string;
  meta?: Record<string, string[]>;
}

/** What another service tells of a device. */
interface DeviceOfEntry {
  kind: "device";
  tenant: TenantId;
  device: string;
}

/** Whoever did it, as far as the log tells. */
export type AuditActor =
  | Pick<UserActor, "kind" | "tenant" | "user" | "email">
  | OperatorActor
  | SystemActor
  | DeviceOfEntry;

const intoLog = into(
  auditLogTable,
  "tenant_id, time_ms, id, actor_type, actor_id, actor_email, action, object_type, object_id, object, change, meta, position",
);

const LOOK_UPS: Readonly<Record<string, (tenant: TenantId, id: string) => SQL>> = {
  device: (tenant, id) => sql`json_object('device', json_object('identity_data', coalesce(
    (SELECT identity FROM devices WHERE tenant_id = ${tenant} AND device_id = ${id}), '{}')))`,
  user: (tenant, id) => sql`json_object('user', json_object('email', coalesce(
    (SELECT email FROM users WHERE tenant_id = ${tenant} AND user_id = ${id}), '')))`,
  tenant: (_, id) => sql`json_object('tenant', json_object('id', ${id}, 'name', coalesce(
    (SELECT name FROM tenants WHERE tenant_id = ${id}), ${id})))`,
};

const detailOf = (tenant: TenantId, { type, id, detail }: AuditEntry["object"]): SQL =>
  detail ? sql`${JSON.stringify(detail)}` : (LOOK_UPS[type]?.(tenant, id) ?? sql`'{}'`);

/** The last place of a log, found by one step whatever the planner thinks. */
export const lastPosition = (tenant: SQL): SQL => sql`
  SELECT position FROM ${auditLogTable} INDEXED BY audit_log_position
  WHERE tenant_id = ${tenant} AND position IS NOT NULL ORDER BY position DESC LIMIT 1`;

/** The one after the last, also after one that is gone. Written with the entry, so that none is made twice or left out. */
const nextPosition = (tenant: TenantId): SQL => sql`1 + max(
    coalesce((${lastPosition(sql`${tenant}`)}), 0),
    coalesce((SELECT position FROM ${auditChainsTable} WHERE tenant_id = ${tenant}), 0))`;

const values = (actor: AuditActor, entry: AuditEntry, at: number) => {
  const user = actor.kind === "user" ? actor : undefined;
  const id = actor.kind === "device" ? actor.device : (user?.user ?? actor.kind);
  return sql`SELECT ${actor.tenant}, ${at}, ${newSortableId(at)}, ${actor.kind}, ${id}, ${user?.email ?? null},
    ${entry.action}, ${entry.object.type}, ${entry.object.id}, ${detailOf(actor.tenant, entry.object)},
    ${entry.change ?? null}, ${entry.meta ? JSON.stringify(entry.meta) : null}, ${nextPosition(actor.tenant)}`;
};

export const addAudit = (actor: AuditActor, entry: AuditEntry, at: number): Statement<number> =>
  change(sql`INSERT ${intoLog} ${values(actor, entry, at)}`);

/** Records the entry only if the statement before it in the batch changed something. */
export const addAuditIfChanged = (actor: AuditActor, entry: AuditEntry, at: number): Statement<number> =>
  change(sql`INSERT ${intoLog} ${values(actor, entry, at)} WHERE changes() > 0`);
