import { sql, type SQL } from "drizzle-orm";
import { inJson } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import type { ReleaseReach } from "../platform/reach.ts";
import { releaseTagsTable } from "./tables.ts";

/** A condition for releases by their name: one of their tags is within reach. */
export const releasesInReach = (tenant: TenantId, name: SQL, reach: ReleaseReach): SQL =>
  reach === "all"
    ? sql`1`
    : sql`EXISTS (
        SELECT 1 FROM ${releaseTagsTable} g
        WHERE g.tenant_id = ${tenant} AND g.name = ${name} AND ${inJson(sql`g.tag`, reach.tags)})`;
