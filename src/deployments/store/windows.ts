import { sql } from "drizzle-orm";
import { attributeTextsStatement } from "../../inventory/index.ts";
import { altering, change, rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { notPaused } from "../../platform/apart.ts";
import { deploymentWindowsTable } from "../rollout-tables.ts";
import { deploymentCountersTable, deploymentsTable } from "../tables.ts";

export const zonesInUse = (
  tenant: TenantId,
  { scope, name }: { scope: string; name: string },
  limit: number,
): Statement<{ value: string }[]> => attributeTextsStatement(tenant, scope, name, limit);

export interface PastWindow {
  tenant_id: TenantId;
  seq: number;
  zone: string;
  /** JSON of the rollout. */
  rollout: string;
}

export const ROLL_WINDOWS = "roll-windows";

/** Windows of all tenants that are over. */
export const pastWindows = (nowMs: number, limit: number): Statement<PastWindow[]> =>
  rows(sql`
    SELECT w.tenant_id, w.seq, w.zone, d.rollout FROM ${deploymentWindowsTable} w INDEXED BY deployment_windows_by_end
    JOIN ${deploymentsTable} d ON d.tenant_id = w.tenant_id AND d.seq = w.seq
    WHERE w.to_ms <= ${nowMs}
      AND ${notPaused(ROLL_WINDOWS, { tenant: sql`w.tenant_id`, key: sql`(w.seq || ' ' || w.zone)` }, nowMs)}
    ORDER BY w.to_ms LIMIT ${limit}`);

export const setWindow = (
  tenant: TenantId,
  { seq, zone }: { seq: number; zone: string },
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Statement<number> =>
  altering(
    { tenant, what: { kind: "standing" } },
    change(sql`
      UPDATE ${deploymentWindowsTable} SET from_ms = ${fromMs}, to_ms = ${toMs}
      WHERE tenant_id = ${tenant} AND seq = ${seq} AND zone = ${zone} AND to_ms < ${toMs}`),
  );

export const dropWindow = (
  tenant: TenantId,
  { seq, zone }: { seq: number; zone: string },
): Statement<number> =>
  change(sql`
    DELETE FROM ${deploymentWindowsTable} WHERE tenant_id = ${tenant} AND seq = ${seq} AND zone = ${zone}`);

/** Of deployments that are over no window follows. */
export const isOver = (tenant: TenantId, seq: number): Statement<{ over: number }[]> =>
  rows(sql`
    SELECT 1 AS over FROM ${deploymentCountersTable} WHERE tenant_id = ${tenant} AND seq = ${seq} AND stage = 2`);
