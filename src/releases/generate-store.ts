import { sql } from "drizzle-orm";
import { notPaused } from "../platform/apart.ts";
import { change, demand, firstRow, rows, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import { into, type Row } from "../platform/columns.ts";
import { artifactGenerationsTable } from "./tables.ts";

export type Generation = Row<typeof artifactGenerationsTable>;

export type NewGeneration = Omit<Generation, "written" | "finished_ms">;

export const addGeneration = (g: NewGeneration): Statement<number> =>
  change(sql`
    INSERT ${into(artifactGenerationsTable, "tenant_id, artifact_id, name, description, device_types, payload, actor, source_key, size, sha256, created_ms")}
    VALUES (${g.tenant_id}, ${g.artifact_id}, ${g.name}, ${g.description}, ${g.device_types}, ${g.payload}, ${g.actor},
      ${g.source_key}, ${g.size}, ${g.sha256}, ${g.created_ms})`);

export const generationOf = (tenant: TenantId, artifact: string): Statement<Generation | undefined> =>
  firstRow<Generation>(
    sql`SELECT * FROM ${artifactGenerationsTable} WHERE tenant_id = ${tenant} AND artifact_id = ${artifact}`,
  );

/** Fails its batch if the artifact was made before. */
export const demandWanted = (tenant: TenantId, artifact: string): Statement<void> =>
  demand(
    sql`EXISTS (SELECT 1 FROM ${artifactGenerationsTable}
      WHERE tenant_id = ${tenant} AND artifact_id = ${artifact} AND finished_ms IS NULL)`,
    "generation-over",
  );

export const finishGeneration = (tenant: TenantId, artifact: string, atMs: number): Statement<number> =>
  change(sql`UPDATE ${artifactGenerationsTable} SET finished_ms = ${atMs}, written = size
    WHERE tenant_id = ${tenant} AND artifact_id = ${artifact}`);

export const setWritten = (tenant: TenantId, artifact: string, bytes: number): Statement<number> =>
  change(sql`UPDATE ${artifactGenerationsTable} SET written = ${bytes}
    WHERE tenant_id = ${tenant} AND artifact_id = ${artifact} AND finished_ms IS NULL`);

/** The duty of forgetting promises. */
export const FORGETTING = "forget-generation";

export type OldGeneration = Pick<Generation, "tenant_id" | "artifact_id" | "source_key">;

/** Those begun before this time, over all tenants. */
export function oldGenerations(beforeMs: number, nowMs: number, limit: number): Statement<OldGeneration[]> {
  const row = { tenant: sql`artifact_generations.tenant_id`, key: sql`artifact_generations.artifact_id` };
  return rows(sql`SELECT tenant_id, artifact_id, source_key FROM ${artifactGenerationsTable}
    WHERE created_ms < ${beforeMs} AND ${notPaused(FORGETTING, row, nowMs)} ORDER BY created_ms LIMIT ${limit}`);
}

export const forgetGeneration = (tenant: TenantId, artifact: string): Statement<number> =>
  change(
    sql`DELETE FROM ${artifactGenerationsTable} WHERE tenant_id = ${tenant} AND artifact_id = ${artifact}`,
  );
