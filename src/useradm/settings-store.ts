import { sql } from "drizzle-orm";
import { change, firstRow, type Statement } from "../platform/database.ts";
import type { TenantId, UserId } from "../platform/ids.ts";
import { into } from "../platform/columns.ts";
import { hasPlace } from "./membership-store.ts";
import { settingsTable } from "./tables.ts";

/** The settings of a user, or of the tenant. */
export type Owner = UserId | "";

export interface StoredSettings {
  etag: string;
  document: string;
}

export const settingsStatement = (tenant: TenantId, owner: Owner): Statement<StoredSettings | undefined> =>
  firstRow(sql`SELECT etag, document FROM ${settingsTable} WHERE tenant_id = ${tenant} AND owner = ${owner}`);

/** Replaces the document where it differs. With `expected` tags only a document that has one of them. */
export const writeSettingsStatement = (
  tenant: TenantId,
  owner: Owner,
  next: StoredSettings,
  expected: readonly string[] | undefined,
): Statement<number> =>
  change(sql`
    INSERT ${into(settingsTable, "tenant_id, owner, etag, document")}
    VALUES (${tenant}, ${owner}, ${next.etag}, ${next.document})
    ON CONFLICT (tenant_id, owner) DO UPDATE SET etag = excluded.etag, document = excluded.document
    WHERE document <> excluded.document
      AND (${expected ? 0 : 1} OR etag IN (SELECT value FROM json_each(${JSON.stringify(expected ?? [])})))`);

/** Removes the settings of a user who is gone. */
export const removeSettingsOfRemovedStatement = (tenant: TenantId, owner: UserId): Statement<number> =>
  change(sql`
    DELETE FROM ${settingsTable} WHERE tenant_id = ${tenant} AND owner = ${owner}
      AND NOT ${hasPlace(tenant, owner)}`);
