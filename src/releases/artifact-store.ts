import { releasesInReach } from "./reach-store.ts";
import type { ReleaseReach } from "../platform/reach.ts";
import { sql, type SQL } from "drizzle-orm";
import { change, demand, firstRow, inJson, rows, type Statement } from "../platform/database.ts";
import { offsetOf, type Page } from "../platform/paging.ts";
import { containsText, startsWithText } from "../platform/fold-case.ts";
import type { TenantId } from "../platform/ids.ts";
import type { Segment } from "../storage/index.ts";
import { into, columnsOf, type RowOf, type Row } from "../platform/columns.ts";
import {
  candidateOf,
  shownArtifact,
  type ArtifactCandidate,
  type ArtifactImage,
  type ArtifactObject,
} from "./artifact.ts";
import {
  artifactsTable,
  artifactObjectsTable,
  artifactCombinationsTable,
  artifactDeviceTypesTable,
  updateTypesTable,
} from "./tables.ts";

export const mapped = <T, U>(statement: Statement<T>, map: (value: T) => U): Statement<U> => ({
  ...statement,
  read: (result) => map(statement.read(result)),
});

export interface NewArtifactRow {
  tenant: TenantId;
  image: ArtifactImage;
  description: string | undefined;
  layout: readonly Segment[];
  /** Objects the layout is made of. */
  keys: readonly string[];
  /** Digests of the combinations of depends values. */
  combinations: readonly string[];
  atMs: number;
}

const updateTypesOf = (image: ArtifactImage): string[] => [
  ...new Set(image.updates.flatMap(({ type_info: { type } }) => (type === null ? [] : [type]))),
];

const insertArtifact = ({ tenant, image, ...row }: NewArtifactRow): Statement<number> =>
  change(sql`
    INSERT ${into(artifactsTable, "tenant_id, artifact_id, name, description, device_types, update_types, image, layout, size, modified_ms, created_ms")}
    VALUES (${tenant}, ${image.id}, ${image.name}, ${row.description ?? null}, ${JSON.stringify(image.device_types_compatible)},
      ${JSON.stringify(updateTypesOf(image))}, ${JSON.stringify(image)}, ${JSON.stringify(row.layout)}, ${image.size},
      ${row.atMs}, ${row.atMs})`);

/** The artifact with everything that belongs to it. Fails the batch on a clash of name and depends. */
export const addArtifact = (row: NewArtifactRow): Statement<number>[] => {
  const { tenant, image, keys, combinations } = row;
  return [
    insertArtifact(row),
    change(sql`INSERT ${into(artifactObjectsTable, "tenant_id, object_key, artifact_id")}
      SELECT ${tenant}, value, ${image.id} FROM json_each(${JSON.stringify(keys)})`),
    change(sql`INSERT ${into(artifactCombinationsTable, "tenant_id, name, combination, artifact_id")}
      SELECT ${tenant}, ${image.name}, value, ${image.id} FROM json_each(${JSON.stringify(combinations)})`),
    change(sql`INSERT OR IGNORE ${into(artifactDeviceTypesTable, "tenant_id, name, device_type, artifact_id")}
      SELECT ${tenant}, ${image.name}, value, ${image.id} FROM json_each(${JSON.stringify(image.device_types_compatible)})`),
    change(sql`INSERT OR IGNORE ${into(updateTypesTable, "tenant_id, update_type")}
      SELECT ${tenant}, value FROM json_each(${JSON.stringify(updateTypesOf(image))})`),
  ];
};

export const COMBINATION_KEY =
  "artifact_combinations.tenant_id, artifact_combinations.name, artifact_combinations.combination";
export const ARTIFACT_KEY = "artifacts.tenant_id, artifacts.artifact_id";

/** Those of the combinations that an artifact of the name has already. */
export const takenCombinations = (
  tenant: TenantId,
  name: string,
  combinations: readonly string[],
): Statement<Row<typeof artifactCombinationsTable, "combination">[]> =>
  rows(sql`SELECT combination FROM ${artifactCombinationsTable}
    WHERE tenant_id = ${tenant} AND name = ${name} AND ${inJson(sql`combination`, combinations)}`);

/** The order in which artifacts came: ids are random, and several may come in one millisecond. */
const byUpload = sql`a.created_ms, a.rowid`;

