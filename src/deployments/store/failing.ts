import { sql } from "drizzle-orm";
import { mapped, rows } from "../../platform/database.ts";
import type { TroubleSource } from "../../platform/trouble.ts";
import { deploymentCountersTable, deploymentsTable } from "../tables.ts";

/** Of fewer devices that have ended, a share says nothing. */
const FEWEST_ENDED = 5;

/** Deployments that have not ended, of whose devices such a share has failed. */
export const failingDeployments: TroubleSource = (tenant, { threshold, limit }) =>
  mapped(
    rows<{ id: string; name: string; failed: number; ended: number }>(sql`
      SELECT d.deployment_id AS id, d.name, c.failure AS failed,
        c.failure + c.success + c.noartifact + c.already_installed AS ended
      FROM ${deploymentCountersTable} c INDEXED BY deployment_counters_by_stage
      JOIN ${deploymentsTable} d ON d.tenant_id = c.tenant_id AND d.seq = c.seq
      WHERE c.tenant_id = ${tenant} AND c.stage < 2 AND ended >= ${FEWEST_ENDED}
        AND c.failure * 100 >= ended * ${threshold}
      LIMIT ${limit}`),
    (found) =>
      found.map(({ id, name, failed, ended }) => ({
        object: id,
        deployment: id,
        measure: (failed * 100) / ended,
        text: `${failed} of ${ended} devices failed in the deployment ${name}`,
      })),
  );
