import { sql } from "drizzle-orm";
import { into, columnsOf, type Row, type RowOf } from "../../platform/columns.ts";
import { change, demand, firstRow, inJson, mapped, rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { tenantsTable } from "../../tenants/index.ts";
import type { CopiedRow, Value } from "../rows-store.ts";
import { tenantImportsTable } from "../../platform/tables.ts";
import { tenantImportPartsTable } from "../tables.ts";
import { tablesIn, type Holding, type TenantTable } from "../tenant-tables.ts";

export type ImportRow = Row<typeof tenantImportsTable>;
export type ImportStep = ImportRow["step"];

/** Adds an import unless so many have not ended. */
export const addImportStatement = (
  row: Pick<
    ImportRow,
    | "import_id"
    | "step"
    | "archive"
    | "is_sent"
    | "size"
    | "etag"
    | "multipart_id"
    | "jurisdiction"
    | "position"
    | "created_ms"
  >,
  open: number,
): Statement<number> =>
  change(sql`
    INSERT ${into(tenantImportsTable, "import_id, step, archive, is_sent, size, etag, multipart_id, jurisdiction, position, created_ms, updated_ms")}
    SELECT ${row.import_id}, ${row.step}, ${row.archive}, ${row.is_sent}, ${row.size}, ${row.etag}, ${row.multipart_id}, ${row.jurisdiction},
      ${row.position}, ${row.created_ms}, ${row.created_ms}
    WHERE (SELECT COUNT(*) FROM ${tenantImportsTable} WHERE ended_ms IS NULL) < ${open}`);

export const importStatement = (id: string): Statement<ImportRow | undefined> =>
  firstRow(sql`SELECT * FROM ${tenantImportsTable} WHERE import_id = ${id}`);

/** The newest first. */
export const importsStatement = (page: { offset: number; limit: number }): Statement<ImportRow[]> =>
  rows(
    sql`SELECT * FROM ${tenantImportsTable} ORDER BY import_id DESC LIMIT ${page.limit} OFFSET ${page.offset}`,
  );

const countOf = (statement: Statement<{ n: number } | undefined>): Statement<number> =>
  mapped(statement, (row) => row?.n ?? 0);

export const countImportsStatement: Statement<number> = countOf(
  firstRow(sql`SELECT COUNT(*) AS n FROM ${tenantImportsTable}`),
);

export const openImportsStatement: Statement<string[]> = mapped(
  rows<{ import_id: string }>(
    sql`SELECT import_id FROM ${tenantImportsTable} WHERE ended_ms IS NULL AND step <> 'uploading' ORDER BY import_id`,
  ),
  (found) => found.map(({ import_id: id }) => id),
);

/** Ends those that got no bytes for so long. */
export const endIdleStatement = (beforeMs: number, nowMs: number): Statement<number> =>
  change(sql`
    UPDATE ${tenantImportsTable} SET step = 'dropping', updated_ms = ${nowMs}
    WHERE ended_ms IS NULL AND step = 'uploading' AND updated_ms <= ${beforeMs}`);

export const forgetEndedStatement = (beforeMs: number): Statement<number> =>
  change(sql`DELETE FROM ${tenantImportsTable} WHERE ended_ms <= ${beforeMs}`);

export const forgetImportStatement = (id: string): Statement<number> =>
  change(sql`DELETE FROM ${tenantImportsTable} WHERE import_id = ${id} AND ended_ms IS NOT NULL`);

const partColumns = columnsOf(tenantImportPartsTable, "part, etag");

export const sentPartsStatement = (id: string): Statement<RowOf<typeof partColumns>[]> =>
  rows(sql`SELECT ${partColumns} FROM ${tenantImportPartsTable} WHERE import_id = ${id} ORDER BY part`);

/** Writes down a part that is in the bucket, while parts are taken. */
export const keepSentStatements = (
  id: string,
  part: number,
  etag: string,
  atMs: number,
): Statement<number>[] => [
  change(sql`
    INSERT ${into(tenantImportPartsTable, "import_id, part, etag")}
    SELECT import_id, ${part}, ${etag} FROM ${tenantImportsTable} WHERE import_id = ${id} AND step = 'uploading'
    ON CONFLICT (import_id, part) DO UPDATE SET etag = excluded.etag`),
  change(
    sql`UPDATE ${tenantImportsTable} SET updated_ms = ${atMs} WHERE import_id = ${id} AND step = 'uploading'`,
  ),
];

/** The archive is there as a whole. */
export const sentStatements = (id: string, etag: string, atMs: number): Statement<number>[] => [
  change(sql`
    UPDATE ${tenantImportsTable} SET step = 'checking', etag = ${etag}, multipart_id = NULL, updated_ms = ${atMs}
    WHERE import_id = ${id} AND step = 'uploading'`),
  change(sql`DELETE FROM ${tenantImportPartsTable} WHERE import_id = ${id}`),
];

/** The import, for who works on it from here on; nothing if somebody does already. */
export const leaseStatement = (
  id: string,
  nowMs: number,
  untilMs: number,
): Statement<ImportRow | undefined> =>
  firstRow(sql`
    UPDATE ${tenantImportsTable} SET leased_ms = ${untilMs}, attempts = attempts + 1
    WHERE import_id = ${id} AND leased_ms <= ${nowMs} AND ended_ms IS NULL AND step <> 'uploading' RETURNING *`);

export const releaseStatement = (id: string, untilMs: number): Statement<number> =>
  change(
    sql`UPDATE ${tenantImportsTable} SET leased_ms = 0 WHERE import_id = ${id} AND leased_ms = ${untilMs}`,
  );

export interface Advance {
  step: ImportStep;
  position?: string;
  failure?: string;
}

/** With the tenant there, or nothing of it, its id is nobody's to keep any more. */
const FREED: ReadonlySet<ImportStep> = new Set(["closing", "dropping"]);
const ENDED: ReadonlySet<ImportStep> = new Set(["done", "failed", "cancelled"]);

/** The refusal of a batch whose import is not where it was. */
export const IMPORT_MOVED_ON = "import-moved-on";
/** The refusal of an import of a tenant that is here. */
export const TENANT_IS_HERE = "tenant-is-here";

export const demandStep = ({ import_id: id, step }: ImportRow): Statement<void> =>
  demand(
    sql`EXISTS (SELECT 1 FROM ${tenantImportsTable} WHERE import_id = ${id} AND step = ${step})`,
    IMPORT_MOVED_ON,
  );

/** Takes the import on; comes after `demandStep`. */
export const advanceStatement = (row: ImportRow, to: Advance, nowMs: number): Statement<number> =>
  change(sql`
    UPDATE ${tenantImportsTable} SET step = ${to.step}, position = ${to.position ?? row.position}, attempts = 0,
      tenant = ${FREED.has(to.step) ? null : row.tenant},
      failure = ${to.failure ?? row.failure}, updated_ms = ${nowMs}, ended_ms = ${ENDED.has(to.step) ? nowMs : null}
    WHERE import_id = ${row.import_id}`);

export const demandNoTenant = (tenant: TenantId): Statement<void> =>
  demand(sql`NOT EXISTS (SELECT 1 FROM ${tenantsTable} WHERE tenant_id = ${tenant})`, TENANT_IS_HERE);

export const isTenantStatement = (tenant: TenantId): Statement<boolean> =>
  mapped(
    firstRow(sql`SELECT 1 AS found FROM ${tenantsTable} WHERE tenant_id = ${tenant}`),
    (row) => row !== undefined,
  );

/** From here on nobody else becomes the tenant. */
export const claimStatement = (
  { import_id: id }: ImportRow,
  claim: { tenant: TenantId; home: string },
): Statement<number> =>
  change(sql`
    UPDATE ${tenantImportsTable} SET tenant = ${claim.tenant}, home = ${claim.home}
    WHERE import_id = ${id}`);

/** Ends an import; what was written is taken back. */
export const cancelStatement = (id: string, nowMs: number): Statement<number> =>
  change(sql`
    UPDATE ${tenantImportsTable} SET updated_ms = ${nowMs},
      tenant = CASE WHEN step IN ('writing', 'finishing', 'opening') THEN tenant END,
      step = CASE WHEN step IN ('writing', 'finishing', 'opening') THEN 'clearing' ELSE 'dropping' END
    WHERE import_id = ${id} AND ended_ms IS NULL AND step NOT IN ('closing', 'clearing', 'dropping')`);

/** Tables of which a database has rows of a tenant; it is asked for those that it is to have. */
export const filledTablesStatements = (tenant: TenantId, of: Holding): Statement<string[]>[] =>
  tablesIn(of).map(({ name }) =>
    mapped(
      rows<{ found: number }>(
        sql`SELECT 1 AS found FROM ${sql.identifier(name)} WHERE tenant_id = ${tenant} LIMIT 1`,
      ),
      (found) => found.map(() => name),
    ),
  );

/** How many of these rows a table has, by their key. */
export function keptStatement(
  { name, key }: TenantTable,
  tenant: TenantId,
  written: readonly CopiedRow[],
): Statement<number> {
  const table = sql.identifier(name);
  if (key.length === 0)
    return countOf(firstRow(sql`SELECT COUNT(*) AS n FROM ${table} WHERE tenant_id = ${tenant}`));
  const list = (parts: ReturnType<typeof sql>[]) => sql.join(parts, sql`, `);
  const keys = written.map((row) => key.map((column): Value => row[column] ?? null));
  const columns = list(key.map((column) => sql`${sql.identifier(column)}`));
  const values = list(key.map((_, i) => sql`value ->> ${`$[${i}]`}`));
  return countOf(
    firstRow(sql`
      SELECT COUNT(*) AS n FROM ${table} WHERE tenant_id = ${tenant}
        AND (${columns}) IN (SELECT ${values} FROM json_each(${JSON.stringify(keys)}))`),
  );
}

/** Those of the users whose id or address is of somebody of another tenant. */
export const takenUsersStatement = (
  tenant: TenantId,
  users: readonly { id: string; email: string }[],
): Statement<string[]> =>
  mapped(
    rows<{ id: string }>(sql`
      SELECT value ->> 'id' AS id FROM json_each(${JSON.stringify(users)}) asked
      WHERE EXISTS (SELECT 1 FROM users WHERE email = asked.value ->> 'email' AND tenant_id <> ${tenant})
         OR EXISTS (SELECT 1 FROM users WHERE user_id = asked.value ->> 'id' AND tenant_id <> ${tenant})`),
    (found) => found.map(({ id }) => id),
  );

/** Those of the ids that are users of the tenant. */
export const usersHereStatement = (tenant: TenantId, ids: readonly string[]): Statement<Set<string>> =>
  mapped(
    rows<{ user_id: string }>(
      sql`SELECT user_id FROM users WHERE tenant_id = ${tenant} AND ${inJson(sql`user_id`, ids)}`,
    ),
    (found) => new Set(found.map(({ user_id: id }) => id)),
  );

/** A parent that is not here is none. */
export const dropUnknownParentStatement = (tenant: TenantId): Statement<number> =>
  change(sql`
    UPDATE ${tenantsTable} SET parent_id = NULL
    WHERE tenant_id = ${tenant} AND parent_id NOT IN (SELECT tenant_id FROM ${tenantsTable})`);

/** A database that the tenant lived in before may have closed its door. */
export const openDoorStatement = (tenant: TenantId): Statement<number> =>
  change(sql`DELETE FROM tenant_doors WHERE tenant_id = ${tenant}`);
