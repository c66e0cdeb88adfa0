import { sql } from "drizzle-orm";
import type { Actor } from "./actor.ts";
import { change, type Statement } from "./database.ts";
import { newSortableId } from "./ids.ts";

/** One entry of the audit log in the protocol notes' terms (tenancy and audit 7). Never holds a secret. */
export interface AuditEntry {
  action: string;
  object: { type: string; id: string; detail?: Record<string, unknown> };
  change?: string;
  meta?: Record<string, string[]>;
}

const columns = sql`(tenant_id, time_ms, id, actor_type, actor_id, actor_email, action, object_type, object_id, object, change, meta)`;

const values = (actor: Actor, entry: AuditEntry, at: number) => {
  const user = actor.kind === "user" ? actor : undefined;
  return sql`SELECT ${actor.tenant}, ${at}, ${newSortableId(at)}, ${actor.kind}, ${user?.user ?? actor.kind}, ${user?.email ?? null},
    ${entry.action}, ${entry.object.type}, ${entry.object.id}, ${JSON.stringify(entry.object.detail ?? {})},
    ${entry.change ?? null}, ${entry.meta ? JSON.stringify(entry.meta) : null}`;
};

export const addAudit = (actor: Actor, entry: AuditEntry, at: number): Statement<number> =>
  change(sql`INSERT INTO audit_log ${columns} ${values(actor, entry, at)}`);

/** Records the entry only if the statement before it in the batch changed something. */
export const addAuditIfChanged = (actor: Actor, entry: AuditEntry, at: number): Statement<number> =>
  change(sql`INSERT INTO audit_log ${columns} ${values(actor, entry, at)} WHERE changes() > 0`);
