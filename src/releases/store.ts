import { sql } from "drizzle-orm";
import { rfc3339 } from "../platform/clock.ts";
import { firstRow, rows, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import type { ArtifactCandidate, ArtifactObject } from "./artifact.ts";

interface ArtifactRow {
  image: string;
  description: string | null;
  modified_ms: number;
}

const columns = sql`a.image, a.description, a.modified_ms`;

/** The stored wire object leaves out what changes later. */
export const toArtifact = (row: ArtifactRow): ArtifactObject => ({
  ...(JSON.parse(row.image) as Omit<ArtifactObject, "description" | "modified">), // written by `addArtifact`
  ...(row.description === null ? {} : { description: row.description }),
  modified: rfc3339(row.modified_ms),
});

const toCandidate = (row: ArtifactRow): ArtifactCandidate => {
  const image = toArtifact(row);
  const depends = Object.entries(image.artifact_depends ?? {}).map(([key, value]) => [
    key,
    typeof value === "string" ? [value] : value,
  ]);
  return {
    id: image.id,
    name: image.name,
    deviceTypes: image.device_types_compatible,
    depends: { device_type: image.device_types_compatible, ...Object.fromEntries(depends) },
    provides: image.artifact_provides ?? {},
    size: image.size,
    image,
  };
};

const mapped = <T, U>(statement: Statement<T>, map: (value: T) => U): Statement<U> => ({
  ...statement,
  read: (result) => map(statement.read(result)),
});

export const artifactsOfName = (
  tenant: TenantId,
  name: string,
  deviceType: string | undefined,
): Statement<ArtifactCandidate[]> =>
  mapped(
    rows<ArtifactRow>(
      deviceType === undefined
        ? sql`SELECT ${columns} FROM artifacts a WHERE a.tenant_id = ${tenant} AND a.name = ${name} ORDER BY a.artifact_id`
        : sql`SELECT ${columns} FROM artifact_device_types t
            JOIN artifacts a ON a.tenant_id = t.tenant_id AND a.artifact_id = t.artifact_id
            WHERE t.tenant_id = ${tenant} AND t.name = ${name} AND t.device_type = ${deviceType} ORDER BY a.artifact_id`,
    ),
    (found) => found.map(toCandidate),
  );

export const releaseExists = (tenant: TenantId, name: string): Statement<{ name: string } | undefined> =>
  firstRow(sql`SELECT name FROM releases WHERE tenant_id = ${tenant} AND name = ${name}`);
