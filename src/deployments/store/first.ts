import { sql } from "drizzle-orm";
import { firstRow, mapped, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { deploymentCountersTable } from "../tables.ts";

/** Of so many first deployments one is looked for. */
const AMONG = 100;

/** Whether any of a tenant's first deployments has brought a device what it was to bring. */
export const anySuccessStatement = (tenant: TenantId): Statement<boolean> =>
  mapped(
    firstRow<{ one: number }>(sql`
      SELECT 1 AS one FROM (
        SELECT success FROM ${deploymentCountersTable} WHERE tenant_id = ${tenant} ORDER BY seq LIMIT ${AMONG})
      WHERE success > 0 LIMIT 1`),
    (row) => row !== undefined,
  );
