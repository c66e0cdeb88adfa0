import { sql } from "drizzle-orm";
import { into, type Row } from "../platform/columns.ts";
import { change, firstRow, rows, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import type { LimitName } from "../platform/limit-names.ts";
import { tenantLimitsTable, tenantsTable } from "./tables.ts";

/** One named limit of a tenant; undefined when none was set. What a value means is its reader's to say. */
export const limitStatement = (
  tenant: TenantId,
  name: LimitName,
): Statement<Row<typeof tenantLimitsTable, "value"> | undefined> =>
  firstRow(sql`SELECT value FROM ${tenantLimitsTable} WHERE tenant_id = ${tenant} AND name = ${name}`);

export const limitsStatement = (
  tenant: TenantId,
): Statement<Row<typeof tenantLimitsTable, "name" | "value">[]> =>
  rows(sql`SELECT name, value FROM ${tenantLimitsTable} WHERE tenant_id = ${tenant} ORDER BY name`);

/** Sets a limit of a tenant that exists. */
export const setLimitStatement = (tenant: TenantId, name: LimitName, value: number): Statement<number> =>
  change(sql`
    INSERT ${into(tenantLimitsTable, "tenant_id, name, value")}
    SELECT tenant_id, ${name}, ${value} FROM ${tenantsTable} WHERE tenant_id = ${tenant}
    ON CONFLICT (tenant_id, name) DO UPDATE SET value = excluded.value WHERE value <> excluded.value`);

export const clearLimitStatement = (tenant: TenantId, name: LimitName): Statement<number> =>
  change(sql`DELETE FROM ${tenantLimitsTable} WHERE tenant_id = ${tenant} AND name = ${name}`);
