import { sql, type SQL } from "drizzle-orm";
import { rfc3339 } from "../platform/clock.ts";
import { change, demand, firstRow, inJson, rows, type Statement } from "../platform/database.ts";
import { containsText, startsWithText } from "../platform/fold-case.ts";
import type { TenantId } from "../platform/ids.ts";
import { offsetOf, type Page } from "../platform/paging.ts";
import { releasesInReach } from "./reach-store.ts";
import type { ReleaseReach } from "../platform/reach.ts";
import { into, columnsOf, type RowOf, type Row } from "../platform/columns.ts";
import { artifactsWhere, mapped } from "./artifact-store.ts";
import type { ArtifactObject } from "./artifact.ts";
import {
  releasesTable,
  artifactsTable,
  artifactDeviceTypesTable,
  releaseTagsTable,
  updateTypesTable,
} from "./tables.ts";

/** All artifacts of one name, without these. */
export interface ReleaseRecord {
  name: string;
  modified: string;
  tags: string[];
  notes: string;
  artifactsCount: number;
  deviceTypes: string[];
}

export const MAX_UNIQUE_TAGS = 100;

export const releaseExists = (
  tenant: TenantId,
  name: string,
): Statement<Row<typeof releasesTable, "name"> | undefined> =>
  firstRow(sql`SELECT name FROM ${releasesTable} WHERE tenant_id = ${tenant} AND name = ${name}`);

const distinctValues = (column: "device_types" | "update_types") => sql`
  (SELECT json_group_array(value) FROM (SELECT DISTINCT j.value AS value FROM ${artifactsTable} b, json_each(b.${sql.raw(column)}) j
    WHERE b.tenant_id = a.tenant_id AND b.name = a.name ORDER BY 1))`;

/** Brings releases into line with their artifacts after a change of these; one without artifacts vanishes. */
export const refreshReleases = (
  tenant: TenantId,
  names: readonly string[],
  atMs: number,
): Statement<number>[] => [
  change(sql`
    INSERT ${into(releasesTable, "tenant_id, name, artifacts_count, device_types, update_types, modified_ms")}
    SELECT a.tenant_id, a.name, count(*), ${distinctValues("device_types")}, ${distinctValues("update_types")}, ${atMs}
    FROM ${artifactsTable} a WHERE a.tenant_id = ${tenant} AND ${inJson(sql`a.name`, names)} GROUP BY a.tenant_id, a.name
    ON CONFLICT (tenant_id, name) DO UPDATE SET artifacts_count = excluded.artifacts_count,
      device_types = excluded.device_types, update_types = excluded.update_types, modified_ms = excluded.modified_ms`),
  change(sql`
    DELETE FROM ${releasesTable} WHERE tenant_id = ${tenant} AND ${inJson(sql`name`, names)}
      AND NOT EXISTS (SELECT 1 FROM ${artifactsTable} a WHERE a.tenant_id = releases.tenant_id AND a.name = releases.name)`),
];

/** Names of some releases and artifacts after this one, with whether the release is in line with its artifacts. */
export const releasesInLine = (
  tenant: TenantId,
  after: string,
  limit: number,
): Statement<{ name: string; in_line: number }[]> =>
  rows(sql`
    SELECT p.name, EXISTS (
      SELECT 1 FROM ${releasesTable} r JOIN (
        SELECT count(*) AS artifacts_count, ${distinctValues("device_types")} AS device_types, ${distinctValues("update_types")} AS update_types
        FROM ${artifactsTable} a WHERE a.tenant_id = ${tenant} AND a.name = p.name) AS is_now
      WHERE r.tenant_id = ${tenant} AND r.name = p.name AND is_now.artifacts_count > 0
        AND (r.artifacts_count, r.device_types, r.update_types) = (is_now.artifacts_count, is_now.device_types, is_now.update_types)) AS in_line
    FROM (
      SELECT name FROM ${artifactsTable} WHERE tenant_id = ${tenant} AND name > ${after}
      UNION SELECT name FROM ${releasesTable} WHERE tenant_id = ${tenant} AND name > ${after} ORDER BY name LIMIT ${limit}) p`);

const columns = columnsOf(
  releasesTable,
  "name, modified_ms, tags, notes, artifacts_count, device_types",
  "r",
);

