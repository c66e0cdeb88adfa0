import { sql } from "drizzle-orm";
import { columnsOf, into, type Row, type RowOf } from "../platform/columns.ts";
import { change, firstRow, mapped, rows, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import { tenantExportPartsTable, tenantExportsTable } from "./tables.ts";

export type ExportRow = Row<typeof tenantExportsTable>;

/** The place of an export: which tenant's, and its id. */
export interface ExportKey {
  tenant: TenantId;
  id: string;
}

const isExport = ({ tenant, id }: ExportKey) => sql`tenant_id = ${tenant} AND export_id = ${id}`;

/** Adds an export unless one is under way or so many are kept. */
export const addExportStatement = (
  row: Pick<
    ExportRow,
    "tenant_id" | "export_id" | "objects" | "asked_by" | "created_ms" | "expires_ms" | "position"
  >,
  kept: number,
): Statement<number> =>
  change(sql`
    INSERT ${into(tenantExportsTable, "tenant_id, export_id, state, objects, asked_by, created_ms, updated_ms, expires_ms, position")}
    SELECT ${row.tenant_id}, ${row.export_id}, 'running', ${row.objects}, ${row.asked_by}, ${row.created_ms}, ${row.created_ms}, ${row.expires_ms}, ${row.position}
    WHERE NOT EXISTS (SELECT 1 FROM ${tenantExportsTable} WHERE tenant_id = ${row.tenant_id} AND state = 'running')
      AND (SELECT COUNT(*) FROM ${tenantExportsTable} WHERE tenant_id = ${row.tenant_id}) < ${kept}`);

export const exportStatement = (key: ExportKey): Statement<ExportRow | undefined> =>
  firstRow(sql`SELECT * FROM ${tenantExportsTable} WHERE ${isExport(key)}`);

/** The newest first. */
export const exportsStatement = (
  tenant: TenantId,
  page: { offset: number; limit: number },
): Statement<ExportRow[]> =>
  rows(sql`
    SELECT * FROM ${tenantExportsTable} WHERE tenant_id = ${tenant}
    ORDER BY export_id DESC LIMIT ${page.limit} OFFSET ${page.offset}`);

export const countExportsStatement = (tenant: TenantId): Statement<number> =>
  mapped(
    firstRow<{ n: number }>(sql`SELECT COUNT(*) AS n FROM ${tenantExportsTable} WHERE tenant_id = ${tenant}`),
    (row) => row?.n ?? 0,
  );

/** Takes the part after so many for oneself, unless somebody is at it. */
export const leaseExportStatement = (
  key: ExportKey,
  parts: number,
  { nowMs, untilMs }: { nowMs: number; untilMs: number },
): Statement<number> =>
  change(sql`
    UPDATE ${tenantExportsTable} SET leased_ms = ${untilMs}
    WHERE ${isExport(key)} AND state = 'running' AND parts = ${parts} AND leased_ms <= ${nowMs}`);

/** Writes down a part that is in the bucket, if whoever made it still has the lease. */
export const keepPartStatements = (
  { tenant_id: tenant, export_id: id, parts, leased_ms: leasedMs }: ExportRow,
  made: { multipart: string; etag: string; size: number; position: string; atMs: number },
): [Statement<number>, Statement<number>] => [
  change(sql`
    UPDATE ${tenantExportsTable} SET parts = ${parts + 1}, multipart_id = ${made.multipart}, size = ${made.size},
      position = ${made.position}, updated_ms = ${made.atMs}, leased_ms = 0
    WHERE ${isExport({ tenant, id })} AND state = 'running' AND parts = ${parts} AND leased_ms = ${leasedMs}`),
  change(sql`
    INSERT ${into(tenantExportPartsTable, "tenant_id, export_id, part, etag")}
    SELECT ${tenant}, ${id}, ${parts + 1}, ${made.etag} WHERE changes() > 0`),
];

const partColumns = columnsOf(tenantExportPartsTable, "part, etag");

export const exportPartsStatement = ({ tenant, id }: ExportKey): Statement<RowOf<typeof partColumns>[]> =>
  rows(
    sql`SELECT ${partColumns} FROM ${tenantExportPartsTable} WHERE ${isExport({ tenant, id })} ORDER BY part`,
  );

export const endExportStatements = (
  key: ExportKey,
  end: { state: "done" | "failed"; size: number; position: string; failure: string | null; atMs: number },
): Statement<number>[] => [
  change(sql`
    UPDATE ${tenantExportsTable} SET state = ${end.state}, size = ${end.size}, position = ${end.position},
      failure = ${end.failure}, updated_ms = ${end.atMs}, leased_ms = 0, multipart_id = NULL
    WHERE ${isExport(key)} AND state = 'running'`),
  change(sql`DELETE FROM ${tenantExportPartsTable} WHERE ${isExport(key)}`),
];

export const forgetExportStatement = (key: ExportKey): Statement<number> =>
  change(sql`DELETE FROM ${tenantExportsTable} WHERE ${isExport(key)}`);

export const expiredExportsStatement = (nowMs: number, limit: number): Statement<ExportRow[]> =>
  rows(
    sql`SELECT * FROM ${tenantExportsTable} WHERE expires_ms <= ${nowMs} ORDER BY expires_ms LIMIT ${limit}`,
  );
