import { sql } from "drizzle-orm";
import { change, firstRow, inJson, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";

export const releaseExists = (tenant: TenantId, name: string): Statement<{ name: string } | undefined> =>
  firstRow(sql`SELECT name FROM releases WHERE tenant_id = ${tenant} AND name = ${name}`);

const distinctValues = (column: "device_types" | "update_types") => sql`
  (SELECT json_group_array(value) FROM (SELECT DISTINCT j.value AS value FROM artifacts b, json_each(b.${sql.raw(column)}) j
    WHERE b.tenant_id = a.tenant_id AND b.name = a.name ORDER BY 1))`;

/** Brings releases into line with their artifacts after a change of these; one without artifacts vanishes. */
export const refreshReleases = (
  tenant: TenantId,
  names: readonly string[],
  atMs: number,
): Statement<number>[] => [
  change(sql`
    INSERT INTO releases (tenant_id, name, artifacts_count, device_types, update_types, modified_ms)
    SELECT a.tenant_id, a.name, count(*), ${distinctValues("device_types")}, ${distinctValues("update_types")}, ${atMs}
    FROM artifacts a WHERE a.tenant_id = ${tenant} AND ${inJson(sql`a.name`, names)} GROUP BY a.tenant_id, a.name
    ON CONFLICT (tenant_id, name) DO UPDATE SET artifacts_count = excluded.artifacts_count,
      device_types = excluded.device_types, update_types = excluded.update_types, modified_ms = excluded.modified_ms`),
  change(sql`
    DELETE FROM releases WHERE tenant_id = ${tenant} AND ${inJson(sql`name`, names)}
      AND NOT EXISTS (SELECT 1 FROM artifacts a WHERE a.tenant_id = releases.tenant_id AND a.name = releases.name)`),
];
