import { sql } from "drizzle-orm";
import { notPaused } from "../platform/apart.ts";
import { change, demand, firstRow, rows, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import { into, columnsOf, type Row, type RowOf } from "../platform/columns.ts";
import { uploadsTable, objectsTable, uploadPartsTable } from "./tables.ts";

const ownColumns = columnsOf(
  uploadsTable,
  "upload_id, state, object_key, description, actor, failure, attempts, expires_ms",
  "u",
);

export type UploadRow = RowOf<typeof ownColumns> & {
  object_state: string | null;
  multipart_id: string | null;
};

const partColumns = columnsOf(uploadPartsTable, "part, etag, size");

export type PartRow = RowOf<typeof partColumns>;

const uploadKey = (tenant: TenantId, id: string) => sql`tenant_id = ${tenant} AND upload_id = ${id}`;

/** Opens an upload unless the tenant has too many open ones already. */
export const addUpload = (
  tenant: TenantId,
  upload: { id: string; key: string; description: string | undefined; actor: string; expiresMs: number },
  maxOpen: number,
): Statement<number> =>
  change(sql`
    INSERT ${into(uploadsTable, "tenant_id, upload_id, state, object_key, description, actor, expires_ms")}
    SELECT ${tenant}, ${upload.id}, 'open', ${upload.key}, ${upload.description ?? null}, ${upload.actor}, ${upload.expiresMs}
    WHERE (SELECT count(*) FROM ${uploadsTable} WHERE tenant_id = ${tenant} AND state = 'open') < ${maxOpen}`);

export const uploadById = (tenant: TenantId, id: string): Statement<UploadRow | undefined> =>
  firstRow(sql`
    SELECT ${ownColumns}, o.state AS object_state, o.multipart_id
    FROM ${uploadsTable} u LEFT JOIN ${objectsTable} o ON o.tenant_id = u.tenant_id AND o.object_key = u.object_key
    WHERE u.tenant_id = ${tenant} AND u.upload_id = ${id}`);

export const partsOf = (tenant: TenantId, id: string): Statement<PartRow[]> =>
  rows(sql`SELECT ${partColumns} FROM ${uploadPartsTable} WHERE ${uploadKey(tenant, id)} ORDER BY part`);

/** As long as bytes come, an upload does not expire. */
export const prolongUpload = (tenant: TenantId, id: string, expiresMs: number): Statement<number> =>
  change(sql`UPDATE ${uploadsTable} SET expires_ms = max(expires_ms, ${expiresMs})
    WHERE ${uploadKey(tenant, id)} AND state = 'open'`);

/** A part sent again takes the place of the first. Nothing changes when the upload is closed. */
export const addPart = (tenant: TenantId, id: string, part: PartRow): Statement<number> =>
  change(sql`
    INSERT ${into(uploadPartsTable, "tenant_id, upload_id, part, etag, size")}
    SELECT tenant_id, upload_id, ${part.part}, ${part.etag}, ${part.size} FROM ${uploadsTable}
    WHERE ${uploadKey(tenant, id)} AND state = 'open'
    ON CONFLICT (tenant_id, upload_id, part) DO UPDATE SET etag = excluded.etag, size = excluded.size`);

/**
 * Makes an object that was sent whole the one of the upload; what it had before is given up, or the new one if the
 * upload is closed. The last statement tells which by the state it leaves the new object in.
 */
export const replaceObject = (tenant: TenantId, id: string, key: string): Statement<unknown>[] => [
  change(sql`UPDATE ${objectsTable} SET state = 'doomed' WHERE tenant_id = ${tenant} AND state <> 'doomed' AND object_key =
    (SELECT object_key FROM ${uploadsTable} WHERE ${uploadKey(tenant, id)} AND state = 'open')`),
  change(sql`UPDATE ${uploadsTable} SET object_key = ${key} WHERE ${uploadKey(tenant, id)} AND state = 'open'
    AND EXISTS (SELECT 1 FROM ${objectsTable} WHERE tenant_id = ${tenant} AND object_key = ${key} AND state = 'writing')`),
];

/** Keeps the object if it became the one of the upload. */
export const keepUploaded = (
  tenant: TenantId,
  id: string,
  { key, size }: { key: string; size: number },
): Statement<number> =>
  change(sql`UPDATE ${objectsTable} SET state = 'stored', size = ${size}
    WHERE tenant_id = ${tenant} AND object_key = ${key} AND state = 'writing'
      AND object_key = (SELECT object_key FROM ${uploadsTable} WHERE ${uploadKey(tenant, id)})`);

/** No more bytes are taken; a job verifies what there is. */
export const sealUpload = (tenant: TenantId, id: string, key: string, atMs: number): Statement<number> =>
  change(sql`UPDATE ${uploadsTable} SET state = 'verifying', expires_ms = ${atMs}
    WHERE ${uploadKey(tenant, id)} AND state = 'open' AND object_key = ${key} AND expires_ms > ${atMs}`);

/** The job at work is the one whose lease this is. */
export const leaseUpload = (tenant: TenantId, id: string, atMs: number, untilMs: number): Statement<number> =>
  change(sql`UPDATE ${uploadsTable} SET leased_until_ms = ${untilMs}, attempts = attempts + 1
    WHERE ${uploadKey(tenant, id)} AND state = 'verifying' AND leased_until_ms <= ${atMs}`);

export const renewLease = (tenant: TenantId, id: string, untilMs: number): Statement<number> =>
  change(
    sql`UPDATE ${uploadsTable} SET leased_until_ms = ${untilMs} WHERE ${uploadKey(tenant, id)} AND state = 'verifying'`,
  );

/** Takes the leases of all jobs away, which have ended with their process. */
export const endLeases = (): Statement<number> =>
  change(sql`UPDATE ${uploadsTable} SET leased_until_ms = 0 WHERE state = 'verifying'`);

/** Fails the batch unless the upload is still being verified, and closes it. */
export const finishUpload = (tenant: TenantId, id: string): Statement<unknown>[] => [
  demand(
    sql`EXISTS (SELECT 1 FROM ${uploadsTable} WHERE ${uploadKey(tenant, id)} AND state = 'verifying')`,
    "upload-closed",
  ),
  change(sql`UPDATE ${uploadsTable} SET state = 'done' WHERE ${uploadKey(tenant, id)}`),
];

export const failUpload = (tenant: TenantId, id: string, failure: string): Statement<number> =>
  change(sql`UPDATE ${uploadsTable} SET state = 'failed', failure = ${failure}
    WHERE ${uploadKey(tenant, id)} AND state IN ('open', 'verifying')`);

/** Gives up the object of an upload that failed. */
export const doomUploaded = (tenant: TenantId, id: string): Statement<number> =>
  change(sql`UPDATE ${objectsTable} SET state = 'doomed' WHERE tenant_id = ${tenant} AND state <> 'doomed' AND object_key =
    (SELECT object_key FROM ${uploadsTable} WHERE ${uploadKey(tenant, id)} AND state = 'failed')`);

/** The duty of ending uploads that were not completed in time. */
export const EXPIRY = "end-upload";

export type ExpiredUpload = Row<typeof uploadsTable, "tenant_id" | "upload_id">;

export function expiredUploads(beforeMs: number, nowMs: number, limit: number): Statement<ExpiredUpload[]> {
  const row = { tenant: sql`uploads.tenant_id`, key: sql`uploads.upload_id` };
  return rows(sql`SELECT tenant_id, upload_id FROM ${uploadsTable}
    WHERE expires_ms < ${beforeMs} AND state = 'open' AND ${notPaused(EXPIRY, row, nowMs)}
    ORDER BY expires_ms LIMIT ${limit}`);
}

/** Results that nobody can want to read any more. */
export const forgetUploads = (beforeMs: number): Statement<number> =>
  change(sql`DELETE FROM ${uploadsTable} WHERE expires_ms < ${beforeMs} AND state IN ('done', 'failed')`);