type ReleaseRow = RowOf<typeof columns>;

// JSON columns are written by `refreshReleases` and `setTags`.
const toRelease = (row: ReleaseRow): ReleaseRecord => ({
  name: row.name,
  modified: rfc3339(row.modified_ms),
  tags: JSON.parse(row.tags) as string[],
  notes: row.notes,
  artifactsCount: row.artifacts_count,
  deviceTypes: JSON.parse(row.device_types) as string[],
});

export interface ReleaseFilter {
  /** Part of the name in any case. */
  name?: string | undefined;
  names?: readonly string[] | undefined;
  namePrefix?: string | undefined;
  /** Part of the description of one of its artifacts. */
  description?: string | undefined;
  deviceType?: string | undefined;
  updateType?: string | undefined;
  /** Any of them. */
  tags?: readonly string[] | undefined;
}

/** A filter, and what of it its user may see. */
export type VisibleReleases = ReleaseFilter & { reach: ReleaseReach };

const where = (tenant: TenantId, filter: VisibleReleases): SQL => {
  const terms = [sql`r.tenant_id = ${tenant}`];
  if (filter.reach !== "all") terms.push(releasesInReach(tenant, sql`r.name`, filter.reach));
  const add = <T>(value: T | undefined, term: (value: T) => SQL) => {
    if (value !== undefined) terms.push(term(value));
  };
  add(filter.names, (names) => inJson(sql`r.name`, names));
  add(filter.name, (text) => containsText(sql`r.name`, text));
  add(filter.namePrefix, (text) => startsWithText(sql`r.name`, text));
  add(
    filter.description,
    (text) => sql`EXISTS (SELECT 1 FROM ${artifactsTable} a
      WHERE a.tenant_id = r.tenant_id AND a.name = r.name AND ${containsText(sql`a.description`, text)})`,
  );
  add(
    filter.deviceType,
    (text) => sql`EXISTS (SELECT 1 FROM ${artifactDeviceTypesTable} t
      WHERE t.tenant_id = r.tenant_id AND t.name = r.name AND t.device_type = ${text})`,
  );
  add(
    filter.updateType,
    (text) => sql`EXISTS (SELECT 1 FROM json_each(r.update_types) t WHERE t.value = ${text})`,
  );
  add(
    filter.tags,
    (tags) => sql`r.name IN (SELECT t.name FROM ${releaseTagsTable} t
      WHERE t.tenant_id = ${tenant} AND ${inJson(sql`t.tag`, tags)})`,
  );
  return sql.join(terms, sql` AND `);
};

const ORDERS = {
  "name:asc": sql`r.name`,
  "name:desc": sql`r.name DESC`,
  "modified:asc": sql`r.modified_ms, r.name`,
  "modified:desc": sql`r.modified_ms DESC, r.name DESC`,
  "artifacts_count:asc": sql`r.artifacts_count, r.name`,
  "artifacts_count:desc": sql`r.artifacts_count DESC, r.name DESC`,
  "tags:asc": sql`(SELECT min(value) FROM json_each(r.tags)), r.name`,
  "tags:desc": sql`(SELECT max(value) FROM json_each(r.tags)) DESC, r.name DESC`,
} as const;

export type ReleaseOrder = keyof typeof ORDERS;

export const RELEASE_ORDERS = Object.keys(ORDERS) as ReleaseOrder[]; // the keys of a constant object

const pageOfNames = (what: SQL, tenant: TenantId, filter: VisibleReleases, order: ReleaseOrder, page: Page) =>
  sql`SELECT ${what} FROM ${releasesTable} r WHERE ${where(tenant, filter)}
    ORDER BY ${ORDERS[order]} LIMIT ${page.perPage} OFFSET ${offsetOf(page)}`;

export const releasePage = (
  tenant: TenantId,
  filter: VisibleReleases,
  order: ReleaseOrder,
  page: Page,
): Statement<ReleaseRecord[]> =>
  mapped(rows<ReleaseRow>(pageOfNames(columns, tenant, filter, order, page)), (found) =>
    found.map(toRelease),
  );

/** The artifacts of the releases of `releasePage` with the same arguments. */
export const artifactsOfPage = (
  tenant: TenantId,
  filter: VisibleReleases,
  order: ReleaseOrder,
  page: Page,
): Statement<ArtifactObject[]> =>
  artifactsWhere(
    sql`a.tenant_id = ${tenant} AND a.name IN (${pageOfNames(sql`r.name`, tenant, filter, order, page)})`,
  );