const columns = columnsOf(artifactsTable, "image, description, modified_ms", "a");

type ArtifactRow = RowOf<typeof columns>;

const toArtifact = (row: ArtifactRow): ArtifactObject => {
  const image = JSON.parse(row.image) as ArtifactImage; // written by `insertArtifact`
  return shownArtifact(image, row.description, row.modified_ms);
};

export const artifactById = (
  tenant: TenantId,
  id: string,
  reach: ReleaseReach,
): Statement<ArtifactObject | undefined> =>
  mapped(
    firstRow<ArtifactRow>(
      sql`SELECT ${columns} FROM ${artifactsTable} a WHERE a.tenant_id = ${tenant} AND a.artifact_id = ${id}
        AND ${releasesInReach(tenant, sql`a.name`, reach)}`,
    ),
    (row) => row && toArtifact(row),
  );

export const CANDIDATES_CHANGED = "candidates-changed";

export const candidatesOfName = (
  tenant: TenantId,
  name: string,
  deviceType: string | undefined,
): Statement<ArtifactCandidate[]> =>
  mapped(
    rows<ArtifactRow>(
      deviceType === undefined
        ? sql`SELECT ${columns} FROM ${artifactsTable} a WHERE a.tenant_id = ${tenant} AND a.name = ${name} ORDER BY a.artifact_id`
        : sql`SELECT ${columns} FROM ${artifactDeviceTypesTable} t
            JOIN ${artifactsTable} a ON a.tenant_id = t.tenant_id AND a.artifact_id = t.artifact_id
            WHERE t.tenant_id = ${tenant} AND t.name = ${name} AND t.device_type = ${deviceType} ORDER BY a.artifact_id`,
    ),
    (found) => found.map((row) => candidateOf(toArtifact(row))),
  );

/** Some artifacts of the name that are made for a type of device. */
export const artifactsOfType = (
  tenant: TenantId,
  name: string,
  deviceType: string,
  limit: number,
): Statement<ArtifactObject[]> =>
  mapped(
    rows<ArtifactRow>(sql`SELECT ${columns} FROM ${artifactDeviceTypesTable} t
      JOIN ${artifactsTable} a ON a.tenant_id = t.tenant_id AND a.artifact_id = t.artifact_id
      WHERE t.tenant_id = ${tenant} AND t.name = ${name} AND t.device_type = ${deviceType}
      ORDER BY t.artifact_id LIMIT ${limit}`),
    (found) => found.map(toArtifact),
  );

/** Fails its batch unless exactly these are the artifacts of the name; ids are sorted. */
export const demandCandidates = (tenant: TenantId, name: string, ids: readonly string[]): Statement<void> =>
  demand(
    sql`${JSON.stringify(ids)} = (SELECT json_group_array(artifact_id) FROM (
      SELECT a.artifact_id FROM ${artifactsTable} a WHERE a.tenant_id = ${tenant} AND a.name = ${name} ORDER BY a.artifact_id))`,
    CANDIDATES_CHANGED,
  );

/** Artifacts on which a condition over the table `a` holds. */
export const artifactsWhere = (condition: SQL): Statement<ArtifactObject[]> =>
  mapped(
    rows<ArtifactRow>(
      sql`SELECT ${columns} FROM ${artifactsTable} a WHERE ${condition} ORDER BY a.name, ${byUpload}`,
    ),
    (found) => found.map(toArtifact),
  );

export const artifactsNamed = (tenant: TenantId, name: string): Statement<ArtifactObject[]> =>
  artifactsWhere(sql`a.tenant_id = ${tenant} AND a.name = ${name}`);

/** Artifacts of several names, at most so many. */
export const idsOfNames = (
  tenant: TenantId,
  names: readonly string[],
  limit: number,
): Statement<{ id: string; name: string }[]> =>
  rows(sql`SELECT artifact_id AS id, name FROM ${artifactsTable}
    WHERE tenant_id = ${tenant} AND ${inJson(sql`name`, names)} ORDER BY name, artifact_id LIMIT ${limit}`);

export interface ArtifactBytes {
  name: string;
  size: number;
  createdMs: number;
  layout: Segment[];
}

