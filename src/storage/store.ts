import { sql } from "drizzle-orm";
import { notPaused } from "../platform/apart.ts";
import { change, demand, firstRow, inJson, refusalOf, rows, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import { into, type Row } from "../platform/columns.ts";
import { objectsTable, storageUsageTable } from "./tables.ts";

/** Where the payload of an artifact lies in its object. */
export interface Payload {
  sha256: string;
  offset: number;
  size: number;
}

/** A request sends a `writing` object; a `collecting` one grows by parts over many requests. */
export const addObject = (
  tenant: TenantId,
  key: string,
  state: "writing" | "collecting",
  atMs: number,
): Statement<number> =>
  change(
    sql`INSERT ${into(objectsTable, "tenant_id, object_key, state, alive_ms")} VALUES (${tenant}, ${key}, ${state}, ${atMs})`,
  );

/** Says that the object is still being sent; nothing changes if it was given up meanwhile. */
export const touchObject = (tenant: TenantId, key: string, atMs: number): Statement<number> =>
  change(sql`UPDATE ${objectsTable} SET alive_ms = ${atMs}
    WHERE tenant_id = ${tenant} AND object_key = ${key} AND state = 'writing'`);

/** Remembers the storage's id of an upload in parts before it holds any byte. The first one wins. */
export const setMultipart = (tenant: TenantId, key: string, multipartId: string): Statement<number> =>
  change(sql`UPDATE ${objectsTable} SET multipart_id = ${multipartId}
    WHERE tenant_id = ${tenant} AND object_key = ${key} AND state IN ('writing', 'collecting') AND multipart_id IS NULL`);

export const multipartOf = (
  tenant: TenantId,
  key: string,
): Statement<Row<typeof objectsTable, "multipart_id"> | undefined> =>
  firstRow(sql`SELECT multipart_id FROM ${objectsTable} WHERE tenant_id = ${tenant} AND object_key = ${key}`);

/** The object is whole. Nothing changes if it was given up meanwhile. */
export const keepObject = (
  tenant: TenantId,
  key: string,
  { size, payload }: { size: number; payload?: Payload | undefined },
): Statement<number> =>
  change(sql`
    UPDATE ${objectsTable} SET state = 'stored', size = ${size}, multipart_id = NULL,
      payload_sha256 = ${payload?.sha256 ?? null}, payload_offset = ${payload?.offset ?? null}, payload_size = ${payload?.size ?? null}
    WHERE tenant_id = ${tenant} AND object_key = ${key} AND state <> 'doomed'`);

const unused = sql`NOT EXISTS (SELECT 1 FROM artifact_objects r
  WHERE r.tenant_id = objects.tenant_id AND r.object_key = objects.object_key)`;

/** Gives up objects that no artifact refers to. From here on nothing can refer to them again. */
export const doomObjects = (tenant: TenantId, keys: readonly string[]): Statement<number> =>
  change(sql`UPDATE ${objectsTable} SET state = 'doomed'
    WHERE tenant_id = ${tenant} AND ${inJson(sql`object_key`, keys)} AND state <> 'doomed' AND ${unused}`);

/** Gives up what a request was sending when it died. */
export const doomDeadObjects = (deadBeforeMs: number): Statement<number> =>
  change(sql`UPDATE ${objectsTable} SET state = 'doomed'
    WHERE state <> 'stored' AND state = 'writing' AND alive_ms < ${deadBeforeMs}`);

/** The duty of removing objects that were given up. */
export const REMOVAL = "remove-object";

export interface DoomedObject {
  tenant_id: TenantId;
  object_key: string;
  multipart_id: string | null;
}

const doomed = sql`SELECT tenant_id, object_key, multipart_id FROM ${objectsTable} WHERE state <> 'stored' AND state = 'doomed'`;

export function doomedObjects(
  tenant: TenantId | undefined,
  nowMs: number,
  limit: number,
): Statement<DoomedObject[]> {
  const row = { tenant: sql`objects.tenant_id`, key: sql`objects.object_key` };
  const whose = tenant === undefined ? sql`` : sql`AND tenant_id = ${tenant}`;
  return rows(sql`${doomed} ${whose} AND ${notPaused(REMOVAL, row, nowMs)} LIMIT ${limit}`);
}

/** Removes the record of an object whose bytes are gone. */
export const forgetObject = (tenant: TenantId, key: string): Statement<number> =>
  change(
    sql`DELETE FROM ${objectsTable} WHERE tenant_id = ${tenant} AND object_key = ${key} AND state = 'doomed'`,
  );

/** Those of the keys that have a record. */
export const knownObjects = (
  tenant: TenantId,
  keys: readonly string[],
): Statement<Row<typeof objectsTable, "object_key">[]> =>
  rows(
    sql`SELECT object_key FROM ${objectsTable} WHERE tenant_id = ${tenant} AND ${inJson(sql`object_key`, keys)}`,
  );

/** An object in use that holds the same payload. */
export const objectWithPayload = (
  tenant: TenantId,
  payload: { sha256: string; size: number },
): Statement<{ object_key: string; payload_offset: number } | undefined> =>
  firstRow(sql`
    SELECT object_key, payload_offset FROM ${objectsTable}
    WHERE tenant_id = ${tenant} AND payload_sha256 = ${payload.sha256} AND payload_size = ${payload.size}
      AND state = 'stored' AND NOT ${unused} LIMIT 1`);

export const usageOf = (tenant: TenantId): Statement<Row<typeof storageUsageTable, "bytes"> | undefined> =>
  firstRow(sql`SELECT bytes FROM ${storageUsageTable} WHERE tenant_id = ${tenant}`);

export const addUsage = (tenant: TenantId, bytes: number): Statement<number> =>
  change(sql`
    INSERT ${into(storageUsageTable, "tenant_id, bytes")} VALUES (${tenant}, ${bytes})
    ON CONFLICT (tenant_id) DO UPDATE SET bytes = bytes + excluded.bytes`);

/** Fails the batch if the tenant now stores more than it may. */
export const demandQuota = (tenant: TenantId, limit: number): Statement<void> =>
  demand(sql`(SELECT bytes FROM ${storageUsageTable} WHERE tenant_id = ${tenant}) <= ${limit}`, "over-quota");

/** Fails the batch if one of the objects was given up. */
export const demandStored = (tenant: TenantId, keys: readonly string[]): Statement<void> =>
  demand(
    sql`${keys.length} = (SELECT count(*) FROM ${objectsTable}
      WHERE tenant_id = ${tenant} AND ${inJson(sql`object_key`, keys)} AND state = 'stored')`,
    "object-gone",
  );

/** Takes what `doomObjects` with the same keys, next in the batch, is going to free. */
export const freeUsage = (tenant: TenantId, keys: readonly string[]): Statement<number> =>
  change(sql`
    UPDATE ${storageUsageTable} SET bytes = bytes - (
      SELECT coalesce(sum(size), 0) FROM ${objectsTable}
      WHERE tenant_id = ${tenant} AND ${inJson(sql`object_key`, keys)} AND state = 'stored' AND ${unused})
    WHERE tenant_id = ${tenant}`);

export const isOverQuota = (cause: unknown): boolean => refusalOf(cause) === "over-quota";

export const isObjectGone = (cause: unknown): boolean => refusalOf(cause) === "object-gone";