export const releaseCount = (tenant: TenantId, filter: VisibleReleases): Statement<number> =>
  mapped(
    firstRow<{ total: number }>(
      sql`SELECT count(*) AS total FROM ${releasesTable} r WHERE ${where(tenant, filter)}`,
    ),
    (row) => row?.total ?? 0,
  );

export const releaseByName = (
  tenant: TenantId,
  name: string,
  reach: ReleaseReach,
): Statement<ReleaseRecord | undefined> =>
  mapped(
    firstRow<ReleaseRow>(
      sql`SELECT ${columns} FROM ${releasesTable} r WHERE r.tenant_id = ${tenant} AND r.name = ${name}
        AND ${releasesInReach(tenant, sql`r.name`, reach)}`,
    ),
    (row) => row && toRelease(row),
  );

export const setNotes = (
  tenant: TenantId,
  name: string,
  notes: string,
  reach: ReleaseReach,
): Statement<number> =>
  change(sql`UPDATE ${releasesTable} SET notes = ${notes} WHERE tenant_id = ${tenant} AND name = ${name}
    AND ${releasesInReach(tenant, sql`${name}`, reach)}`);

/** Those of the names whose releases are within reach. */
export const namesInReach = (
  tenant: TenantId,
  names: readonly string[],
  reach: ReleaseReach,
): Statement<string[]> =>
  mapped(
    rows<Row<typeof releasesTable, "name">>(sql`SELECT r.name FROM ${releasesTable} r
      WHERE r.tenant_id = ${tenant} AND ${inJson(sql`r.name`, names)} AND ${releasesInReach(tenant, sql`r.name`, reach)}`),
    (found) => found.map(({ name }) => name),
  );

/** Replaces the tags. Fails the batch if there is no such release, or if there were too many different tags then. */
export const setTags = (tenant: TenantId, name: string, tags: readonly string[]): Statement<unknown>[] => [
  demand(
    sql`EXISTS (SELECT 1 FROM ${releasesTable} WHERE tenant_id = ${tenant} AND name = ${name})`,
    "no-release",
  ),
  change(sql`DELETE FROM ${releaseTagsTable} WHERE tenant_id = ${tenant} AND name = ${name}`),
  change(sql`INSERT ${into(releaseTagsTable, "tenant_id, tag, name")}
    SELECT ${tenant}, value, ${name} FROM json_each(${JSON.stringify(tags)})`),
  demand(
    sql`(SELECT count(DISTINCT tag) FROM ${releaseTagsTable} WHERE tenant_id = ${tenant}) <= ${MAX_UNIQUE_TAGS}`,
    "too-many-tags",
  ),
  change(
    sql`UPDATE ${releasesTable} SET tags = ${JSON.stringify(tags)} WHERE tenant_id = ${tenant} AND name = ${name}`,
  ),
];

/** Tags found on releases within reach. */
export const allTags = (tenant: TenantId, reach: ReleaseReach): Statement<string[]> =>
  mapped(
    rows<Row<typeof releaseTagsTable, "tag">>(
      sql`SELECT DISTINCT t.tag FROM ${releaseTagsTable} t
        WHERE t.tenant_id = ${tenant} AND ${releasesInReach(tenant, sql`t.name`, reach)} ORDER BY t.tag`,
    ),
    (found) => found.map(({ tag }) => tag),
  );

/** Every update type there ever was; where the reach is bounded, those of the releases within it. */
export const allUpdateTypes = (tenant: TenantId, reach: ReleaseReach): Statement<string[]> =>
  mapped(
    rows<Row<typeof updateTypesTable, "update_type">>(
      reach === "all"
        ? sql`SELECT update_type FROM ${updateTypesTable} WHERE tenant_id = ${tenant} ORDER BY update_type`
        : sql`SELECT DISTINCT e.value AS update_type FROM ${releasesTable} r, json_each(r.update_types) e
            WHERE r.tenant_id = ${tenant} AND ${releasesInReach(tenant, sql`r.name`, reach)} ORDER BY update_type`,
    ),
    (found) => found.map(({ update_type }) => update_type),
  );
