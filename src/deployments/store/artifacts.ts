import { sql, type SQL } from "drizzle-orm";
import { altering, change, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import type { OfferedArtifact } from "../../platform/participants.ts";
import { into } from "../../platform/columns.ts";
import { deploymentArtifactsTable, deploymentsTable, deploymentCountersTable } from "../tables.ts";

/** The candidate as `deployment_artifacts` keeps it: choosing looks at the first columns, the wire at `image`. */
const kept = (artifact: OfferedArtifact): SQL => {
  const { device_type: _, ...depends } = artifact.depends;
  return sql`${artifact.id}, ${artifact.size}, ${JSON.stringify(artifact.deviceTypes)}, ${JSON.stringify(depends)}, ${JSON.stringify(artifact.image)}`;
};

const intoArtifacts = sql`INSERT OR IGNORE ${into(deploymentArtifactsTable, "tenant_id, seq, artifact_id, size, device_types, depends, image")}`;

/** Keeps a candidate with the deployment if that exists. */
export const keepCandidate = (
  tenant: TenantId,
  deployment: string,
  artifact: OfferedArtifact,
): Statement<number> =>
  change(sql`${intoArtifacts}
    SELECT tenant_id, seq, ${kept(artifact)} FROM ${deploymentsTable}
    WHERE tenant_id = ${tenant} AND deployment_id = ${deployment}`);

/** Keeps a candidate with every unfinished deployment of its name. */
export const keepCandidateEverywhere = (tenant: TenantId, artifact: OfferedArtifact): Statement<number> =>
  altering(
    { tenant, what: { kind: "moved" } },
    change(sql`${intoArtifacts}
    SELECT d.tenant_id, d.seq, ${kept(artifact)} FROM ${deploymentsTable} d
    JOIN ${deploymentCountersTable} c ON c.tenant_id = d.tenant_id AND c.seq = d.seq
    WHERE d.tenant_id = ${tenant} AND d.artifact_name = ${artifact.name} AND d.kind = 'software' AND c.stage < 2`),
  );
