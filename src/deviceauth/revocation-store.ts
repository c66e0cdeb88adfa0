import { sql } from "drizzle-orm";
import type { Row } from "../platform/columns.ts";
import { change, rows, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import { tokenRevocationsTable } from "./tables.ts";

/** Sets whose tokens were ended within the life of a token, by id and after a given one. */
export const revokedSetsStatement = (
  tenant: TenantId,
  after: string,
  limit: number,
): Statement<Row<typeof tokenRevocationsTable, "auth_set_id">[]> =>
  rows(sql`
    SELECT auth_set_id FROM ${tokenRevocationsTable}
    WHERE tenant_id = ${tenant} AND auth_set_id > ${after} ORDER BY auth_set_id LIMIT ${limit}`);

/** Forgets revocations of tokens that have expired since. */
export const forgetRevocationsStatement = (beforeS: number, limit: number): Statement<number> =>
  change(sql`
    DELETE FROM ${tokenRevocationsTable} WHERE (tenant_id, auth_set_id) IN (
      SELECT tenant_id, auth_set_id FROM ${tokenRevocationsTable} INDEXED BY token_revocations_by_age
      WHERE revoked_s < ${beforeS} LIMIT ${limit})`);
