import { sql, type SQL } from "drizzle-orm";
import type { OperatorActor, SystemActor, UserActor } from "./actor.ts";
import { change, recording, rows, type Statement } from "./database.ts";
import { newSortableId, type TenantId } from "./ids.ts";
import { columnsOf, into, type RowOf } from "./columns.ts";
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
  recording(actor.tenant, change(sql`INSERT ${intoLog} ${values(actor, entry, at)}`));

/** Records the entry only if the statement before it in the batch changed something. */
export const addAuditIfChanged = (actor: AuditActor, entry: AuditEntry, at: number): Statement<number> =>
  recording(actor.tenant, change(sql`INSERT ${intoLog} ${values(actor, entry, at)} WHERE changes() > 0`));

const strayColumns = columnsOf(
  auditLogTable,
  "tenant_id, time_ms, id, actor_type, actor_id, actor_email, action, object_type, object_id, object, change, meta",
);

export type StrayEntry = RowOf<typeof strayColumns>;

/** Entries of a tenant in a database that is not its home, the oldest first. */
export const strayEntries = (tenant: TenantId, limit: number): Statement<StrayEntry[]> =>
  rows(sql`
    SELECT ${strayColumns} FROM ${auditLogTable} WHERE tenant_id = ${tenant} ORDER BY time_ms, id LIMIT ${limit}`);

/** Records an entry at its place in the log of the tenant's home; one that is there already stays. */
export const takeOverEntry = (entry: StrayEntry): Statement<number> =>
  change(sql`
    INSERT ${intoLog}
    SELECT ${entry.tenant_id}, ${entry.time_ms}, ${entry.id}, ${entry.actor_type}, ${entry.actor_id}, ${entry.actor_email},
      ${entry.action}, ${entry.object_type}, ${entry.object_id}, ${entry.object}, ${entry.change}, ${entry.meta},
      ${nextPosition(entry.tenant_id)}
    WHERE true ON CONFLICT DO NOTHING`);

export const forgetStray = ({ tenant_id, time_ms, id }: StrayEntry): Statement<number> =>
  change(
    sql`DELETE FROM ${auditLogTable} WHERE tenant_id = ${tenant_id} AND time_ms = ${time_ms} AND id = ${id}`,
  );
