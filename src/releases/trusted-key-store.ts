import { sql } from "drizzle-orm";
import { columnsOf, into, type RowOf } from "../platform/columns.ts";
import { change, rows, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import { artifactKeysTable } from "./tables.ts";

export const MAX_KEYS = 20;

const columns = columnsOf(artifactKeysTable, "key_id, name, pem, created_ms");

export type KeyRow = RowOf<typeof columns>;

export const keysOf = (tenant: TenantId): Statement<KeyRow[]> =>
  rows(
    sql`SELECT ${columns} FROM ${artifactKeysTable} WHERE tenant_id = ${tenant} ORDER BY created_ms, key_id`,
  );

/** Nothing changes if the tenant has as many as it may. */
export const addKey = (tenant: TenantId, key: KeyRow): Statement<number> =>
  change(sql`
    INSERT ${into(artifactKeysTable, "tenant_id, key_id, name, pem, created_ms")}
    SELECT ${tenant}, ${key.key_id}, ${key.name}, ${key.pem}, ${key.created_ms}
    WHERE (SELECT count(*) FROM ${artifactKeysTable} WHERE tenant_id = ${tenant}) < ${MAX_KEYS}`);

export const dropKey = (tenant: TenantId, id: string): Statement<number> =>
  change(sql`DELETE FROM ${artifactKeysTable} WHERE tenant_id = ${tenant} AND key_id = ${id}`);
