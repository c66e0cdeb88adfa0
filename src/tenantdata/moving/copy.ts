import { createHash } from "node:crypto";
import type { Database, Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { putAllRows } from "../../platform/stored-rows.ts";
import {
  columnsOfStatement,
  filledTablesStatement,
  pageStatement,
  type CopiedRow,
  type Value,
} from "../rows-store.ts";
import { TENANT_TABLES, type TenantTable } from "../tenant-tables.ts";

/** The directory's own, and what the database makes of other rows. */
const NOT_COPIED = new Set(["tenants", "tenant_limits", "tenant_doors", "inventory_values"]);

/** What a home has of a tenant, in the order of a copy. */
export const MOVED_TABLES: readonly TenantTable[] = TENANT_TABLES.filter(
  ({ name, place }) => place !== "directory" && !NOT_COPIED.has(name),
).map(({ only: _only, reset: _reset, ...table }) => table);

/** What duties write that walk the rows of all tenants, whoever lives there: not compared. */
const PASSING: Readonly<Record<string, readonly string[]>> = {
  event_receivers: ["leased_ms", "waiting_ms"],
};
/** Of these the duties also make rows and take some. */
const NOT_COMPARED = new Set(["outbox"]);

/** How far a copy or its check is. */
export interface CopyPosition {
  /** The place of the table. */
  table: number;
  /** Key of the last row that was done. */
  after: Value[] | null;
  rows: number;
  /** Of the table so far. */
  sum: string;
  /** Of the tables that are done. */
  sums: string[];
}

export const AT_START: CopyPosition = { table: 0, after: null, rows: 0, sum: "", sums: [] };

/** What is to be read of a database, looked up at once. */
export interface Shape {
  /** Names of columns by table. */
  columns: ReadonlyMap<string, readonly string[]>;
  /** Tables with rows of the tenant. */
  filled: ReadonlySet<string>;
}

export async function shapeOf(database: Database, tenant: TenantId): Promise<Shape> {
  const [columns, ...filled] = await database.batch([
    columnsOfStatement(MOVED_TABLES),
    ...filledTablesStatement(MOVED_TABLES, tenant),
  ]);
  return {
    columns: new Map([...columns].map(([table, of]) => [table, of.map(({ name }) => name)])),
    filled: new Set(MOVED_TABLES.flatMap(({ name }, i) => (filled[i] ? [name] : []))),
  };
}

function summed(sum: string, { name }: TenantTable, rows: readonly CopiedRow[]): string {
  if (NOT_COMPARED.has(name)) return "";
  const passing = PASSING[name] ?? [];
  const compared = rows.map((row) =>
    JSON.stringify(Object.entries(row).filter(([column]) => !passing.includes(column))),
  );
  return createHash("sha256")
    .update(`${sum}\n${compared.join("\n")}`)
    .digest("hex");
}

const nextTable = ({ table, rows, sum, sums }: CopyPosition): CopyPosition => ({
  table: table + 1,
  after: null,
  rows,
  sum: "",
  sums: [...sums, sum],
});

export const isAtEnd = ({ table }: CopyPosition): boolean => table >= MOVED_TABLES.length;

/** Reads the next page; `take` is given its rows. The sum of what was read goes on, page by page. */
async function page(
  database: Database,
  { columns, filled }: Shape,
  tenant: TenantId,
  position: CopyPosition,
  take: (table: TenantTable, names: readonly string[], rows: readonly CopiedRow[]) => Promise<void>,
): Promise<CopyPosition> {
  const table = MOVED_TABLES[position.table];
  if (!table) return position;
  if (!filled.has(table.name)) return nextTable(position);
  const names = columns.get(table.name) ?? [];
  const rows = await database.one(pageStatement(table, names, tenant, position.after));
  const last = rows.at(-1);
  if (!last) return nextTable(position);
  await take(table, names, rows);
  return {
    ...position,
    after: table.key.map((column) => last[column] ?? null),
    rows: position.rows + rows.length,
    sum: summed(position.sum, table, rows),
  };
}

/**
 * Copies the next page. Done twice it changes nothing: rows that are there stay, but for those that triggers made, which
 * come after what they are made of.
 */
export const copyPage = (
  { source, target }: { source: Database; target: Database },
  shape: Shape,
  tenant: TenantId,
  { position, demand }: { position: CopyPosition; demand: Statement<void> },
): Promise<CopyPosition> =>
  page(source, shape, tenant, position, async ({ name, kind }, names, rows) => {
    await target.batch([demand, ...putAllRows(name, names, rows, kind === "derived" ? "REPLACE" : "IGNORE")]);
  });

/** Reads the next page of the copy. */
export const checkPage = (
  target: Database,
  shape: Shape,
  tenant: TenantId,
  position: CopyPosition,
): Promise<CopyPosition> => page(target, shape, tenant, position, async () => {});

/** Tables whose copy is not what was read. */
export const differing = (copied: CopyPosition, checked: CopyPosition): string[] =>
  MOVED_TABLES.flatMap(({ name }, i) => (copied.sums[i] === checked.sums[i] ? [] : [name]));
