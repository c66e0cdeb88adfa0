import { sql } from "drizzle-orm";
import { columnsOf, into, type Row, type RowOf } from "../platform/columns.ts";
import { change, firstRow, mapped, rows, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import { eventReceiversTable } from "../platform/tables.ts";
import { webhooksTable } from "./tables.ts";

/** Each costs a request for every batch of events. */
export const MAX_WEBHOOKS = 50;

const columns = columnsOf(
  webhooksTable,
  "webhook_id, name, shape, shown, filter, batch, enabled, sealed, old_until_ms, created_ms, updated_ms",
  "w",
);

/** A webhook, and the types that it is told of. */
export type WebhookRow = RowOf<typeof columns> & { types: string };

const all = sql`
  SELECT ${columns}, r.types FROM ${webhooksTable} w
  JOIN ${eventReceiversTable} r ON r.tenant_id = w.tenant_id AND r.receiver_id = w.webhook_id`;

export const webhooksStatement = (tenant: TenantId): Statement<WebhookRow[]> =>
  rows<WebhookRow>(sql`${all} WHERE w.tenant_id = ${tenant} ORDER BY w.name, w.webhook_id`);

export const webhookStatement = (tenant: TenantId, id: string): Statement<WebhookRow | undefined> =>
  firstRow<WebhookRow>(sql`${all} WHERE w.tenant_id = ${tenant} AND w.webhook_id = ${id}`);

export type NewWebhook = Omit<Row<typeof webhooksTable>, "tenant_id" | "updated_ms" | "old_until_ms">;

/** Nothing if the tenant has as many as it may. */
export const addWebhookStatement = (tenant: TenantId, hook: NewWebhook): Statement<number> =>
  change(sql`
    INSERT ${into(webhooksTable, "tenant_id, webhook_id, name, shape, shown, filter, batch, enabled, sealed, created_ms, updated_ms")}
    SELECT ${tenant}, ${hook.webhook_id}, ${hook.name}, ${hook.shape}, ${hook.shown}, ${hook.filter}, ${hook.batch},
      ${hook.enabled}, ${hook.sealed}, ${hook.created_ms}, ${hook.created_ms}
    WHERE (SELECT count(*) FROM ${webhooksTable} WHERE tenant_id = ${tenant}) < ${MAX_WEBHOOKS}`);

export type Changed = Omit<NewWebhook, "created_ms" | "shape" | "sealed">;

/** Unless somebody else has changed its keys meanwhile. */
export const changeWebhookStatement = (
  tenant: TenantId,
  { webhook_id: id, name, shown, filter, batch, enabled }: Changed,
  keys: { before: string; after: string; oldUntilMs: number | null },
  atMs: number,
): Statement<number> =>
  change(sql`
    UPDATE ${webhooksTable} SET name = ${name}, shown = ${shown}, filter = ${filter}, batch = ${batch}, enabled = ${enabled},
      sealed = ${keys.after}, old_until_ms = ${keys.oldUntilMs}, updated_ms = ${atMs}
    WHERE tenant_id = ${tenant} AND webhook_id = ${id} AND sealed = ${keys.before}`);

export const removeWebhookStatement = (tenant: TenantId, id: string): Statement<number> =>
  change(sql`DELETE FROM ${webhooksTable} WHERE tenant_id = ${tenant} AND webhook_id = ${id}`);

export interface SealedWebhook {
  tenant_id: TenantId;
  webhook_id: string;
  sealed: string;
}

/** Webhooks whose keys an earlier key of the server has sealed, after a place. */
export const sealedOtherwiseStatement = (
  presentSeal: string,
  after: Pick<SealedWebhook, "tenant_id" | "webhook_id">,
  limit: number,
): Statement<SealedWebhook[]> =>
  mapped(
    rows<SealedWebhook>(sql`
      SELECT tenant_id, webhook_id, sealed FROM ${webhooksTable}
      WHERE (tenant_id, webhook_id) > (${after.tenant_id}, ${after.webhook_id})
        AND substr(sealed, 1, ${presentSeal.length}) <> ${presentSeal}
      ORDER BY tenant_id, webhook_id LIMIT ${limit}`),
    (found) => found,
  );

export const resealStatement = (before: SealedWebhook, sealed: string): Statement<number> =>
  change(sql`
    UPDATE ${webhooksTable} SET sealed = ${sealed}
    WHERE tenant_id = ${before.tenant_id} AND webhook_id = ${before.webhook_id} AND sealed = ${before.sealed}`);
