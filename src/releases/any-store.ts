import { sql } from "drizzle-orm";
import { firstRow, mapped, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import { artifactsTable } from "./tables.ts";

/** Whether a tenant has any artifact. */
export const anyArtifactStatement = (tenant: TenantId): Statement<boolean> =>
  mapped(
    firstRow<{ one: number }>(
      sql`SELECT 1 AS one FROM ${artifactsTable} WHERE tenant_id = ${tenant} LIMIT 1`,
    ),
    (row) => row !== undefined,
  );
