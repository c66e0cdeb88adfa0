import { sql } from "drizzle-orm";
import { change, firstRow, inJson, rows, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import type { DeviceReach } from "../platform/reach.ts";
import { into, columnsOf, type RowOf } from "../platform/columns.ts";
import type { ConfigurationValues } from "./schema.ts";
import { configurationDefaultsTable } from "./tables.ts";

/** Whose members get the values: a static group by name, a saved filter by id. */
export interface Source {
  kind: "group" | "filter";
  id: string;
}

/** Every filter is looked at for every device. */
export const MAX_FILTERS = 20;

const columns = columnsOf(configurationDefaultsTable, "source_id, configured, priority, updated_ms");

export type DefaultsRow = RowOf<typeof columns>;

const rowOf = (tenant: TenantId, { kind, id }: Source) =>
  sql`tenant_id = ${tenant} AND source = ${kind} AND source_id = ${id}`;

export const defaultsOf = (tenant: TenantId, source: Source): Statement<DefaultsRow | undefined> =>
  firstRow<DefaultsRow>(
    sql`SELECT ${columns} FROM ${configurationDefaultsTable} WHERE ${rowOf(tenant, source)}`,
  );

export const defaultsOfGroups = (tenant: TenantId, groups: readonly string[]): Statement<DefaultsRow[]> =>
  rows<DefaultsRow>(sql`
    SELECT ${columns} FROM ${configurationDefaultsTable}
    WHERE tenant_id = ${tenant} AND source = 'group' AND ${inJson(sql`source_id`, groups)}`);

/** All defaults by filter, the weakest first. */
export const defaultsOfFilters = (tenant: TenantId): Statement<DefaultsRow[]> =>
  rows<DefaultsRow>(sql`
    SELECT ${columns} FROM ${configurationDefaultsTable}
    WHERE tenant_id = ${tenant} AND source = 'filter' ORDER BY priority, source_id LIMIT ${MAX_FILTERS}`);

/** One more than the page, to see whether there is another. */
export const listDefaults = (
  tenant: TenantId,
  { kind, reach }: { kind: Source["kind"]; reach: DeviceReach },
  limit: number,
  offset: number,
): Statement<DefaultsRow[]> =>
  rows<DefaultsRow>(sql`
    SELECT ${columns} FROM ${configurationDefaultsTable}
    WHERE tenant_id = ${tenant} AND source = ${kind} AND ${reach === "all" ? sql`1` : inJson(sql`source_id`, reach.groups)}
    ORDER BY source_id LIMIT ${limit + 1} OFFSET ${offset}`);

/** Changes nothing if that would be one filter too many. */
export const setDefaults = (
  tenant: TenantId,
  { kind, id }: Source,
  { values, priority }: { values: ConfigurationValues; priority: number },
  atMs: number,
): Statement<number> =>
  change(sql`
    INSERT ${into(configurationDefaultsTable, "tenant_id, source, source_id, configured, priority, updated_ms")}
    SELECT ${tenant}, ${kind}, ${id}, ${JSON.stringify(values)}, ${priority}, ${atMs}
    WHERE ${kind} = 'group' OR (
      SELECT count(*) FROM ${configurationDefaultsTable}
      WHERE tenant_id = ${tenant} AND source = 'filter' AND source_id <> ${id}) < ${MAX_FILTERS}
    ON CONFLICT (tenant_id, source, source_id) DO UPDATE
    SET configured = excluded.configured, priority = excluded.priority, updated_ms = excluded.updated_ms`);

export const removeDefaults = (tenant: TenantId, source: Source): Statement<number> =>
  change(sql`DELETE FROM ${configurationDefaultsTable} WHERE ${rowOf(tenant, source)}`);
