import { sql } from "drizzle-orm";
import { altering, change, demand, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { into } from "../../platform/columns.ts";
import type { Rollout } from "../rollout/rollout-schema.ts";
import type { ZoneWindow } from "../rollout/zones.ts";
import { deploymentRulesTable, deploymentWindowsTable } from "../rollout-tables.ts";
import { deploymentCountersTable, deploymentsTable } from "../tables.ts";
import { isAhead, isWindowed, pathOf, zonePath } from "./governing.ts";
import { seqOf } from "./membership.ts";

export const CHANGED_MEANWHILE = "rollout-changed";

/** The deployment runs, with the rollout that was read. */
export const demandUnchanged = (tenant: TenantId, id: string, rollout: string): Statement<void> =>
  demand(
    sql`EXISTS (
      SELECT 1 FROM ${deploymentsTable} d
      JOIN ${deploymentCountersTable} c ON c.tenant_id = d.tenant_id AND c.seq = d.seq
      WHERE d.tenant_id = ${tenant} AND d.deployment_id = ${id} AND d.rollout = ${rollout} AND c.stage < 2)`,
    CHANGED_MEANWHILE,
  );

export const setRollout = (tenant: TenantId, id: string, rollout: string): Statement<number> =>
  altering(
    { tenant, what: { kind: "standing" } },
    change(sql`
      UPDATE ${deploymentsTable} SET rollout = ${rollout} WHERE tenant_id = ${tenant} AND deployment_id = ${id}`),
  );

export const setRules = (
  tenant: TenantId,
  id: string,
  { per_minute, at_once, budget, ...rollout }: Rollout,
): Statement<number> =>
  change(sql`
    UPDATE ${deploymentRulesTable} SET per_minute = ${per_minute ?? null}, at_once = ${at_once ?? null},
      budget_path = ${budget ? pathOf(budget.attribute) : null}, budget_at_once = ${budget?.at_once ?? null},
      budget_bytes = ${budget?.bytes_per_day ?? null}, windowed = ${Number(isWindowed(rollout))},
      zone_path = ${zonePath(rollout)}, ahead = ${Number(isAhead(rollout))}
    WHERE tenant_id = ${tenant} AND seq = ${seqOf(tenant, id)}`);

export const replaceWindows = (
  tenant: TenantId,
  id: string,
  windows: readonly ZoneWindow[],
): Statement<number>[] => [
  change(
    sql`DELETE FROM ${deploymentWindowsTable} WHERE tenant_id = ${tenant} AND seq = ${seqOf(tenant, id)}`,
  ),
  change(sql`
    INSERT ${into(deploymentWindowsTable, "tenant_id, seq, zone, from_ms, to_ms")}
    SELECT ${tenant}, ${seqOf(tenant, id)}, w.value ->> 'zone', w.value ->> 'fromMs', w.value ->> 'toMs'
    FROM json_each(${JSON.stringify(windows)}) w`),
];