export const artifactBytes = (tenant: TenantId, id: string): Statement<ArtifactBytes | undefined> =>
  mapped(
    firstRow<{ name: string; size: number; createdMs: number; layout: string }>(
      sql`SELECT name, size, created_ms AS createdMs, layout FROM ${artifactsTable} WHERE tenant_id = ${tenant} AND artifact_id = ${id}`,
    ),
    (row) => row && { ...row, layout: JSON.parse(row.layout) as Segment[] }, // written by `insertArtifact`
  );

/** Text to look for in a column: exactly, or in any case anywhere or at the start. */
export interface TextFilter {
  match: "contains" | "equals" | "starts";
  text: string;
}

const matches = (column: SQL, { match, text }: TextFilter): SQL => {
  if (match === "equals") return sql`${column} = ${text}`;
  return match === "starts" ? startsWithText(column, text) : containsText(column, text);
};

export interface ArtifactFilter {
  name?: TextFilter | undefined;
  names?: readonly string[] | undefined;
  description?: TextFilter | undefined;
  deviceType?: TextFilter | undefined;
}

/** A filter, and what of it its user may see. */
type VisibleArtifacts = ArtifactFilter & { reach: ReleaseReach };

const where = (tenant: TenantId, filter: VisibleArtifacts): SQL => {
  const terms = [sql`a.tenant_id = ${tenant}`];
  if (filter.reach !== "all") terms.push(releasesInReach(tenant, sql`a.name`, filter.reach));
  if (filter.names) terms.push(inJson(sql`a.name`, filter.names));
  if (filter.name) terms.push(matches(sql`a.name`, filter.name));
  if (filter.description) terms.push(matches(sql`a.description`, filter.description));
  if (filter.deviceType) {
    terms.push(
      sql`EXISTS (SELECT 1 FROM json_each(a.device_types) t WHERE ${matches(sql`t.value`, filter.deviceType)})`,
    );
  }
  return sql.join(terms, sql` AND `);
};

const ORDERS = {
  "name:asc": sql`a.name, ${byUpload}`,
  "name:desc": sql`a.name DESC, a.created_ms DESC, a.rowid DESC`,
  "modified:asc": sql`a.modified_ms, ${byUpload}`,
  "modified:desc": sql`a.modified_ms DESC, a.created_ms DESC, a.rowid DESC`,
} as const;

export type ArtifactOrder = keyof typeof ORDERS;

export const ARTIFACT_ORDERS = Object.keys(ORDERS) as ArtifactOrder[]; // the keys of a constant object

/** A page of artifacts, with one more row than the page has if there is a next one. */
export const artifactPage = (
  tenant: TenantId,
  filter: VisibleArtifacts,
  order: ArtifactOrder,
  page: Page,
): Statement<ArtifactObject[]> =>
  mapped(
    rows<ArtifactRow>(sql`SELECT ${columns} FROM ${artifactsTable} a WHERE ${where(tenant, filter)}
      ORDER BY ${ORDERS[order]} LIMIT ${page.perPage + 1} OFFSET ${offsetOf(page)}`),
    (found) => found.map(toArtifact),
  );

export const artifactCount = (tenant: TenantId, filter: VisibleArtifacts): Statement<number> =>
  mapped(
    firstRow<{ total: number }>(
      sql`SELECT count(*) AS total FROM ${artifactsTable} a WHERE ${where(tenant, filter)}`,
    ),
    (row) => row?.total ?? 0,
  );

export const setDescription = (
  tenant: TenantId,
  id: string,
  description: string,
  atMs: number,
): Statement<number> =>
  change(sql`UPDATE ${artifactsTable} SET description = ${description}, modified_ms = ${atMs}
    WHERE tenant_id = ${tenant} AND artifact_id = ${id}`);

/** Artifacts with all that belongs to them, but not their objects. */
export const deleteArtifacts = (tenant: TenantId, ids: readonly string[]): Statement<number> =>
  change(sql`DELETE FROM ${artifactsTable} WHERE tenant_id = ${tenant} AND ${inJson(sql`artifact_id`, ids)}`);

export const objectKeysOf = (
  tenant: TenantId,
  ids: readonly string[],
): Statement<Row<typeof artifactObjectsTable, "object_key">[]> =>
  rows(sql`SELECT DISTINCT object_key FROM ${artifactObjectsTable}
    WHERE tenant_id = ${tenant} AND ${inJson(sql`artifact_id`, ids)}`);
