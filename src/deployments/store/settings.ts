import { sql } from "drizzle-orm";
import { into, type Row } from "../../platform/columns.ts";
import { change, firstRow, mapped, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { deploymentSettingsTable } from "../rollout-tables.ts";

type Settings = Row<typeof deploymentSettingsTable, "approvals">;

export const settingsOf = (tenant: TenantId): Statement<Settings> =>
  mapped(
    firstRow<Settings>(sql`SELECT approvals FROM ${deploymentSettingsTable} WHERE tenant_id = ${tenant}`),
    (row) => row ?? { approvals: 0 },
  );

export const setSettings = (tenant: TenantId, approvals: number): Statement<number> =>
  change(sql`
    INSERT ${into(deploymentSettingsTable, "tenant_id, approvals")} VALUES (${tenant}, ${approvals})
    ON CONFLICT (tenant_id) DO UPDATE SET approvals = excluded.approvals`);
