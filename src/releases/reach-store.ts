import { sql, type SQL } from "drizzle-orm";
import { inJson, mapped, rows, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import type { Reach, ReleaseReach } from "../platform/reach.ts";
import { artifactsTable, releaseTagsTable } from "./tables.ts";

/** A condition for releases by their name: one of their tags is within reach. */
export const releasesInReach = (tenant: TenantId, name: SQL, reach: ReleaseReach): SQL =>
  reach === "all"
    ? sql`1`
    : sql`EXISTS (
        SELECT 1 FROM ${releaseTagsTable} g
        WHERE g.tenant_id = ${tenant} AND g.name = ${name} AND ${inJson(sql`g.tag`, reach.tags)})`;

/** A condition for what names an artifact that is there. */
export const artifactIdInReach = (tenant: TenantId, id: SQL, { releases }: Reach): SQL =>
  releases === "all"
    ? sql`1`
    : sql`EXISTS (
        SELECT 1 FROM ${artifactsTable} a
        WHERE a.tenant_id = ${tenant} AND a.artifact_id = ${id} AND ${releasesInReach(tenant, sql`a.name`, releases)})`;

/** The tags of the release that an artifact belongs to. */
export const tagsOfArtifactStatement = (tenant: TenantId, artifact: string): Statement<string[]> =>
  mapped(
    rows<{ tag: string }>(sql`
      SELECT g.tag FROM ${artifactsTable} a
        CROSS JOIN ${releaseTagsTable} g ON g.tenant_id = a.tenant_id AND g.name = a.name
      WHERE a.tenant_id = ${tenant} AND a.artifact_id = ${artifact}`),
    (found) => found.map(({ tag }) => tag),
  );
