import { sql } from "drizzle-orm";
import { firstRow, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { deploymentsTable } from "../tables.ts";

/** What a configuration deployment brings to its devices. */
export const configurationOf = (
  tenant: TenantId,
  deployment: string,
): Statement<{ name: string; configuration: string; created_ms: number } | undefined> =>
  firstRow(sql`
    SELECT artifact_name AS name, configuration, created_ms FROM ${deploymentsTable}
    WHERE tenant_id = ${tenant} AND deployment_id = ${deployment} AND kind = 'configuration'`);
