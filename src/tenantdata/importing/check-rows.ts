import { bytesOf, DATABASE } from "../../platform/limits.ts";
import { shownName } from "../archive-part.ts";
import { CONTACTS } from "../archive-format.ts";
import { LINE_BYTES, ROWS_A_PAGE } from "../limits.ts";
import { foldersOf, isIn } from "../objects.ts";
import type { Column, CopiedRow, Value } from "../rows-store.ts";
import type { TenantTable } from "../tenant-tables.ts";
import type { TenantId } from "../../platform/ids.ts";
import { STORAGE } from "../../platform/limits.ts";
import { ImportFault } from "./import-fault.ts";

const LINE_FEED = 0x0a;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of an entry. */
export function textIn(entry: string, content: Uint8Array): string {
  try {
    return decoder.decode(content);
  } catch (cause) {
    throw new ImportFault(`${entry}: it is no text`, { cause });
  }
}

/** The value of a text of JSON that is an object. */
export function objectIn(entry: string, text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>; // any object will do
  } catch {
    // told below, like every other value that is no object
  }
  throw new ImportFault(`${entry}: it has something else than JSON objects`);
}

/** The lines of a page. */
function linesIn(entry: string, content: Uint8Array): Record<string, unknown>[] {
  if (content.at(-1) !== LINE_FEED) throw new ImportFault(`${entry}: it does not end with a line`);
  const lines = textIn(entry, content.subarray(0, -1)).split("\n");
  if (lines.length > ROWS_A_PAGE) throw new ImportFault(`${entry}: it has more than ${ROWS_A_PAGE} lines`);
  return lines.map((line) => {
    if (bytesOf(line) > LINE_BYTES) throw new ImportFault(`${entry}: a line is too long`);
    return objectIn(entry, line);
  });
}

const FITS: Readonly<Record<string, (value: unknown) => boolean>> = {
  INTEGER: (value) => Number.isSafeInteger(value),
  REAL: (value) => typeof value === "number",
  TEXT: (value) => typeof value === "string",
};

const fits = ({ type, notnull }: Column, value: unknown): value is Value =>
  value === null ? notnull === 0 : (FITS[type]?.(value) ?? false);

const sizeOf = (row: CopiedRow): number =>
  Object.values(row).reduce<number>(
    (sum, value) => sum + (typeof value === "string" ? bytesOf(value) : 0),
    0,
  );

/** Whether the name is one that an object of the tenant can have. */
export const isKeyOf = (tenant: TenantId, key: string): boolean =>
  bytesOf(key) <= STORAGE.keyBytes &&
  !key.includes("\0") &&
  foldersOf(tenant).some((folder) => key.length > folder.length && isIn(folder, key));

/** The names of objects in a column. */
function keysIn(kind: "name" | "layout", value: Value): unknown[] {
  if (value === null) return [];
  if (kind === "name") return [value];
  try {
    const list: unknown = JSON.parse(String(value));
    if (Array.isArray(list))
      return list.map((segment: unknown) => (Array.isArray(segment) ? segment[0] : null));
  } catch {
    // told below
  }
  return [null];
}

/** Whom an actor works for. */
function tenantOf(actor: Value): unknown {
  try {
    return (JSON.parse(String(actor)) as { tenant?: unknown } | null)?.tenant; // any member of any value
  } catch {
    return undefined;
  }
}

const requireOwn = (entry: string, tenant: TenantId, table: TenantTable, row: CopiedRow): void => {
  const { only, reset = {}, objects = {}, actor } = table;
  if (row.tenant_id !== tenant) throw new ImportFault(`${entry}: a row is of another tenant`);
  const fixed = [...Object.entries(reset), ...(only ? [only] : [])];
  if (fixed.some(([column, value]) => row[column] !== value))
    throw new ImportFault(`${entry}: a row is one that no archive has`);
  for (const [column, kind] of Object.entries(objects))
    if (keysIn(kind, row[column] ?? null).some((key) => typeof key !== "string" || !isKeyOf(tenant, key)))
      throw new ImportFault(`${entry}: a row names a file that is not the tenant's`);
  if (actor !== undefined && tenantOf(row[actor] ?? null) !== tenant)
    throw new ImportFault(`${entry}: a row acts for another tenant`);
};

/** Columns of the rows of a page: those of the first, which have to be what the table has or had. */
function columnsOf(entry: string, columns: readonly Column[], first: Record<string, unknown>): Column[] {
  const named = new Map(columns.map((column) => [column.name, column]));
  const found = Object.keys(first).map((name) => {
    const column = named.get(name);
    if (!column) throw new ImportFault(`${entry}: there is no column ${shownName(name)}`);
    return column;
  });
  const missing = columns.find(
    (column) => !found.includes(column) && column.notnull === 1 && column.has_default === 0,
  );
  if (missing) throw new ImportFault(`${entry}: the column ${missing.name} is missing`);
  return found;
}

export interface RowPage {
  columns: string[];
  rows: CopiedRow[];
}

/** The rows of a page of a table, each as the table can have it and of this tenant. */
export function rowsIn(
  entry: string,
  content: Uint8Array,
  { table, columns, tenant }: { table: TenantTable; columns: readonly Column[]; tenant: TenantId },
): RowPage {
  const lines = linesIn(entry, content);
  const [first] = lines;
  if (!first) return { columns: [], rows: [] };
  const found = columnsOf(entry, columns, first);
  const rows = lines.map((line) => {
    if (Object.keys(line).length !== found.length)
      throw new ImportFault(`${entry}: its rows have not the same columns`);
    const row = Object.fromEntries(
      found.map((column) => {
        const value = line[column.name];
        if (!fits(column, value))
          throw new ImportFault(`${entry}: the value of ${column.name} is no ${column.type}`);
        return [column.name, value];
      }),
    );
    if (sizeOf(row) > DATABASE.valueBytes) throw new ImportFault(`${entry}: a row is too large`);
    requireOwn(entry, tenant, table, row);
    return row;
  });
  return { columns: found.map(({ name }) => name), rows };
}

/** When a device was last heard of, in milliseconds. */
export type ContactLine = readonly [device: string, atMs: number];

export function contactsIn(entry: string, content: Uint8Array): ContactLine[] {
  return linesIn(entry, content).map(({ device, at_ms: atMs, ...more }) => {
    if (typeof device !== "string" || !Number.isSafeInteger(atMs) || Object.keys(more).length > 0)
      throw new ImportFault(`${entry}: a line of ${CONTACTS} is none`);
    return [device, Number(atMs)];
  });
}
