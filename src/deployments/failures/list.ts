import { z } from "@hono/zod-openapi";
import type { Actor } from "../../platform/actor.ts";
import { rfc3339 } from "../../platform/clock.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import type { Page } from "../../platform/paging.ts";
import { devicesFor } from "../../platform/permissions.ts";
import type { Listed } from "../queries.ts";
import {
  countFailureGroups,
  failedDeployments,
  failureGroups,
  type FailureRow,
  type FailuresSeen,
} from "../store/failures.ts";
import { deploymentsById } from "../store/queries.ts";

const FailureShape = {
  fingerprint: z.string(),
  ending: z.string().openapi({ description: "The last lines of the log that tell of an error, folded" }),
  devices: z.number().int(),
  deployments: z.number().int(),
  device_types: z.array(z.object({ device_type: z.string(), devices: z.number().int() })),
  first: z.string(),
  last: z.string(),
  sample: z
    .object({ deployment_id: z.string(), device_id: z.string() })
    .openapi({ description: "The device that failed so last; its log shows more" }),
};

export const FailureGroup = z.object(FailureShape).openapi("FailureGroup");

export type FailureGroup = z.output<typeof FailureGroup>;

export const FailureDetail = z
  .object({
    ...FailureShape,
    in: z.array(
      z.object({
        deployment_id: z.string(),
        name: z.string(),
        artifact_name: z.string(),
        devices: z.number().int(),
        last: z.string(),
      }),
    ),
  })
  .openapi("FailureGroupDetail");

/** Deployments that are told of one group. */
const MAX_DEPLOYMENTS = 100;

function shown(row: FailureRow): FailureGroup {
  const [deployment = "", device = ""] = JSON.parse(row.sample) as string[]; // made by the query, as `types`
  return {
    fingerprint: row.fingerprint,
    ending: row.ending,
    devices: row.devices,
    deployments: row.deployments,
    device_types: JSON.parse(row.types) as FailureGroup["device_types"],
    first: rfc3339(row.first_ms),
    last: rfc3339(row.last_ms),
    sample: { deployment_id: deployment, device_id: device },
  };
}

/** What failed updates have in common, across deployments or of one. */
export async function failures(
  deps: Deps,
  actor: Actor,
  of: { deployment?: string | undefined },
  page: Page,
): Promise<Listed<FailureGroup>> {
  const { tenant } = actor;
  const seen: FailuresSeen = { tenant, reach: devicesFor(actor, "deployments:read"), ...of };
  const [found, count, known] = await deps
    .db(tenant)
    .batch([
      failureGroups(seen, page),
      countFailureGroups(seen),
      deploymentsById(tenant, of.deployment === undefined ? [] : [of.deployment]),
    ]);
  if (of.deployment !== undefined && known.length === 0) throw new Fault("not_found", "Resource not found");
  const total = count?.total ?? 0;
  return { items: found.map(shown), total, hasNext: page.page * page.perPage < total };
}

/** One group, with the deployments in which devices failed so. */
export async function failure(
  deps: Deps,
  actor: Actor,
  fingerprint: string,
): Promise<z.output<typeof FailureDetail>> {
  const { tenant } = actor;
  const seen = { tenant, reach: devicesFor(actor, "deployments:read"), fingerprint };
  const [[row], deployments] = await deps
    .db(tenant)
    .batch([failureGroups(seen, { page: 1, perPage: 1 }), failedDeployments(seen, MAX_DEPLOYMENTS)]);
  if (!row) throw new Fault("not_found", "Resource not found");
  const told = deployments.map(({ last_ms, ...one }) => ({ ...one, last: rfc3339(last_ms) }));
  return { ...shown(row), in: told };
}
