import { sql } from "drizzle-orm";
import { into, type Row } from "../platform/columns.ts";
import { change, firstRow, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import { storageSettingsTable } from "./tables.ts";

export const settingsOf = (
  tenant: TenantId,
): Statement<Row<typeof storageSettingsTable, "settings"> | undefined> =>
  firstRow(sql`SELECT settings FROM ${storageSettingsTable} WHERE tenant_id = ${tenant}`);

export const keepSettings = (tenant: TenantId, settings: object): Statement<number> =>
  change(sql`INSERT ${into(storageSettingsTable, "tenant_id, settings")} VALUES (${tenant}, ${JSON.stringify(settings)})
    ON CONFLICT (tenant_id) DO UPDATE SET settings = excluded.settings`);

export const dropSettings = (tenant: TenantId): Statement<number> =>
  change(sql`DELETE FROM ${storageSettingsTable} WHERE tenant_id = ${tenant}`);
